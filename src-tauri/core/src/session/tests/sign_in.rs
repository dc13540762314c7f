//! From the click to the user's name: the exchange of the code, and the tokens.

use super::*;
use crate::fixtures::{draft, fusion, redirect_url};
use crate::registration::Provenance;
use crate::token::Transient;

#[test]
fn sign_in_leads_from_the_click_to_the_name() {
    let mut bench = Bench::set_up();
    assert_eq!(bench.screen(), SIGNED_OUT);

    let (pending, step) = bench.begin();
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(
        effects(&step),
        ["arm the deadline", "warm up TLS", "open the browser"]
    );
    assert_eq!(
        bench.screen(),
        Screen::AwaitingBrowser {
            started_at: now(),
            deadline: now() + SignedDuration::from_mins(10),
            extendable_from: now() + SignedDuration::from_mins(9),
        }
    );
    assert!(bench.record(RecordName::Attempt).is_some());

    bench.advance(SignedDuration::from_secs(40));
    let step = bench.link(&pending.granted());
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert_eq!(changed(&step), ["attempt"]);
    assert_eq!(effects(&step), ["bring to front", "exchange hush-code"]);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
    assert_eq!(bench.record(RecordName::Attempt), None);

    let step = bench.step(Event::CodeExchanged(pending.id, Ok(tokens("1", bench.now))));
    assert_eq!(changed(&step), ["unclaimed"]);
    assert_eq!(effects(&step), ["identify hush-access-1"]);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
    assert!(bench.record(RecordName::Unclaimed).is_some());

    let step = bench.identified(&step, Ok(bob()));
    let account = RecordName::Account(bob().key());
    assert_eq!(
        changed(&step),
        ["unclaimed", "current", &account.to_string()]
    );
    assert_eq!(effects(&step), ["bring to front", "plan the renewal"]);
    assert_eq!(bench.record(RecordName::Unclaimed), None);
    assert!(bench.record(account).is_some());
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
    assert_eq!(bench.problem(), None);
    let state = bench.state();
    assert_eq!(state.current, Some(bob().key().to_string()));
    assert_eq!(state.accounts.len(), 1);
    assert_eq!(state.accounts[0].name, "Bob Gale");
    assert_eq!(state.accounts[0].team.as_deref(), Some("Fusion Industries"));
    assert_eq!(state.accounts[0].as_of, bench.now);
}

/// Shows check 3.
#[test]
fn exchange_uses_the_verifier_and_redirect_url_of_its_attempt() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&pending.granted());
    let Some(Effect::Exchange {
        attempt,
        verifier: Some(verifier),
        redirect_url: exchanged,
        ..
    }) = step.effects.last()
    else {
        panic!("no exchange: {step:?}");
    };
    assert_eq!(*attempt, pending.id);
    assert_eq!(*exchanged, redirect_url());
    let challenge = pending
        .url
        .query_pairs()
        .find(|(name, _)| name == "code_challenge");
    assert_eq!(challenge.unwrap().1, verifier.challenge());
}

/// Shows check 3.
#[test]
fn attempt_without_pkce_has_no_challenge_and_no_verifier() {
    let mut plain = draft();
    plain.pkce = Some(false);
    let (mut bench, _) = Bench::opened(Records {
        registration: Some(plain.validate(Provenance::ByHand).unwrap()),
        ..Records::default()
    });
    let (pending, _) = bench.begin();
    assert!(!pending.url.as_str().contains("code_challenge"));
    let step = bench.link(&pending.granted());
    let Some(Effect::Exchange { verifier, .. }) = step.effects.last() else {
        panic!("no exchange: {step:?}");
    };
    assert!(verifier.is_none());
}

/// Shows check 3.
#[test]
fn verifier_follows_the_challenge_when_pkce_was_changed() {
    for pkce in [true, false] {
        let with = |pkce| {
            let mut draft = draft();
            draft.pkce = Some(pkce);
            draft.validate(Provenance::ByHand).unwrap()
        };
        let (mut bench, _) = Bench::opened(Records {
            registration: Some(with(pkce)),
            ..Records::default()
        });
        let attempt = Attempt::begin(&with(pkce), now(), &bench.entropy).unwrap();
        let link = format!(
            "{}?code=hush-code&state={}",
            crate::fixtures::REDIRECT,
            attempt.state.expose()
        );
        let step = bench.step(Event::SignInRequested(Box::new(attempt)));
        let Some(Effect::OpenBrowser(_, url)) = step.effects.last() else {
            panic!("no browser: {step:?}");
        };
        let url = url.expose().as_str().to_owned();
        assert_eq!(url.contains("code_challenge="), pkce);
        bench.step(Event::RegistrationEntered(Box::new(with(!pkce))));
        let step = bench.link(&link);
        let Some(Effect::Exchange { verifier, .. }) = step.effects.last() else {
            panic!("no exchange: {step:?}");
        };
        assert_eq!(verifier.is_some(), pkce);
    }
}

#[test]
fn failed_exchange_ends_signed_out_with_its_code() {
    for (failure, code) in [
        (
            TokenError::InvalidGrant { expired: false },
            Code::CodeNotAccepted,
        ),
        (
            TokenError::InvalidGrant { expired: true },
            Code::CodeNotAccepted,
        ),
        (TokenError::InvalidClient, Code::SetUpWrong),
        (
            TokenError::Rejected(RejectedPart::Request),
            Code::RequestNotAccepted,
        ),
        (TokenError::NotProcessed(Transient::Offline), Code::Offline),
        (
            TokenError::PerhapsProcessed(Transient::Offline),
            Code::Offline,
        ),
        (
            TokenError::NotProcessed(Transient::Busy(None)),
            Code::AmiqusBusy,
        ),
        (
            TokenError::PerhapsProcessed(Transient::ServerError),
            Code::ServerError,
        ),
        (
            TokenError::PerhapsProcessed(Transient::UnexpectedResponse),
            Code::UnexpectedResponse,
        ),
        (
            TokenError::NotProcessed(Transient::NotPermitted),
            Code::NotPermitted,
        ),
    ] {
        let mut bench = Bench::set_up();
        let (pending, _) = bench.begin();
        bench.link(&pending.granted());
        let step = bench.step(Event::CodeExchanged(pending.id, Err(failure)));
        assert_eq!(effects(&step), ["bring to front"], "{failure:?}");
        assert_eq!(bench.screen(), SIGNED_OUT, "{failure:?}");
        assert_eq!(bench.problem(), Some(code), "{failure:?}");
        assert_eq!(bench.record(RecordName::Unclaimed), None, "{failure:?}");
    }
}

#[test]
fn late_answer_to_a_code_is_dropped() {
    let mut bench = Bench::set_up();
    let (first, _) = bench.begin();
    bench.link(&first.granted());
    bench.step(Event::CodeExchanged(
        first.id,
        Err(TokenError::InvalidGrant { expired: true }),
    ));
    let (second, _) = bench.begin();
    bench.link(&second.granted());
    let step = bench.step(Event::CodeExchanged(first.id, Ok(tokens("late", now()))));
    assert_nothing_happened(&step);
    assert_eq!(bench.screen(), Screen::ExchangingCode);
    assert_eq!(bench.state().accounts, []);
}

#[test]
fn unclaimed_tokens_are_identified_at_the_next_start() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(tokens("1", now()))));
    let failure = ApiError::Transient(Transient::ServerError);
    let step = bench.identified(&step, Err(failure));
    assert_eq!(changed(&step), [""; 0]);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), Some(Code::ServerError));

    let (mut bench, step) = Bench::opened(Records {
        registration: Some(registration()),
        unclaimed: Some(tokens("1", now())),
        ..Records::default()
    });
    assert_eq!(effects(&step), ["identify hush-access-1"]);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().unfinished);
    let step = bench.identified(&step, Ok(bob()));
    assert!(step.changed.contains(&RecordName::Unclaimed));
    assert_eq!(bench.screen(), SIGNED_IN);
}

#[test]
fn new_tokens_that_amiqus_rejects_are_dropped() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&pending.granted());
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(tokens("1", now()))));
    let failure = ApiError::Unauthenticated;
    let step = bench.identified(&step, Err(failure));
    assert_eq!(changed(&step), ["unclaimed"]);
    assert_eq!(bench.record(RecordName::Unclaimed), None);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert_eq!(bench.problem(), Some(Code::CodeNotAccepted));
}

/// Shows check 36.
#[test]
fn same_account_again_is_an_update_and_is_shown() {
    let mut bench = Bench::with_bob();
    let mut renamed = bob();
    renamed.user.name = "Robert Gale".to_owned();
    let step = bench.sign_in(renamed, "2");
    assert_eq!(bench.problem(), Some(Code::AlreadyHere));
    assert_eq!(bench.screen(), SIGNED_IN);
    assert_eq!(bench.state().accounts.len(), 1);
    assert_eq!(bench.account(bob().key()).name, "Robert Gale");
    let record = bench.record(RecordName::Account(bob().key())).unwrap();
    assert!(record.contains("hush-refresh-2") && !record.contains("hush-refresh-1"));
    assert_eq!(
        planned(&step, now()),
        tokens("2", now())
            .renewal_due_at(now())
            .duration_since(now())
    );
}

#[test]
fn disconnected_account_is_not_shown_as_already_here() {
    let mut account = crate::fixtures::connected(bob(), tokens("1", now()));
    account.status = crate::account::AccountStatus::SignInAgain(
        crate::account::SignInAgainReason::AccessRemoved,
    );
    let (mut bench, _) = Bench::with(vec![account]);
    assert!(matches!(bench.screen(), Screen::SignInAgain { .. }));
    bench.sign_in(bob(), "2");
    assert_eq!(bench.problem(), None);
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
}

#[test]
fn team_that_is_unknown_at_sign_in_is_learnt_later() {
    let mut bench = Bench::set_up();
    let mut unknown = bob();
    unknown.team = None;
    unknown.role = None;
    bench.sign_in(unknown.clone(), "1");
    let key = unknown.key();
    assert_eq!(bench.screen(), JUST_SIGNED_IN);
    assert_eq!(bench.account(key).team, None);

    let step = bench.step(Event::CheckRequested(key));
    let step = bench.checked(&step, Ok(bob()));
    let full = bob().key();
    assert_eq!(
        changed(&step),
        [
            "current".to_owned(),
            format!("account/{key}"),
            format!("account/{full}")
        ]
    );
    assert_eq!(bench.record(RecordName::Account(key)), None);
    assert!(bench.record(RecordName::Account(full)).is_some());
    assert_eq!(effects(&step), ["plan the renewal"]);
    assert_eq!(bench.state().current, Some(full.to_string()));
    assert_eq!(bench.account(full).team, Some(fusion().name));
    assert_eq!(bench.state().accounts.len(), 1);
}

#[test]
fn account_is_not_renamed_during_its_renewal() {
    let mut bench = Bench::set_up();
    let mut unknown = bob();
    unknown.team = None;
    bench.sign_in(unknown.clone(), "1");
    let key = unknown.key();
    let check = bench.step(Event::CheckRequested(key));
    let renewal = bench.step(Event::RenewalRequested(key, RenewalReason::Asked));
    bench.checked(&check, Ok(bob()));
    let step = bench.refreshed(&renewal, Ok(tokens("2", now())));
    assert_eq!(renewal_answer(&step), Some(Ok(())));
    bench.checked(&step, Ok(bob()));
    let record = bench.record(RecordName::Account(bob().key())).unwrap();
    assert!(record.contains("hush-refresh-2"));
    assert_eq!(bench.state().accounts.len(), 1);
}
