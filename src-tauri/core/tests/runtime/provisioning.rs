//! The provisioning file, read again while the app runs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use amiqus_core::app_state::Screen;
use amiqus_core::error::Code;
use amiqus_core::registration::{Provenance, RegistrationDraft};
use amiqus_core::session::Provisioning;
use practice_amiqus::Settings;

use crate::app::*;

/// A provisioning file that the test replaces.
#[derive(Clone, Default)]
struct File {
    content: Arc<Mutex<Content>>,
    reads: Arc<AtomicU32>,
}

#[derive(Default)]
enum Content {
    #[default]
    Absent,
    Broken,
    Valid(RegistrationDraft),
    Unreadable,
}

impl File {
    fn set(&self, content: Content) {
        *self.content.lock().unwrap() = content;
    }

    fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }

    fn read(&self) -> Provisioning {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match &*self.content.lock().unwrap() {
            Content::Absent => Provisioning::Absent,
            Content::Broken => Provisioning::Wrong {
                file: "/etc/provisioning.json".to_owned(),
                code: Code::ProvisioningNotJson,
                field: None,
            },
            Content::Valid(draft) => {
                Provisioning::Valid(Box::new(draft.validate(Provenance::Provisioned).unwrap()))
            }
            Content::Unreadable => std::panic::resume_unwind(Box::new("the read aborts")),
        }
    }
}

async fn not_set_up() -> (Computer, App, File) {
    let computer = Computer::bare(Settings::default()).await;
    let file = File::default();
    let read = file.clone();
    let app = computer.launch(move || read.read());
    app.until(|state| state.screen == Screen::NeedsSetup).await;
    (computer, app, file)
}

#[tokio::test]
async fn file_that_arrives_while_the_app_runs_sets_it_up() {
    let (computer, mut app, file) = not_set_up().await;
    let before = app.session.state().await.unwrap();
    for _ in 0..3 {
        app.session.reload_setup().await.unwrap();
    }
    assert_eq!(file.reads(), 4);
    assert_eq!(app.session.state().await.unwrap(), before, "no new state");

    file.set(Content::Broken);
    app.session.reload_setup().await.unwrap();
    let broken = app.session.state().await.unwrap();
    assert_eq!(code(&broken), Some(Code::ProvisioningNotJson));
    assert!(broken.setup.managed);
    app.session.reload_setup().await.unwrap();
    assert_eq!(app.session.state().await.unwrap(), broken, "no new state");

    file.set(Content::Valid(computer.draft()));
    app.session.reload_setup().await.unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
    assert_eq!(code(&state), None);
    let reads = file.reads();
    app.session.reload_setup().await.unwrap();
    assert_eq!(file.reads(), reads, "it is set up");
    assert_eq!(app.session.state().await.unwrap(), state);
    app.sign_in(&computer, BOB, FUSION).await;
}

#[tokio::test]
async fn concurrent_reads_all_return_and_the_newest_counts() {
    let (computer, app, file) = not_set_up().await;
    let reload = || {
        let session = app.session.clone();
        tokio::spawn(async move { session.reload_setup().await })
    };
    let mut waiting: Vec<_> = (0..8).map(|_| reload()).collect();
    file.set(Content::Valid(computer.draft()));
    waiting.extend((0..8).map(|_| reload()));
    for result in waiting {
        result.await.unwrap().unwrap();
    }
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
}

#[tokio::test]
async fn read_that_aborts_is_reported_and_can_be_repeated() {
    let (computer, app, file) = not_set_up().await;
    file.set(Content::Unreadable);
    let problem = app.session.reload_setup().await.unwrap_err();
    assert_eq!(problem.code, Code::Internal);
    // The abort has poisoned the lock around the content.
    file.content.clear_poison();
    file.set(Content::Valid(computer.draft()));
    app.session.reload_setup().await.unwrap();
    let state = app.session.state().await.unwrap();
    assert_eq!(state.screen, Screen::SignedOut { just_now: false });
}

#[tokio::test]
async fn problem_is_dismissed() {
    let (_computer, app, file) = not_set_up().await;
    file.set(Content::Broken);
    app.session.reload_setup().await.unwrap();
    app.session.dismiss_problem().await.unwrap();
    assert_eq!(code(&app.session.state().await.unwrap()), None);
}
