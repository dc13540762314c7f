//! Other programs that request access, on the running session.

use std::time::Duration;

use amiqus_core::program::{
    Access, AccessAnswer, AccessError, AccessGranted, AccessPrompt, AccessRequest, GrantId,
    HandOutError, Program, ProgramsPolicy, ProgramsState,
};
use amiqus_core::session::ProgramEvent;
use amiqus_core::vault::RecordName;

use crate::app::*;

fn request(number: u8, access: Access) -> AccessRequest {
    AccessRequest {
        id: GrantId::from_random_bytes([number; 16]),
        program: Program::new("curl", "/usr/bin/curl", "sha256:1".to_owned(), None, false),
        account: key(BOB, FUSION),
        access,
    }
}

impl App {
    async fn allow_programs(&self) {
        let policy = ProgramEvent::PolicyChanged(ProgramsPolicy::All);
        self.session.report_program_event(policy).await.unwrap();
        let asking = ProgramEvent::AskingChanged(true);
        self.session.report_program_event(asking).await.unwrap();
    }

    async fn answer_prompt(&self, answer: AccessAnswer) {
        let prompt = self.prompt().await;
        let event = ProgramEvent::Answered(prompt.request.id, answer);
        self.session.report_program_event(event).await.unwrap();
    }

    async fn prompt(&self) -> AccessPrompt {
        let state = self.programs_until(|state| state.prompt.is_some()).await;
        state.prompt.unwrap()
    }

    async fn programs_until(&self, like: impl Fn(&ProgramsState) -> bool) -> ProgramsState {
        let mut programs = self.session.programs();
        let found = tokio::time::timeout(TEST_TIMEOUT, programs.wait_for(like)).await;
        found.expect("never came").unwrap().clone()
    }
}

#[tokio::test]
async fn program_waits_for_the_answer_and_its_grant_outlives_the_run() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.allow_programs().await;
    let session = app.session.clone();
    let waiting =
        tokio::spawn(async move { session.request_access(request(1, Access::Read)).await });
    app.answer_prompt(AccessAnswer::AllowForTwelveHours).await;
    let id = request(1, Access::Read).id;
    assert_eq!(waiting.await.unwrap(), Ok(AccessGranted::Grant(id)));
    // Durable before anybody was told.
    assert!(computer.store.has(RecordName::Grant(id)));

    drop(app);
    let app = computer.start().await;
    app.allow_programs().await;
    let granted = app.session.request_access(request(2, Access::Read)).await;
    assert_eq!(granted, Ok(AccessGranted::Grant(id)));
    let stop = ProgramEvent::Stopped(id);
    app.session.report_program_event(stop).await.unwrap();
    assert!(!computer.store.has(RecordName::Grant(id)));
    assert!(app.session.programs().borrow().grants.is_empty());
}

#[tokio::test]
async fn program_that_goes_withdraws_its_question() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.allow_programs().await;
    let patience = Duration::from_millis(200);
    let waiting = app.session.request_access(request(1, Access::Read));
    assert!(tokio::time::timeout(patience, waiting).await.is_err());
    app.programs_until(|state| state.prompt.is_none()).await;
    // No refusal is left of it.
    let session = app.session.clone();
    let waiting =
        tokio::spawn(async move { session.request_access(request(2, Access::Read)).await });
    app.answer_prompt(AccessAnswer::AllowOnce).await;
    assert_eq!(waiting.await.unwrap(), Ok(AccessGranted::Once));
}

#[tokio::test]
async fn token_that_was_handed_out_is_dead_soon_after_a_stop() {
    let (computer, old) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    app.allow_programs().await;
    let session = app.session.clone();
    let waiting =
        tokio::spawn(async move { session.request_access(request(1, Access::Token)).await });
    app.answer_prompt(AccessAnswer::AllowForTwelveHours).await;
    waiting.await.unwrap().unwrap();
    let id = request(1, Access::Token).id;
    let handed_out = app.session.hand_out_token(id).await.unwrap();
    assert_eq!(handed_out.access.expose(), old.access.expose());
    let stop = ProgramEvent::Stopped(id);
    app.session.report_program_event(stop).await.unwrap();
    let refused = app.session.hand_out_token(id).await.unwrap_err();
    assert_eq!(refused, HandOutError::NoGrant);
    let token = app.session.token_of(key(BOB, FUSION)).await.unwrap();
    assert_ne!(token.access.expose(), old.access.expose());
    assert!(!computer.amiqus.is_access_token_live(old.access.expose()));
    assert!(!computer.store.has(RecordName::Grant(id)));
}

#[tokio::test]
async fn stopped_session_refuses_programs() {
    let (computer, _) = Computer::with_bob().await;
    let app = computer.start().await;
    app.checked(&computer.clock).await;
    assert!(app.session.stop_if_quiescent().await);
    let refused = app.session.request_access(request(1, Access::Read)).await;
    assert_eq!(refused, Err(AccessError::Ending));
}
