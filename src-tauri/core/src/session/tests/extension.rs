//! *Open the browser again* shortly before an attempt's end: a fresh attempt.

use super::*;
use crate::vault::{LockReason, OpenError};

/// From when on an attempt that began now is replaced.
const EXTENDABLE: SignedDuration = SignedDuration::from_mins(9);

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn awaiting(started_at: Timestamp) -> Screen {
    Screen::AwaitingBrowser {
        started_at,
        deadline: started_at + MINUTE * 10,
        extendable_from: started_at + EXTENDABLE,
    }
}

/// The attempt whose page the step opens.
fn opened(step: &Step) -> Pending {
    let (id, url) = step
        .effects
        .iter()
        .find_map(|effect| match effect {
            Effect::OpenBrowser(id, url) | Effect::Listen(id, _, Some(url)) => Some((*id, url)),
            _ => None,
        })
        .unwrap_or_else(|| panic!("no browser was opened: {step:?}"));
    let url = url.expose().clone();
    let state = url.query_pairs().find(|(name, _)| name == "state");
    let state = state.unwrap().1.into_owned();
    Pending { id, url, state }
}

#[test]
fn attempt_is_replaced_in_its_last_minute_only() {
    for (after, is_fresh) in [
        (SignedDuration::ZERO, false),
        (EXTENDABLE - SECOND, false),
        (EXTENDABLE, true),
        (MINUTE * 10 - SECOND, true),
        // The deadline's timer is late.
        (MINUTE * 11, true),
        // The clock was set back.
        (-MINUTE, false),
    ] {
        let mut bench = Bench::set_up();
        let (old, _) = bench.begin();
        bench.advance(after);
        let step = bench.press_again();
        assert_eq!(step.outcome, CommandOutcome::Accepted, "{after}");
        let page = opened(&step);
        assert_eq!(page.id != old.id, is_fresh, "{after}");
        assert_eq!(page.url != old.url, is_fresh, "{after}");
        let started_at = if is_fresh { bench.now } else { now() };
        assert_eq!(bench.screen(), awaiting(started_at), "{after}");
    }
}

/// Shows check 4.
#[test]
fn fresh_attempt_takes_the_place_of_the_old_one() {
    let mut bench = Bench::set_up();
    let (old, _) = bench.begin();
    let before = bench.record(RecordName::Attempt);
    bench.advance(EXTENDABLE);
    let step = bench.press_again();
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(
        effects(&step),
        ["arm the deadline", "warm up TLS", "open the browser"]
    );
    let Some(Effect::ArmDeadline(id, at)) = step.effects.first() else {
        panic!("no deadline: {step:?}");
    };
    let fresh = opened(&step);
    assert_eq!((*id, *at), (fresh.id, bench.now + MINUTE * 10));
    assert_ne!(bench.record(RecordName::Attempt), before);
    assert_ne!(fresh.state, old.state);

    bench.advance(MINUTE);
    assert_nothing_happened(&bench.step(Event::DeadlinePassed(old.id)));
    for address in [old.granted(), old.denied("access_denied")] {
        let late = bench.link(&address);
        assert_eq!(late.outcome, refused(Code::LinkTooLate));
        assert_nothing_happened(&late);
    }
    bench.advance(MINUTE * 8);
    let step = bench.link(&fresh.granted());
    assert_eq!(effects(&step), ["bring to front", "exchange hush-code"]);
    let step = bench.step(Event::CodeExchanged(fresh.id, Ok(tokens("1", bench.now))));
    bench.identified(&step, Ok(bob()));
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
}

#[test]
fn attempt_is_extended_as_often_as_the_user_likes() {
    let mut bench = Bench::set_up();
    bench.begin();
    for _ in 0..20 {
        bench.advance(EXTENDABLE + SECOND * 30);
        bench.press_again();
        assert_eq!(bench.screen(), awaiting(bench.now));
    }
}

#[test]
fn fresh_attempt_of_a_loopback_redirect_url_is_listened_for_first() {
    let loopback = changed_draft(|draft| {
        draft.redirect_url = Some("http://127.0.0.1:8123/callback".to_owned());
    });
    let mut bench = closed();
    bench.open(Records {
        registration: Some(*loopback),
        ..Records::default()
    });
    let old = opened(&bench.press());
    bench.advance(EXTENDABLE - SECOND);
    assert_eq!(effects(&bench.press_again()), ["open the browser"]);
    bench.advance(SECOND);
    let step = bench.press_again();
    assert_eq!(
        effects(&step),
        [
            "arm the deadline",
            "warm up TLS",
            "listen, then open the browser"
        ]
    );
    assert_ne!(opened(&step).id, old.id);
    assert_nothing_happened(&bench.step(Event::ListenFailed(old.id)));
}

#[test]
fn fresh_attempt_clears_the_problem_and_may_come_to_the_front_again() {
    let mut bench = Bench::set_up();
    bench.begin();
    let denial = format!("{REDIRECT}?error=access_denied");
    assert_eq!(effects(&bench.link(&denial)), ["bring to front"]);
    assert_eq!(effects(&bench.link(&denial)), [""; 0]);
    assert_eq!(bench.problem(), Some(Code::DeniedWithoutState));
    bench.advance(EXTENDABLE);
    bench.press_again();
    assert_eq!(bench.problem(), None);
    assert_eq!(effects(&bench.link(&denial)), ["bring to front"]);
}

#[test]
fn fresh_attempt_that_cannot_be_saved_opens_no_browser() {
    let mut bench = Bench::set_up();
    bench.begin();
    bench.advance(EXTENDABLE);
    let step = bench.press_again();
    let step = bench.not_saved(step);
    assert_eq!(step.outcome, refused(Code::CannotSave));
    assert!(!effects(&step).contains(&"open the browser".to_owned()));
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.record(RecordName::Attempt), None);
}

#[test]
fn no_attempt_begins_where_none_is_pending() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.advance(EXTENDABLE);
    bench.link(&pending.granted());
    let step = bench.press_again();
    assert_eq!(step.outcome, refused(Code::LinkTooLate));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

#[test]
fn authorization_url_is_the_pending_attempts() {
    let mut bench = closed();
    assert!(bench.session.authorization_url(bench.now).is_none());
    let why = LockReason::KeychainLocked;
    bench.step(Event::OpenFailed(OpenError::Locked(why)));
    assert!(bench.session.authorization_url(bench.now).is_none());

    let mut bench = Bench::set_up();
    assert!(bench.session.authorization_url(bench.now).is_none());
    let (old, _) = bench.begin();
    let url = bench.session.authorization_url(bench.now).unwrap();
    assert_eq!(*url.expose(), old.url);
    assert!(!format!("{url:?}").contains(&old.state));
    bench.advance(EXTENDABLE);
    let fresh = opened(&bench.press_again());
    let url = bench.session.authorization_url(bench.now).unwrap();
    assert_eq!(*url.expose(), fresh.url);

    // The deadline's timer is late.
    let end = bench.now + MINUTE * 10;
    assert!(bench.session.authorization_url(end).is_none());
    bench.link(&fresh.granted());
    assert!(bench.session.authorization_url(bench.now).is_none());
}
