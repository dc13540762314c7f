//! Which addresses answer the pending attempt.

use super::*;

/// Shows check 13.
#[test]
fn denial_without_state_raises_the_window_once() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let quiescence = bench.record(RecordName::Attempt);
    for query in [
        "error=access_denied",
        "error=access_denied&error_description=No&hint=None",
        "error=server_error",
        "error=access_denied&state=",
        "error=access_denied#x",
    ] {
        bench.press_again();
        assert_eq!(bench.problem(), None);
        let link = format!("{REDIRECT}?{query}");
        let step = bench.link(&link);
        assert_eq!(step.outcome, refused(Code::DeniedWithoutState), "{query}");
        assert_eq!(effects(&step), ["bring to front"], "{query}");
        assert_eq!(changed(&step), [""; 0], "{query}");
        assert_eq!(bench.problem(), Some(Code::DeniedWithoutState), "{query}");
        // Any page can send it as often as it likes.
        let step = bench.link(&link);
        assert_eq!(effects(&step), [""; 0], "{query}");
    }
    assert_eq!(bench.record(RecordName::Attempt), quiescence);
    let step = bench.link(&pending.granted());
    assert_eq!(effects(&step), ["bring to front", "exchange hush-code"]);
    assert_eq!(bench.problem(), None);
}

/// Shows checks 11 and 13.
#[test]
fn unusable_answer_without_our_state_is_silent() {
    for query in [
        "error=access_denied&state=guessed",
        "error=access_denied&error=access_denied",
        "error=access_denied&iss=https://evil.example",
        "error=",
        "code=stolen",
        "code=stolen&error=access_denied",
        "code=stolen&state=guessed&iss=https://evil.example",
    ] {
        let mut bench = Bench::set_up();
        bench.begin();
        assert_nothing_happened(&bench.link(&format!("{REDIRECT}?{query}")));
        assert_eq!(bench.problem(), None, "{query}");
    }
    // No attempt is pending.
    let mut bench = Bench::set_up();
    assert_nothing_happened(&bench.link(&format!("{REDIRECT}?error=access_denied")));
    assert_eq!(bench.problem(), None);
}

/// Shows checks 13 and 15.
#[test]
fn unusable_answer_with_our_state_leaves_the_attempt_pending() {
    for wrong in [
        "&iss=https://evil.example",
        "&error=access_denied",
        "&code=other",
        "&state=other",
        "&code=%00",
    ] {
        let mut bench = Bench::set_up();
        let (pending, _) = bench.begin();
        let step = bench.link(&format!("{}{wrong}", pending.granted()));
        assert_eq!(step.outcome, refused(Code::AnswerNotUsable), "{wrong}");
        assert_eq!(effects(&step), ["bring to front"], "{wrong}");
        assert_eq!(bench.problem(), Some(Code::AnswerNotUsable), "{wrong}");
        assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
        bench.link(&pending.granted());
        assert_eq!(bench.screen(), Screen::ExchangingCode, "{wrong}");
    }
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    bench.link(&format!("{REDIRECT}?state={}", pending.state));
    assert_eq!(bench.problem(), Some(Code::AnswerNotUsable));
}

/// Shows checks 11, 13 and 15.
#[test]
fn hostile_links_leave_the_attempt_pending() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    for (link, code) in [
        (String::new(), Code::LinkNotOurs),
        ("https://evil.example/?code=c".to_owned(), Code::LinkNotOurs),
        (REDIRECT.to_owned(), Code::LinkIncomplete),
        (format!("{REDIRECT}?code=c"), Code::LinkIncomplete),
        (format!("{REDIRECT}?code=c&state="), Code::LinkIncomplete),
        (format!("{REDIRECT}?code=c&state=wrong"), Code::LinkTooLate),
        (
            format!("{REDIRECT}?error=access_denied&state=wrong"),
            Code::LinkTooLate,
        ),
    ] {
        for origin in [LinkOrigin::Link, LinkOrigin::Pasted] {
            let step = bench.step(Event::AddressReceived(
                ReceivedLink::new(link.clone()),
                origin,
            ));
            assert_eq!(step.outcome, refused(code), "{link}");
            assert_nothing_happened(&step);
            assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
            assert_eq!(bench.problem(), None);
        }
    }
    // Truncated when it was copied; the next copy may be complete.
    let cut = format!("{REDIRECT}?code=c&state={}", &pending.state[..42]);
    assert_eq!(bench.link(&cut).outcome, refused(Code::LinkTooLate));
    assert_eq!(bench.paste(&cut).outcome, refused(Code::LinkIncomplete));
    bench.link(&pending.granted());
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

/// Shows checks 13 and 15.
#[test]
fn unusable_pasted_answer_is_refused_without_a_problem() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    for (text, code) in [
        (
            format!("{}&iss=https://evil.example", pending.granted()),
            Code::AnswerNotUsable,
        ),
        (
            format!("{}&error=e", pending.granted()),
            Code::AnswerNotUsable,
        ),
        (
            format!("{REDIRECT}?state={}", pending.state),
            Code::LinkIncomplete,
        ),
        (
            format!("{REDIRECT}?error=access_denied"),
            Code::DeniedWithoutState,
        ),
        (pending.url.to_string(), Code::LinkBeforeAllow),
    ] {
        let step = bench.paste(&text);
        assert_eq!(step.outcome, refused(code), "{text}");
        assert_nothing_happened(&step);
        assert_eq!(bench.problem(), None);
    }
    bench.paste(&format!("> {}.", pending.granted()));
    assert_eq!(bench.screen(), Screen::ExchangingCode);
}

/// Shows check 11.
#[test]
fn address_without_pending_attempt_is_refused() {
    let mut bench = Bench::set_up();
    for origin in [LinkOrigin::Link, LinkOrigin::Pasted] {
        let address = ReceivedLink::new(format!("{REDIRECT}?code=c&state=s"));
        let step = bench.step(Event::AddressReceived(address, origin));
        assert_eq!(step.outcome, refused(Code::LinkTooLate));
        assert_nothing_happened(&step);
    }
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn pasted_address_or_its_query_is_accepted() {
    let whole = |pending: &Pending| pending.granted();
    let variants: [fn(&Pending) -> String; 7] = [
        |pending| pending.granted(),
        |pending| format!("  \n{}\r\n", pending.granted()),
        |pending| format!("?code=hush-code&state={}", pending.state),
        |pending| format!("code=hush-code&state={}", pending.state),
        |pending| format!("state={}&code=hush-code", pending.state),
        |pending| format!("{}&iss=https%3A%2F%2Fid.amiqus.co", pending.granted()),
        |pending| format!("{}&something=new", pending.granted()),
    ];
    for variant in variants {
        let mut bench = Bench::set_up();
        let (pending, _) = bench.begin();
        let step = bench.paste(&variant(&pending));
        assert_eq!(
            effects(&step),
            ["bring to front", "exchange hush-code"],
            "{}",
            whole(&pending)
        );
    }
}

#[test]
fn link_is_not_cleaned_up_as_a_paste_is() {
    let mut bench = Bench::set_up();
    let (pending, _) = bench.begin();
    let step = bench.link(&format!("?code=hush-code&state={}", pending.state));
    assert_eq!(step.outcome, refused(Code::LinkNotOurs));
    let step = bench.link(&format!(" {}", pending.granted()));
    assert_eq!(step.outcome, refused(Code::LinkNotOurs));
    assert!(matches!(bench.screen(), Screen::AwaitingBrowser { .. }));
}
