//! Ten thousand variations of the valid link, while an attempt is pending.
//!
//! Only one form is valid: the redirect URL byte for byte as it is
//! registered, then `?`, then each of the parameters at most once. A scheme and a host in capitals
//! mean the same by RFC 3986 §6.2.2.1, and are refused all the same: browsers hand over the
//! registered spelling, so only a forgery has another. A fragment is cut off: browsers add one.

mod forgeries;

use std::sync::atomic::Ordering;

use amiqus_core::app_state::Screen;
use amiqus_core::error::Code;
use amiqus_core::redirect::ReceivedLink;
use amiqus_core::registration::Page;
use amiqus_core::vault::SecretStore as _;
use fastrand::Rng;
use practice_amiqus::Answer;

use self::forgeries::*;
use crate::app::*;

/// Starts an attempt and returns its answer, with the `state` of a cancelled attempt.
async fn pending(computer: &Computer, app: &mut App) -> Valid {
    app.session.authorize().await.unwrap();
    let given_up = app.browser().await;
    app.session.cancel().await.unwrap();
    app.session.authorize().await.unwrap();
    let url = app.browser().await;
    let answer = computer.answer(&url, BOB, FUSION, Answer::Allow);
    let link = answer.expose().to_owned();
    let valid = Valid {
        code: parameter(&link, "code"),
        state: parameter(&link, "state"),
        given_up: parameter(given_up.as_str(), "state"),
        link,
    };
    assert_ne!(valid.state, valid.given_up);
    valid
}

/// Shows checks 10, 11 and 16.
#[tokio::test]
async fn ten_thousand_hostile_links_leave_the_attempt_pending() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let valid = pending(&computer, &mut app).await;
    // The forgeries vary a link that is accepted at the end.
    assert_eq!(valid.behind(REDIRECT), valid.link);
    let (links, kinds) = forgeries(&valid, 10_000, 5);
    assert_eq!(kinds.len(), FORGERIES.len(), "{kinds:?}");
    assert!(kinds.values().all(|many| *many >= 30), "{kinds:?}");
    computer.amiqus.clear_requests();
    let before = app.session.state().await.unwrap();
    assert!(matches!(before.screen, Screen::AwaitingBrowser { .. }));
    let saved = computer.store.read_all().unwrap();

    for (kind, link) in &links {
        app.session.receive(ReceivedLink::new(link.as_str()));
        // Pasted text is cleaned up first, which has tests of its own.
        if !could_be_dirt(kind, link) {
            let pasted = app.session.exchange(ReceivedLink::new(link.as_str())).await;
            let code = pasted.expect_err(link).code;
            let refusals = [
                Code::LinkNotOurs,
                Code::LinkTooLate,
                Code::LinkIncomplete,
                Code::AnswerNotUsable,
            ];
            assert!(refusals.contains(&code), "{code:?}: {link:?}");
        }
        // Messages are handled in order: the link has been handled.
        app.session.page_address(Page::TeamApps).await.unwrap();
        let now = app.session.state().await.unwrap();
        assert_eq!(now.screen, before.screen, "{link:?}");
    }

    // Some have the attempt's own `state`: that shows a problem, and does nothing else.
    let problem = app.session.state().await.unwrap().problem.clone();
    assert_eq!(problem.map(|it| it.code), Some(Code::AnswerNotUsable));
    assert_eq!(before.problem, None);
    assert_eq!(app.fronts.load(Ordering::SeqCst), 1);
    assert_eq!(computer.store.read_all().unwrap(), saved);
    assert!(computer.amiqus.requests().is_empty());
    assert!(!app.browser_is_open());
    app.session.receive(ReceivedLink::new(valid.link.as_str()));
    let state = app.end_of_sign_in().await;
    assert_eq!(state.screen, JUST_SIGNED_IN);
    assert_eq!(computer.posts(), 1);
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}

/// The counterpart of the test above, which a parser that refuses everything would pass.
#[tokio::test]
async fn equivalent_spelling_of_the_valid_link_signs_in() {
    let computer = Computer::set_up().await;
    let mut app = computer.start().await;
    let spellings: [Forgery; 8] = [
        |valid, _| format!("{}#/anything", valid.link),
        |valid, _| format!("{}#code=other&state={}", valid.link, valid.given_up),
        |valid, _| valid.link.clone(),
        |valid, _| with_query(&format!("state={}&code={}", valid.state, valid.code)),
        |valid, _| {
            with_query(&format!(
                "{}&&session_state=a&session_state=b",
                valid.query()
            ))
        },
        |valid, _| with_query(&format!("{}&error=&Code=other", valid.query())),
        |valid, _| valid.link.replacen("code=", "c%6fd%65=", 1),
        |valid, _| {
            let encoded = valid.state.bytes().map(|byte| format!("%{byte:02x}"));
            valid.with_state(&encoded.collect::<Vec<_>>().concat())
        },
    ];
    for (posts, spell) in (1..).zip(spellings) {
        let valid = pending(&computer, &mut app).await;
        let link = spell(&valid, &mut Rng::with_seed(5));
        app.session.receive(ReceivedLink::new(link.as_str()));
        let state = app.end_of_sign_in().await;
        let is_signed_in = matches!(state.screen, Screen::SignedIn { .. });
        assert!(is_signed_in, "{link}");
        assert_eq!(computer.posts(), posts, "{link}");
    }
    assert_eq!(computer.amiqus.complaints(), [""; 0]);
}
