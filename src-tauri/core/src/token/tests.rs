use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use zeroize::Zeroizing;

use super::*;
use crate::fixtures::{DAY, YEAR, now, redirect_url, tokens};
use crate::http::HttpResponse;

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Zeroizing::new(body.as_bytes().to_vec()),
    }
}

fn read_as(grant: Grant, status: u16, body: &str) -> Result<TokenSet, TokenError> {
    read(grant, &response(status, body), None, &redirect_url(), now())
}

fn error(grant: Grant, status: u16, body: &str) -> TokenError {
    read_as(grant, status, body).err().unwrap()
}

fn pair(expires_in: &str) -> TokenSet {
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"a","refresh_token":"r"}}"#
    );
    read_as(Grant::Refresh, 200, &body).unwrap()
}

#[test]
fn token_response_of_the_guide_is_read() {
    let body = r#"{"token_type":"Bearer","expires_in":31536000,"access_token":"eyJ0","refresh_token":"def5020"}"#;
    for grant in [Grant::Code, Grant::Refresh] {
        let tokens = read_as(grant, 200, body).unwrap();
        assert_eq!(tokens.access.expose(), "eyJ0");
        assert_eq!(tokens.refresh.expose(), "def5020");
        assert_eq!(tokens.received_at, now());
        assert_eq!(tokens.lifetime, YEAR);
        assert_eq!(tokens.redirect_url, redirect_url());
    }
}

/// Shows check 21.
#[test]
fn tokens_are_read_whatever_expires_in_says() {
    for (expires_in, lifetime) in [
        ("31536000", YEAR),
        ("\"31536000\"", YEAR),
        ("31536000.5", YEAR),
        ("3600", SignedDuration::from_hours(1)),
        ("0", YEAR),
        ("-1", YEAR),
        ("0.4", YEAR),
        ("null", YEAR),
        ("true", YEAR),
        ("{}", YEAR),
        ("\"soon\"", YEAR),
        ("\"NaN\"", YEAR),
        ("\"inf\"", YEAR),
        ("1e300", YEAR),
        ("18446744073709551615", YEAR),
        ("3153600000", YEAR * 10),
    ] {
        assert_eq!(pair(expires_in).lifetime, lifetime, "{expires_in}");
    }
    let body = r#"{"token_type":"bearer","access_token":"a","refresh_token":"r","extra":[1]}"#;
    assert_eq!(read_as(Grant::Code, 200, body).unwrap().lifetime, YEAR);
}

/// Shows check 21.
#[test]
fn success_without_valid_tokens_is_perhaps_processed() {
    for body in [
        "",
        "null",
        "[]",
        "\"Bearer\"",
        r#"{"token_type":"Bearer","expires_in":1,"access_token":"a""#,
        r#"{"token_type":"Bearer","access_token":"a"}"#,
        r#"{"token_type":"Bearer","refresh_token":"r"}"#,
        r#"{"token_type":"mac","access_token":"a","refresh_token":"r"}"#,
        r#"{"token_type":"Bearer","access_token":"","refresh_token":"r"}"#,
        r#"{"token_type":"Bearer","access_token":"a","refresh_token":""}"#,
        r#"{"token_type":"Bearer","access_token":"a b","refresh_token":"r"}"#,
        r#"{"token_type":"Bearer","access_token":"a\r\nX: y","refresh_token":"r"}"#,
        r#"{"token_type":"Bearer","access_token":"ä","refresh_token":"r"}"#,
        r#"{"token_type":"Bearer","access_token":null,"refresh_token":"r"}"#,
        r#"["Bearer","a","r",31536000]"#,
    ] {
        let expected = TokenError::PerhapsProcessed(Transient::UnexpectedResponse);
        assert_eq!(error(Grant::Refresh, 200, body), expected, "{body}");
    }
}

/// Shows check 23.
#[test]
fn invalid_grant_is_recognised_in_both_server_generations() {
    let message = "\"message\":\"The refresh token is invalid.\"";
    let description = "\"error_description\":\"The refresh token is invalid.\"";
    for (status, code) in [(401, "invalid_request"), (400, "invalid_grant")] {
        for (hint, expired) in [
            ("Token has been revoked", false),
            ("Token has expired", true),
            ("Cannot decrypt the refresh token", false),
            ("Token is not linked to client", false),
        ] {
            for body in [
                format!(r#"{{"error":"{code}",{description},"hint":"{hint}",{message}}}"#),
                format!(r#"{{"error":"{code}",{description},"hint":"{hint}"}}"#),
            ] {
                let expected = TokenError::InvalidGrant { expired };
                assert_eq!(error(Grant::Refresh, status, &body), expected, "{body}");
            }
        }
        let bare = format!(r#"{{"error":"{code}",{description}}}"#);
        let expected = TokenError::InvalidGrant { expired: false };
        assert_eq!(error(Grant::Refresh, status, &bare), expected);
    }
    for (status, code) in [(400, "invalid_request"), (400, "invalid_grant")] {
        for (hint, expired) in [
            ("Authorization code has expired", true),
            ("Authorization code has been revoked", false),
            ("Cannot decrypt the authorization code", false),
        ] {
            let body = format!(r#"{{"error":"{code}","hint":"{hint}"}}"#);
            let expected = TokenError::InvalidGrant { expired };
            assert_eq!(error(Grant::Code, status, &body), expected, "{body}");
        }
    }
}

#[test]
fn rejected_request_is_no_invalid_grant_and_not_transient() {
    for grant in [Grant::Code, Grant::Refresh] {
        for (body, part) in [
            (
                r#"{"error":"invalid_request","hint":"Invalid redirect URI"}"#,
                RejectedPart::RedirectUrl,
            ),
            (r#"{"error":"invalid_request"}"#, RejectedPart::Request),
            (
                r#"{"error":"unsupported_grant_type"}"#,
                RejectedPart::Client,
            ),
            (r#"{"error":"unauthorized_client"}"#, RejectedPart::Client),
            (r#"{"error":"invalid_scope"}"#, RejectedPart::Client),
        ] {
            assert_eq!(
                error(grant, 400, body),
                TokenError::Rejected(part),
                "{body}"
            );
        }
        for status in [400, 401] {
            let body = r#"{"error":"invalid_client","message":"Client authentication failed"}"#;
            assert_eq!(error(grant, status, body), TokenError::InvalidClient);
        }
    }
    // A 401 that doesn't mention the refresh token says nothing about it.
    let body = r#"{"error":"invalid_request","error_description":"No."}"#;
    assert_eq!(
        error(Grant::Refresh, 401, body),
        TokenError::Rejected(RejectedPart::Request)
    );
}

/// Shows check 24.
#[test]
fn transient_failure_is_never_an_invalid_grant() {
    let html = "<html>502</html>";
    let unexpected = TokenError::PerhapsProcessed(Transient::UnexpectedResponse);
    let server_error = TokenError::PerhapsProcessed(Transient::ServerError);
    let portal = TokenError::PerhapsProcessed(Transient::CaptivePortal);
    for grant in [Grant::Code, Grant::Refresh] {
        for (status, body, expected) in [
            (500, r#"{"message":"Server Error"}"#, server_error),
            (500, html, portal),
            (500, r#"{"error":"invalid_grant"}"#, server_error),
            (502, html, server_error),
            (504, html, server_error),
            (599, "", server_error),
            // An invalid status counts as 5xx (RFC 9110 §15).
            (600, "", server_error),
            (999, r#"{"error":"invalid_grant"}"#, server_error),
            (401, r#"["invalid_grant"]"#, unexpected),
            (
                503,
                html,
                TokenError::PerhapsProcessed(Transient::Busy(None)),
            ),
            (503, "", TokenError::PerhapsProcessed(Transient::Busy(None))),
            (429, html, TokenError::NotProcessed(Transient::Busy(None))),
            (
                403,
                r#"{"message":"No."}"#,
                TokenError::NotProcessed(Transient::NotPermitted),
            ),
            (404, r#"{"error":"Not Found."}"#, unexpected),
            (401, r#"{"error":"Unauthenticated."}"#, unexpected),
            (401, html, portal),
            (400, html, portal),
            (403, "", portal),
            (400, "", unexpected),
            (408, "", unexpected),
            (409, r#"{"message":"Conflict"}"#, unexpected),
            (422, r#"{"email":["required"]}"#, unexpected),
            (418, r#"{"error":"teapot"}"#, unexpected),
            (302, "", portal),
            (511, html, portal),
            (
                204,
                "",
                TokenError::PerhapsProcessed(Transient::UnexpectedResponse),
            ),
        ] {
            assert_eq!(error(grant, status, body), expected, "{status} {body}");
        }
    }
}

#[test]
fn page_in_place_of_tokens_is_perhaps_processed() {
    for (kind, expected) in [
        ("text/html", Transient::CaptivePortal),
        ("Text/HTML; charset=utf-8", Transient::CaptivePortal),
        ("application/xhtml+xml", Transient::CaptivePortal),
        ("application/json", Transient::CaptivePortal),
        ("text/plain", Transient::CaptivePortal),
    ] {
        for grant in [Grant::Code, Grant::Refresh] {
            let mut response = response(200, "<title>Guest Wi-Fi</title>");
            let value = HeaderValue::from_static(kind);
            response.headers.insert(CONTENT_TYPE, value);
            let error = read(grant, &response, None, &redirect_url(), now()).err();
            assert_eq!(
                error,
                Some(TokenError::PerhapsProcessed(expected)),
                "{kind}"
            );
        }
    }
}

/// Shows check 25.
#[test]
fn retry_after_is_taken_from_busy_responses() {
    let not_processed: fn(Transient) -> TokenError = TokenError::NotProcessed;
    for (status, error) in [(429, not_processed), (503, TokenError::PerhapsProcessed)] {
        let mut response = response(status, "");
        let value = HeaderValue::from_static("90");
        response.headers.insert(RETRY_AFTER, value);
        let busy = Transient::Busy(Some(SignedDuration::from_secs(90)));
        let outcome = read(Grant::Refresh, &response, None, &redirect_url(), now());
        assert_eq!(outcome.err(), Some(error(busy)));
    }
}

#[test]
fn renewal_is_due_well_before_the_access_token_expires() {
    for (lifetime, margin) in [
        (YEAR, DAY * 30),
        (YEAR * 10, DAY * 30),
        (DAY * 100, DAY * 10),
        (SignedDuration::from_hours(1), SignedDuration::from_mins(6)),
        (SignedDuration::from_secs(10), SignedDuration::from_secs(1)),
    ] {
        let mut tokens = tokens("1", now());
        tokens.lifetime = lifetime;
        assert_eq!(tokens.ends_at(), now() + lifetime);
        assert_eq!(tokens.renewal_due_at(now()), now() + lifetime - margin);
    }
}

#[test]
fn times_at_the_end_of_the_calendar_do_not_overflow() {
    let mut tokens = tokens("1", Timestamp::MAX);
    assert_eq!(tokens.ends_at(), Timestamp::MAX);
    for lifetime in [
        SignedDuration::MIN,
        SignedDuration::ZERO,
        SignedDuration::MAX,
    ] {
        tokens.received_at = Timestamp::MIN;
        tokens.lifetime = lifetime;
        let _ = (tokens.ends_at(), tokens.renewal_due_at(now()));
    }
}

/// Shows check 42.
#[test]
fn tokens_print_no_secret() {
    let tokens = tokens("1", now());
    let printed = format!("{tokens:?} {:?} {:?}", tokens.access, tokens.refresh);
    assert!(!printed.contains("hush-"), "{printed}");
    assert!(printed.contains("AccessToken(…)") && printed.contains("RefreshToken(…)"));
}
