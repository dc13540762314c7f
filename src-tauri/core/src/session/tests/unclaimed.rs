//! Tokens whose owner isn't known yet: asked for, finished, dropped; and accounts whose team isn't.

use super::super::RenewalReason;
use super::*;
use crate::account::{AccountStatus, SignInAgainReason, TeamKey};
use crate::fixtures::{DAY, connected, hill_valley, lorraine};
use crate::registration::Provenance;
use crate::token::Transient;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const UNWELL: ApiError = ApiError::Transient(Transient::ServerError);

/// Signs in as far as the tokens; Amiqus doesn't tell whose they are.
fn fail(bench: &mut Bench, pair: &str, failure: ApiError) -> Step {
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    let pair = tokens(pair, bench.now);
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(pair)));
    bench.identified(&step, Err(failure))
}

fn unfinished() -> Bench {
    let mut bench = Bench::set_up();
    fail(&mut bench, "2", UNWELL);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().unfinished);
    bench
}

/// Opened with a pair so old, whose owner an earlier run didn't learn.
fn left_behind(age: SignedDuration) -> (Bench, Step) {
    Bench::opened(Records {
        registration: Some(registration()),
        unclaimed: Some(tokens("2", now() - age)),
        ..Records::default()
    })
}

fn unclaimed(bench: &Bench) -> bool {
    bench.record(RecordName::Unclaimed).is_some()
}

fn opens_browser(step: &Step) -> bool {
    effects(step).contains(&"open the browser".to_owned())
}

fn of_unknown_team(number: u32) -> AccountKey {
    AccountKey {
        user: bob().user.id,
        team: TeamKey::Unknown(number),
    }
}

/// Bob, whose team could not be asked for.
fn without_team() -> Identity {
    Identity {
        team: None,
        role: None,
        ..bob()
    }
}

/// Bob in his other team.
fn elsewhere() -> Identity {
    Identity {
        team: Some(hill_valley()),
        ..bob()
    }
}

#[test]
fn failure_of_me_that_passes_is_asked_again_by_one_press() {
    for transient in [
        Transient::Offline,
        Transient::ProxyNeedsPassword,
        Transient::CertificateNotTrusted,
        Transient::CaptivePortal,
        Transient::ServerError,
        Transient::Busy(None),
        Transient::Busy(Some(MINUTE)),
    ] {
        let mut bench = Bench::set_up();
        let failure = ApiError::Transient(transient);
        let step = fail(&mut bench, "2", failure);
        assert_eq!(changed(&step), [""; 0], "{transient:?}");
        assert_eq!(bench.problem(), Some(Code::from(transient)));
        let step = bench.press();
        assert_eq!(effects(&step), ["identify hush-access-2"], "{transient:?}");
        assert_eq!(bench.screen(), Screen::ExchangingCode);
        assert!(!bench.state().unfinished);
        bench.identified(&step, Err(failure));
        assert!(opens_browser(&bench.press()), "{transient:?}");
        // The browser may lead nowhere: what is here can still be finished.
        assert!(unclaimed(&bench), "{transient:?}");
    }
}

#[test]
fn failure_of_me_that_lasts_leaves_the_next_press_to_the_browser() {
    for (failure, is_kept) in [
        (ApiError::Unauthenticated, false),
        (ApiError::Transient(Transient::NotPermitted), false),
        (ApiError::Transient(Transient::UnexpectedResponse), true),
    ] {
        let mut bench = Bench::set_up();
        fail(&mut bench, "2", failure);
        assert_eq!(unclaimed(&bench), is_kept, "{failure:?}");
        assert_eq!(bench.state().unfinished, is_kept, "{failure:?}");
        assert!(opens_browser(&bench.press()), "{failure:?}");
    }
}

#[test]
fn press_claims_nothing_after_the_time_of_an_attempt() {
    for wait in [MINUTE * 11, DAY * 400, -DAY] {
        let mut bench = unfinished();
        bench.wait(wait);
        assert!(opens_browser(&bench.press()), "{wait}");
    }
}

#[test]
fn press_within_the_time_of_an_attempt_claims_without_the_browser() {
    let mut bench = unfinished();
    bench.wait(MINUTE * 9);
    let step = bench.press();
    let step = bench.identified(&step, Ok(bob()));
    assert_eq!(effects(&step), ["bring to front", "plan the renewal"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
    assert!(!unclaimed(&bench));
}

#[test]
fn finish_asks_as_often_as_a_person_wants() {
    let mut bench = unfinished();
    for _ in 0..3 {
        bench.wait(DAY);
        let step = bench.step(Event::FinishRequested);
        assert_eq!(effects(&step), ["identify hush-access-2"]);
        assert_eq!(bench.problem(), None);
        assert_eq!(bench.screen(), Screen::ExchangingCode);
        // A second press meanwhile is the same wish.
        assert_nothing_happened(&bench.step(Event::FinishRequested));
        bench.identified(&step, Err(UNWELL));
        assert_eq!(bench.problem(), Some(Code::ServerError));
    }
    let step = bench.step(Event::FinishRequested);
    bench.identified(&step, Ok(bob()));
    assert_eq!(bench.screen(), Screen::SignedIn);
    let step = bench.step(Event::FinishRequested);
    assert_eq!(step.outcome, refused(Code::NotSignedIn));
}

#[test]
fn forget_drops_the_pair_and_what_was_said_of_it() {
    let mut bench = unfinished();
    let step = bench.step(Event::ForgetRequested);
    assert_eq!(changed(&step), ["unclaimed"]);
    assert_eq!(bench.problem(), None);
    assert!(!bench.state().unfinished);
    assert_nothing_happened(&bench.step(Event::ForgetRequested));
}

#[test]
fn sign_out_drops_the_pair_whether_or_not_it_is_asked_about() {
    for asked in [
        None,
        Some(Event::EnvironmentChanged),
        Some(Event::FinishRequested),
    ] {
        let name = format!("{asked:?}");
        let mut bench = Bench::with_bob();
        fail(&mut bench, "2", UNWELL);
        let asking = asked.map(|event| bench.step(event));
        let step = bench.step(Event::SignOutRequested(bob().key()));
        assert!(step.changed.contains(&RecordName::Unclaimed), "{name}");
        assert_eq!(bench.screen(), Screen::SignedOut { just_now: true });
        if let Some(asking) = asking {
            let late = bench.identified(&asking, Ok(lorraine()));
            assert_nothing_happened(&late);
        }
        assert_eq!(bench.state().accounts, []);
        assert!(opens_browser(&bench.press()), "{name}");
    }
}

#[test]
fn new_pair_replaces_the_unfinished_one() {
    let mut bench = unfinished();
    let asking = bench.step(Event::EnvironmentChanged);
    bench.wait(MINUTE * 20);
    bench.sign_in(lorraine(), "3");
    assert!(!unclaimed(&bench));
    assert_nothing_happened(&bench.identified(&asking, Ok(bob())));
    assert_eq!(bench.state().accounts.len(), 1);
}

#[test]
fn late_answer_about_dropped_tokens_claims_no_new_ones() {
    let (mut bench, asked) = left_behind(MINUTE);
    let mut draft = crate::fixtures::draft();
    draft.client_id = "another".to_owned();
    let other = draft.validate(Provenance::ByHand).unwrap();
    let step = bench.step(Event::RegistrationEntered(Box::new(other)));
    assert!(step.changed.contains(&RecordName::Unclaimed));
    fail(&mut bench, "new", UNWELL);
    bench.step(Event::EnvironmentChanged);
    // Old tokens and new ones are both asked about with nobody having said so.
    assert_nothing_happened(&bench.identified(&asked, Ok(bob())));
    assert_eq!(bench.state().accounts, []);
    assert!(unclaimed(&bench));
}

#[test]
fn background_retry_changes_no_screen_and_raises_nothing() {
    for (result, is_kept) in [
        (Ok(bob()), false),
        (Err(UNWELL), true),
        (Err(ApiError::Unauthenticated), true),
        (Err(ApiError::Transient(Transient::NotPermitted)), true),
        (
            Err(ApiError::Transient(Transient::UnexpectedResponse)),
            true,
        ),
    ] {
        let mut bench = unfinished();
        bench.step(Event::SetupChangeRequested);
        let step = bench.step(Event::EnvironmentChanged);
        assert_eq!(effects(&step), ["identify hush-access-2"]);
        assert_eq!(bench.screen(), Screen::NeedsSetup);
        // However many changes a network brings, it is one question.
        assert_nothing_happened(&bench.step(Event::EnvironmentChanged));
        let step = bench.identified(&step, result);
        assert!(!effects(&step).contains(&"bring to front".to_owned()));
        assert_eq!(bench.screen(), Screen::NeedsSetup);
        assert_eq!(bench.problem(), None);
        assert_eq!(unclaimed(&bench), is_kept);
    }
}

#[test]
fn refusal_that_nobody_asked_for_drops_nothing_until_a_person_hears_it() {
    for failure in [
        ApiError::Unauthenticated,
        ApiError::Transient(Transient::NotPermitted),
    ] {
        let mut bench = unfinished();
        let step = bench.step(Event::EnvironmentChanged);
        bench.identified(&step, Err(failure));
        assert!(bench.state().unfinished, "{failure:?}");
        let step = bench.step(Event::FinishRequested);
        let step = bench.identified(&step, Err(failure));
        assert_eq!(changed(&step), ["unclaimed"]);
        assert!(!bench.state().unfinished, "{failure:?}");
        assert!(bench.problem().is_some(), "{failure:?}");
        // A press that comes in place of that opens the browser at once.
        let mut bench = unfinished();
        let step = bench.step(Event::EnvironmentChanged);
        bench.identified(&step, Err(failure));
        assert!(opens_browser(&bench.press()), "{failure:?}");
    }
}

#[test]
fn cancel_leaves_off_waiting_and_the_next_question_is_a_new_one() {
    let mut bench = unfinished();
    let step = bench.step(Event::FinishRequested);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
    assert_nothing_happened(&bench.step(Event::Cancelled));
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().unfinished);
    let next = bench.step(Event::FinishRequested);
    assert_eq!(effects(&next), ["identify hush-access-2"]);
    for late in [Err(UNWELL), Ok(bob())] {
        assert_nothing_happened(&bench.identified(&step, late));
        assert_eq!(bench.screen(), Screen::ExchangingCode);
    }
    bench.identified(&next, Ok(bob()));
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn background_retry_leaves_a_pending_attempt_alone() {
    let mut bench = unfinished();
    bench.wait(MINUTE * 11);
    let asking = bench.step(Event::EnvironmentChanged);
    let (pending, _) = bench.begin();
    bench.identified(&asking, Ok(bob()));
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    let step = bench.link(&pending.granted());
    assert_eq!(effects(&step), ["bring to front", "exchange hush-code"]);
}

#[test]
fn person_takes_over_a_question_that_is_on_its_way() {
    let mut bench = unfinished();
    let asking = bench.step(Event::EnvironmentChanged);
    assert_nothing_happened(&bench.step(Event::FinishRequested));
    assert_eq!(bench.screen(), Screen::ExchangingCode);
    let step = bench.identified(&asking, Ok(bob()));
    assert_eq!(effects(&step), ["bring to front", "plan the renewal"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn background_retry_switches_no_account() {
    let mut bench = Bench::with_bob();
    fail(&mut bench, "2", UNWELL);
    let step = bench.step(Event::EnvironmentChanged);
    bench.identified(&step, Ok(lorraine()));
    assert_eq!(bench.state().accounts.len(), 2);
    assert_eq!(bench.state().current, Some(bob().key().to_string()));
}

#[test]
fn start_goes_on_with_a_recent_pair_and_raises_nothing() {
    let (mut bench, step) = left_behind(MINUTE * 30);
    assert_eq!(effects(&step), ["identify hush-access-2"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
    let step = bench.identified(&step, Ok(bob()));
    assert_eq!(effects(&step), ["plan the renewal"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn start_asks_nothing_about_an_old_pair_and_shows_it() {
    let (mut bench, step) = left_behind(DAY * 2);
    assert_nothing_happened(&step);
    assert_nothing_happened(&bench.step(Event::EnvironmentChanged));
    assert!(bench.state().unfinished);
    assert!(opens_browser(&bench.press()));
}

#[test]
fn pair_without_a_registration_is_not_waited_for() {
    let (bench, step) = Bench::opened(Records {
        unclaimed: Some(tokens("2", now())),
        ..Records::default()
    });
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
}

#[test]
fn attempt_beside_an_unfinished_sign_in_outlives_a_restart() {
    let entropy = Counting::default();
    let (bench, step) = Bench::opened(Records {
        registration: Some(registration()),
        attempt: Some(crate::fixtures::attempt(&entropy)),
        unclaimed: Some(tokens("1", now())),
        ..Records::default()
    });
    assert_eq!(changed(&step), [""; 0]);
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
    assert!(effects(&step).contains(&"identify hush-access-1".to_owned()));
}

/// Shows check 36.
#[test]
fn two_unknown_teams_of_one_person_are_two_accounts() {
    let mut bench = Bench::set_up();
    bench.sign_in(without_team(), "1");
    let step = bench.sign_in(without_team(), "2");
    assert_eq!(bench.problem(), None);
    assert_eq!(bench.state().accounts.len(), 2);
    assert!(
        step.changed
            .contains(&RecordName::Account(of_unknown_team(1)))
    );
    for (number, pair) in [(0, "hush-refresh-1"), (1, "hush-refresh-2")] {
        let record = bench.record(RecordName::Account(of_unknown_team(number)));
        assert!(record.unwrap().contains(pair));
    }
    // Each team that is told later moves its own account.
    for (number, identity) in [(0, bob()), (1, elsewhere())] {
        let check = bench.step(Event::CheckRequested(of_unknown_team(number)));
        let step = bench.checked(&check, Ok(identity.clone()));
        assert_eq!(check_answer(&step), Some(Ok(())));
        assert!(bench.record(RecordName::Account(identity.key())).is_some());
    }
    assert_eq!(bench.state().accounts.len(), 2);
    assert_eq!(bench.state().current, Some(elsewhere().key().to_string()));
}

#[test]
fn unknown_team_that_is_still_unknown_keeps_its_key() {
    let mut bench = Bench::set_up();
    bench.sign_in(without_team(), "1");
    bench.sign_in(without_team(), "2");
    let check = bench.step(Event::CheckRequested(of_unknown_team(1)));
    bench.checked(&check, Ok(without_team()));
    assert_eq!(bench.state().accounts.len(), 2);
}

/// Shows check 36.
#[test]
fn unknown_team_that_turns_out_to_be_here_keeps_the_newer_pair() {
    for unknown_is_newer in [true, false] {
        let mut bench = Bench::set_up();
        let (first, second) = if unknown_is_newer {
            (bob(), without_team())
        } else {
            (without_team(), bob())
        };
        bench.sign_in(first, "1");
        bench.wait(MINUTE);
        bench.sign_in(second, "2");
        assert_eq!(bench.state().accounts.len(), 2);
        let check = bench.step(Event::CheckRequested(of_unknown_team(0)));
        let other = bench.step(Event::CheckRequested(bob().key()));
        let step = bench.checked(&check, Ok(bob()));
        assert_eq!(check_answer(&step), Some(Ok(())));
        assert_eq!(bench.state().accounts.len(), 1);
        let record = bench.record(RecordName::Account(bob().key())).unwrap();
        assert!(record.contains("hush-refresh-2"), "{unknown_is_newer}");
        assert_eq!(bench.state().current, Some(bob().key().to_string()));
        // Who asked about the one that was here before is told as well.
        let step = bench.checked(&other, Ok(bob()));
        assert_eq!(check_answer(&step), Some(Ok(())));
    }
}

#[test]
fn unknown_team_replaces_an_account_of_that_team_that_has_no_pair() {
    let mut dead = connected(bob(), tokens("0", now()));
    dead.status = AccountStatus::SignInAgain(SignInAgainReason::AccessRemoved);
    let (mut bench, _) = Bench::with(vec![dead]);
    bench.sign_in(without_team(), "1");
    let check = bench.step(Event::CheckRequested(of_unknown_team(0)));
    bench.checked(&check, Ok(bob()));
    assert_eq!(bench.state().accounts.len(), 1);
    assert_eq!(bench.status(bob().key()), AccountStatusView::Connected);
}

#[test]
fn account_of_an_unknown_team_that_has_no_pair_is_signed_in_again() {
    let mut bench = Bench::set_up();
    bench.sign_in(without_team(), "1");
    let key = of_unknown_team(0);
    let step = bench.step(Event::RenewalRequested(key, RenewalReason::Due));
    let step = bench.refreshed(&step, Err(TokenError::InvalidGrant { expired: false }));
    bench.read_again(&step, None);
    bench.sign_in(without_team(), "2");
    assert_eq!(bench.state().accounts.len(), 1);
    assert_eq!(bench.status(key), AccountStatusView::Connected);
}

#[test]
fn unknown_teams_are_asked_for_at_the_start_and_when_a_network_comes() {
    let mut other = connected(without_team(), tokens("2", now()));
    other.identity.team = None;
    let (mut bench, step) = Bench::with(vec![connected(lorraine(), tokens("1", now())), other]);
    let asked = |step: &Step| {
        effects(step)
            .into_iter()
            .filter(|effect| effect.starts_with("check"))
            .collect::<Vec<_>>()
    };
    assert_eq!(asked(&step), ["check hush-access-2", "check hush-access-1"]);
    let of = |step: &Step, wanted: AccountKey| {
        step.effects.iter().find_map(|effect| match effect {
            Effect::Check(key, generation, _) if *key == wanted => Some(*generation),
            _ => None,
        })
    };
    let generation = of(&step, of_unknown_team(0)).unwrap();
    bench.step(Event::Checked(of_unknown_team(0), generation, Err(UNWELL)));
    let step = bench.step(Event::EnvironmentChanged);
    assert_eq!(asked(&step), ["check hush-access-2"]);
}
