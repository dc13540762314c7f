//! Other programs that use the connection: questions, grants, and their ends.

use super::*;
use crate::fixtures::{DAY, connected, lorraine};
use crate::program::{
    Access, AccessAnswer, AccessError, AccessGranted, AccessRequest, GrantId, HandOutError,
    Program, ProgramsPolicy,
};
use crate::session::ProgramEvent;

const TWELVE_HOURS: SignedDuration = SignedDuration::from_hours(12);

fn excel() -> Program {
    Program::new(
        "Excel sync",
        "/usr/bin/excel-sync",
        "sha256:1".to_owned(),
        Some("Files"),
        false,
    )
}

fn shell() -> Program {
    Program::new("bash", "/usr/bin/bash", "sha256:2".to_owned(), None, true)
}

/// The numbered request.
fn request(number: u8, program: Program, access: Access) -> AccessRequest {
    AccessRequest {
        id: GrantId::from_random_bytes([number; 16]),
        program,
        account: bob().key(),
        access,
    }
}

fn id(number: u8) -> GrantId {
    GrantId::from_random_bytes([number; 16])
}

impl Bench {
    /// Bob is signed in, and programs are allowed everything.
    fn with_programs() -> Self {
        let mut bench = Self::with_bob();
        bench.allow_programs();
        bench
    }

    fn allow_programs(&mut self) {
        self.program(ProgramEvent::PolicyChanged(ProgramsPolicy::All));
        self.program(ProgramEvent::AskingChanged(true));
    }

    fn program(&mut self, event: ProgramEvent) -> Step {
        self.step(Event::Program(event))
    }

    fn ask(&mut self, number: u8, program: Program, access: Access) -> Step {
        let request = request(number, program, access);
        self.program(ProgramEvent::Requested(Box::new(request)))
    }

    fn reply(&mut self, number: u8, answer: AccessAnswer) -> Step {
        self.program(ProgramEvent::Answered(id(number), answer))
    }

    fn may_hand_out(&self, number: u8) -> Result<(), HandOutError> {
        let generation = self.generation(bob().key());
        self.session.may_hand_out(id(number), generation, self.now)
    }

    fn asked(&self) -> Option<GrantId> {
        let prompt = self.session.programs_state(self.now).prompt;
        prompt.map(|prompt| prompt.request.id)
    }

    /// The grants after a restart.
    fn reopened(&self) -> (Self, Step) {
        let mut stored = Vec::new();
        let mut names = vec![
            RecordName::Registration,
            RecordName::Current,
            RecordName::Account(bob().key()),
        ];
        names.extend((0..=9).map(|number| RecordName::Grant(id(number))));
        for name in names {
            if let Some(bytes) = self.session.record(name) {
                stored.push((name.to_string(), bytes));
            }
        }
        let mut bench = Self {
            session: Session::default(),
            now: self.now,
            entropy: Counting::default(),
        };
        bench.allow_programs();
        let step = bench.open(Records::read(&stored).unwrap());
        (bench, step)
    }
}

fn answers(step: &Step) -> Vec<(GrantId, Result<AccessGranted, AccessError>)> {
    step.access_answers.clone()
}

fn granted(number: u8) -> AccessGranted {
    AccessGranted::Grant(id(number))
}

#[test]
fn nothing_is_granted_without_an_answer() {
    let mut bench = Bench::with_programs();
    let step = bench.ask(1, excel(), Access::Read);
    assert!(answers(&step).is_empty());
    assert!(effects(&step).contains(&"bring to front".to_owned()));
    assert_eq!(bench.asked(), Some(id(1)));
    bench.advance(MINUTE);
    let step = bench.program(ProgramEvent::TimePassed);
    assert_eq!(answers(&step), [(id(1), Err(AccessError::NotAnswered))]);
    assert_eq!(bench.asked(), None);
    // It counts as a refusal, so that the window doesn't come up all night.
    let step = bench.ask(2, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(2), Err(AccessError::Refused))]);
    assert_eq!(bench.session.programs_state(bench.now).grants.len(), 0);
}

#[test]
fn program_is_refused_while_programs_are_off() {
    let mut bench = Bench::with_bob();
    let step = bench.ask(1, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(1), Err(AccessError::Off))]);
    bench.program(ProgramEvent::AskingChanged(true));
    bench.program(ProgramEvent::PolicyChanged(ProgramsPolicy::Read));
    for (number, access) in [(2, Access::Write), (3, Access::Token)] {
        let step = bench.ask(number, excel(), access);
        assert_eq!(
            answers(&step),
            [(id(number), Err(AccessError::NotPermitted))]
        );
    }
    assert!(answers(&bench.ask(4, excel(), Access::Read)).is_empty());
    // What waits is refused with the switch.
    let step = bench.program(ProgramEvent::PolicyChanged(ProgramsPolicy::Off));
    assert_eq!(answers(&step), [(id(4), Err(AccessError::NotPermitted))]);
}

#[test]
fn policy_that_is_known_before_the_vault_is_open_holds() {
    let mut bench = Bench {
        session: Session::default(),
        now: now(),
        entropy: Counting::default(),
    };
    bench.allow_programs();
    let step = bench.ask(1, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(1), Err(AccessError::Locked))]);
    bench.open(Records {
        registration: Some(registration()),
        accounts: [(bob().key(), connected(bob(), tokens("1", now())))].into(),
        ..Records::default()
    });
    bench.ask(2, excel(), Access::Read);
    assert_eq!(bench.asked(), Some(id(2)));
}

#[test]
fn answer_allows_once_or_for_twelve_hours() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    let step = bench.reply(1, AccessAnswer::AllowOnce);
    assert_eq!(answers(&step), [(id(1), Ok(AccessGranted::Once))]);
    assert!(changed(&step).is_empty());

    bench.ask(2, excel(), Access::Read);
    let step = bench.reply(2, AccessAnswer::AllowForTwelveHours);
    assert_eq!(answers(&step), [(id(2), Ok(granted(2)))]);
    assert_eq!(changed(&step), [format!("grant/{}", id(2))]);

    let step = bench.ask(3, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(3), Ok(granted(2)))]);
    assert_eq!(step.outcome, CommandOutcome::Unchanged);
    bench.advance(TWELVE_HOURS);
    bench.ask(4, excel(), Access::Read);
    assert_eq!(bench.asked(), Some(id(4)), "the twelve hours are over");
}

#[test]
fn grant_covers_its_program_account_and_access_alone() {
    let mut bench = Bench::with(vec![
        connected(bob(), tokens("bob", now())),
        connected(lorraine(), tokens("lorraine", now())),
    ])
    .0;
    bench.allow_programs();
    bench.ask(1, excel(), Access::Write);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    bench.step(Event::SwitchRequested(lorraine().key()));
    assert_eq!(
        answers(&bench.ask(2, excel(), Access::Read)),
        [(id(2), Ok(granted(1)))],
        "writing includes reading, and the current account changes nothing"
    );
    let changed_file = Program::new(
        "Excel sync",
        "/usr/bin/excel-sync",
        "sha256:9".to_owned(),
        None,
        false,
    );
    let elsewhere = Program::new(
        "Excel sync",
        "/tmp/excel-sync",
        "sha256:1".to_owned(),
        None,
        false,
    );
    let mut of_lorraine = request(5, excel(), Access::Read);
    of_lorraine.account = lorraine().key();
    for other in [
        request(3, changed_file, Access::Read),
        request(4, elsewhere, Access::Read),
        of_lorraine,
        request(6, excel(), Access::Token),
    ] {
        let number = other.id;
        let step = bench.program(ProgramEvent::Requested(Box::new(other)));
        assert!(answers(&step).is_empty());
        assert_eq!(bench.asked(), Some(number));
        bench.program(ProgramEvent::Withdrawn(number));
        assert_eq!(bench.asked(), None);
    }
}

#[test]
fn endless_grant_is_for_reading_and_for_no_interpreter() {
    let mut bench = Bench::with_programs();
    for (number, program, access) in [
        (1, excel(), Access::Write),
        (2, excel(), Access::Token),
        (3, shell(), Access::Read),
    ] {
        bench.ask(number, program, access);
        let step = bench.reply(number, AccessAnswer::AllowAlways);
        assert!(answers(&step).is_empty(), "{number}");
        assert_eq!(bench.asked(), Some(id(number)));
        bench.program(ProgramEvent::Withdrawn(id(number)));
    }
    bench.ask(4, excel(), Access::Read);
    let step = bench.reply(4, AccessAnswer::AllowAlways);
    assert_eq!(answers(&step), [(id(4), Ok(granted(4)))]);
    for _ in 0..3 {
        bench.advance(DAY * 29);
        bench.program(ProgramEvent::Used(id(4)));
        assert_eq!(bench.session.programs_state(bench.now).grants.len(), 1);
    }
    bench.advance(DAY * 30);
    let step = bench.program(ProgramEvent::TimePassed);
    assert_eq!(changed(&step), [format!("grant/{}", id(4))]);
    assert_eq!(bench.session.programs_state(bench.now).grants.len(), 0);
}

#[test]
fn questions_come_one_at_a_time_and_three_wait() {
    let mut bench = Bench::with_programs();
    let program = |number: u8| {
        Program::new(
            "Tool",
            &format!("/usr/bin/tool-{number}"),
            "sha256:3".to_owned(),
            None,
            false,
        )
    };
    for number in 1..=4 {
        assert!(answers(&bench.ask(number, program(number), Access::Read)).is_empty());
    }
    let step = bench.ask(5, program(5), Access::Read);
    assert_eq!(answers(&step), [(id(5), Err(AccessError::TooManyPrompts))]);
    // The same program's further requests wait for the same answer.
    assert!(answers(&bench.ask(6, program(2), Access::Read)).is_empty());
    assert_eq!(bench.asked(), Some(id(1)));

    // A click on the last question's button is none for the next.
    bench.reply(1, AccessAnswer::DontAllow);
    assert_eq!(bench.asked(), Some(id(2)));
    let step = bench.reply(1, AccessAnswer::AllowForTwelveHours);
    assert!(answers(&step).is_empty());
    let step = bench.reply(2, AccessAnswer::AllowOnce);
    let once = Ok(AccessGranted::Once);
    assert_eq!(answers(&step), [(id(2), once), (id(6), once)]);

    bench.program(ProgramEvent::Withdrawn(id(3)));
    assert_eq!(bench.asked(), Some(id(4)));
    // Each question has its full minute.
    bench.advance(MINUTE - SignedDuration::from_secs(1));
    assert!(answers(&bench.program(ProgramEvent::TimePassed)).is_empty());
}

#[test]
fn refusal_holds_for_ten_minutes() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    let step = bench.reply(1, AccessAnswer::DontAllow);
    assert_eq!(answers(&step), [(id(1), Err(AccessError::Refused))]);
    assert!(!bench.session.is_quiescent(), "it would be forgotten");
    bench.advance(MINUTE * 9);
    let step = bench.ask(2, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(2), Err(AccessError::Refused))]);
    // Another access is another question.
    bench.ask(3, excel(), Access::Write);
    assert_eq!(bench.asked(), Some(id(3)));
    bench.program(ProgramEvent::Withdrawn(id(3)));
    bench.advance(MINUTE);
    bench.program(ProgramEvent::TimePassed);
    assert!(bench.session.is_quiescent());
    bench.ask(4, excel(), Access::Read);
    assert_eq!(bench.asked(), Some(id(4)));
}

#[test]
fn nothing_is_asked_while_nobody_can_answer() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    let step = bench.program(ProgramEvent::AskingChanged(false));
    assert_eq!(answers(&step), [(id(1), Err(AccessError::CannotAsk))]);
    let step = bench.ask(2, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(2), Err(AccessError::CannotAsk))]);
    assert!(!effects(&step).contains(&"bring to front".to_owned()));
    bench.program(ProgramEvent::AskingChanged(true));
    bench.ask(3, excel(), Access::Read);
    assert_eq!(bench.asked(), Some(id(3)));
    // Until the shell says that somebody can.
    let mut bench = Bench::with_bob();
    bench.program(ProgramEvent::PolicyChanged(ProgramsPolicy::All));
    let step = bench.ask(4, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(4), Err(AccessError::CannotAsk))]);
}

#[test]
fn next_question_is_asked_whatever_ended_the_one_before() {
    let mut bench = Bench::with(vec![
        connected(bob(), tokens("bob", now())),
        connected(lorraine(), tokens("lorraine", now())),
    ])
    .0;
    bench.allow_programs();
    bench.ask(1, excel(), Access::Read);
    let mut of_lorraine = request(2, excel(), Access::Read);
    of_lorraine.account = lorraine().key();
    bench.program(ProgramEvent::Requested(Box::new(of_lorraine)));
    let step = bench.step(Event::SignOutRequested(bob().key()));
    assert_eq!(answers(&step), [(id(1), Err(AccessError::NotSignedIn))]);
    assert_eq!(bench.asked(), Some(id(2)));
    assert!(effects(&step).contains(&"bring to front".to_owned()));
}

#[test]
fn grants_end_with_the_sign_in_and_with_the_set_up() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    bench.ask(2, excel(), Access::Write);
    let step = bench.step(Event::SignOutRequested(bob().key()));
    assert!(changed(&step).contains(&format!("grant/{}", id(1))));
    assert_eq!(answers(&step), [(id(2), Err(AccessError::NotSignedIn))]);
    assert_eq!(bench.session.programs_state(bench.now).grants.len(), 0);

    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    let other = changed_draft(|draft| draft.client_id = "another".to_owned());
    let step = bench.step(Event::RegistrationEntered(other));
    assert!(changed(&step).contains(&format!("grant/{}", id(1))));
    let step = bench.ask(2, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(2), Err(AccessError::NotSignedIn))]);
}

#[test]
fn grants_outlive_a_restart_unless_they_were_stopped() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    bench.reply(1, AccessAnswer::AllowAlways);
    bench.ask(2, shell(), Access::Write);
    bench.reply(2, AccessAnswer::AllowForTwelveHours);
    bench.program(ProgramEvent::Used(id(2)));
    let (reopened, _) = bench.reopened();
    let grants = |bench: &Bench| -> Vec<_> {
        let state = bench.session.programs_state(bench.now);
        state.grants.into_iter().collect()
    };
    assert_eq!(grants(&reopened), grants(&bench));
    assert_eq!(grants(&bench).len(), 2);

    bench.program(ProgramEvent::Stopped(id(2)));
    let (mut reopened, _) = bench.reopened();
    assert_eq!(grants(&reopened).len(), 1);
    let step = reopened.program(ProgramEvent::AllStopped);
    assert_eq!(changed(&step), [format!("grant/{}", id(1))]);
    assert!(grants(&reopened.reopened().0).is_empty());
}

#[test]
fn stop_renews_the_account_whose_token_was_handed_out() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Token);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    bench.ask(2, excel(), Access::Read);
    // Known before the token leaves the app.
    bench.may_hand_out(1).unwrap();
    let step = bench.program(ProgramEvent::TokenHandedOut(id(1)));
    assert_eq!(changed(&step), [format!("grant/{}", id(1))]);

    let step = bench.program(ProgramEvent::Stopped(id(1)));
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
    assert_eq!(bench.session.programs_state(bench.now).grants.len(), 0);
    assert!(answers(&bench.ask(3, excel(), Access::Token)).is_empty());
    bench.program(ProgramEvent::Withdrawn(id(3)));

    // An app that is killed now goes on with that, also where the refresh was never processed.
    let (mut killed, resumed) = bench.reopened();
    assert_eq!(killed.session.programs_state(killed.now).grants.len(), 0);
    let resumed = killed.probed(&resumed, Ok(()));
    assert!(
        planned(&resumed, killed.now) <= MINUTE * 15,
        "not in eleven months"
    );

    let step = bench.refreshed(&step, Ok(tokens("2", now())));
    assert!(changed(&step).contains(&format!("grant/{}", id(1))));
    assert!(bench.record(RecordName::Grant(id(1))).is_none());
}

#[test]
fn stop_without_network_renews_later() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Token);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    bench.program(ProgramEvent::TokenHandedOut(id(1)));
    let step = bench.program(ProgramEvent::Stopped(id(1)));
    let unsent = TokenError::NotProcessed(Transient::Offline);
    let step = bench.refreshed(&step, Err(unsent));
    assert!(effects(&step).contains(&"plan the renewal".to_owned()));
    assert!(bench.record(RecordName::Grant(id(1))).is_some());
    // After a restart as well.
    let (_, resumed) = bench.reopened();
    assert!(effects(&resumed).contains(&"refresh hush-refresh-1".to_owned()));
}

#[test]
fn token_that_was_handed_out_ends_with_the_grants_time() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Token);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    bench.program(ProgramEvent::TokenHandedOut(id(1)));
    bench.advance(TWELVE_HOURS);
    let step = bench.program(ProgramEvent::TimePassed);
    assert_eq!(effects(&step), ["refresh hush-refresh-1"]);
}

#[test]
fn use_is_stored_once_an_hour() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    let grant = [format!("grant/{}", id(1))];
    assert_eq!(changed(&bench.program(ProgramEvent::Used(id(1)))), grant);
    bench.advance(MINUTE * 59);
    let step = bench.program(ProgramEvent::Used(id(1)));
    assert_eq!(step.outcome, CommandOutcome::Unchanged);
    bench.advance(MINUTE);
    assert_eq!(changed(&bench.program(ProgramEvent::Used(id(1)))), grant);
}

#[test]
fn stop_while_an_earlier_refresh_is_in_doubt_renews_soon() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Token);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    bench.program(ProgramEvent::TokenHandedOut(id(1)));
    let asked = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    let lost = TokenError::PerhapsProcessed(Transient::Offline);
    let probing = bench.refreshed(&asked, Err(lost));
    bench.program(ProgramEvent::Stopped(id(1)));
    let step = bench.probed(&probing, Ok(()));
    assert!(planned(&step, bench.now) <= MINUTE * 15);
}

#[test]
fn token_is_handed_out_for_a_live_grant_and_the_current_token_alone() {
    let mut bench = Bench::with_programs();
    assert_eq!(bench.may_hand_out(1), Err(HandOutError::NoGrant));
    bench.ask(1, excel(), Access::Write);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    assert_eq!(bench.may_hand_out(1), Err(HandOutError::NoGrant));
    bench.ask(2, excel(), Access::Token);
    let step = bench.reply(2, AccessAnswer::AllowOnce);
    assert!(answers(&step).is_empty(), "a token can't be had once");
    bench.reply(2, AccessAnswer::AllowForTwelveHours);
    assert_eq!(bench.may_hand_out(2), Ok(()));

    let old = bench.generation(bob().key());
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Asked));
    let renewed = |bench: &Bench| bench.session.may_hand_out(id(2), old, bench.now);
    assert_eq!(renewed(&bench), Err(HandOutError::Renewed));
    bench.refreshed(&step, Ok(tokens("2", now())));
    assert_eq!(renewed(&bench), Err(HandOutError::Renewed));
    assert_eq!(bench.may_hand_out(2), Ok(()));
    bench.program(ProgramEvent::PolicyChanged(ProgramsPolicy::Read));
    assert_eq!(bench.may_hand_out(2), Err(HandOutError::NoGrant));
    bench.allow_programs();
    bench.program(ProgramEvent::Stopped(id(2)));
    assert_eq!(bench.may_hand_out(2), Err(HandOutError::NoGrant));
}

#[test]
fn hand_out_that_was_not_saved_is_saved_the_next_time() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Token);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    let step = bench.program(ProgramEvent::TokenHandedOut(id(1)));
    let step = bench.not_saved(step);
    assert_eq!(step.outcome, refused(Code::CannotSave));
    let grant = [format!("grant/{}", id(1))];
    let step = bench.program(ProgramEvent::TokenHandedOut(id(1)));
    assert_eq!(changed(&step), grant);
    bench.step(Event::Saved);
    let step = bench.program(ProgramEvent::TokenHandedOut(id(1)));
    assert_eq!(step.outcome, CommandOutcome::Unchanged);
}

#[test]
fn program_that_goes_twice_while_it_is_shown_is_refused() {
    let mut bench = Bench::with_programs();
    for number in [1, 2] {
        bench.ask(number, excel(), Access::Read);
        assert_eq!(bench.asked(), Some(id(number)));
        bench.program(ProgramEvent::Withdrawn(id(number)));
    }
    let step = bench.ask(3, excel(), Access::Read);
    assert_eq!(answers(&step), [(id(3), Err(AccessError::Refused))]);
}

#[test]
fn program_that_the_system_does_not_name_is_refused() {
    let mut bench = Bench::with_programs();
    for (path, fingerprint) in [("", "sha256:1"), ("/usr/bin/tool", "")] {
        let program = Program::new("Tool", path, fingerprint.to_owned(), None, false);
        let step = bench.ask(1, program, Access::Read);
        assert_eq!(answers(&step), [(id(1), Err(AccessError::Unidentified))]);
    }
}

#[test]
fn clock_that_was_set_back_prolongs_nothing() {
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    bench.reply(1, AccessAnswer::AllowForTwelveHours);
    bench.ask(2, shell(), Access::Read);
    bench.advance(DAY * -365);
    let step = bench.program(ProgramEvent::TimePassed);
    assert_eq!(answers(&step), [(id(2), Err(AccessError::NotAnswered))]);
    assert!(bench.session.programs_state(bench.now).grants.is_empty());
    // A correction by minutes ends nothing.
    let mut bench = Bench::with_programs();
    bench.ask(1, excel(), Access::Read);
    bench.reply(1, AccessAnswer::AllowAlways);
    bench.advance(MINUTE * -10);
    bench.program(ProgramEvent::TimePassed);
    assert_eq!(bench.session.programs_state(bench.now).grants.len(), 1);
}

#[test]
fn one_timer_is_for_the_next_end() {
    let mut bench = Bench::with_programs();
    let wakes = |step: &Step| -> Vec<_> {
        let effects = step.effects.iter();
        effects
            .filter_map(|effect| match effect {
                Effect::ArmProgramTimer(at) => Some(*at),
                _ => None,
            })
            .collect()
    };
    let step = bench.ask(1, excel(), Access::Read);
    assert_eq!(wakes(&step), [now() + MINUTE]);
    let step = bench.reply(1, AccessAnswer::AllowForTwelveHours);
    assert_eq!(wakes(&step), [now() + TWELVE_HOURS]);
    // Too early, such as after the clock was set: armed again.
    let step = bench.program(ProgramEvent::TimePassed);
    assert_eq!(wakes(&step), [now() + TWELVE_HOURS]);
    let (_, step) = bench.reopened();
    assert_eq!(wakes(&step), [now() + TWELVE_HOURS]);
}
