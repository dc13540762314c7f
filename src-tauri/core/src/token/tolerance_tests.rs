//! Malformed responses whose tokens or error are still recognised.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::*;
use crate::fixtures::{draft, now, redirect_url};
use crate::http::{self, HttpResponse};
use crate::registration::Provenance;

const PAIR: &str =
    r#"{"token_type":"Bearer","expires_in":31536000,"access_token":"eyJ0","refresh_token":"def5"}"#;

fn response(status: u16, kind: &'static str, body: &[u8]) -> HttpResponse {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    HttpResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Zeroizing::new(body.to_vec()),
    }
}

fn read_bytes(grant: Grant, status: u16, body: &[u8]) -> Result<(String, String), TokenError> {
    let response = response(status, "application/json", body);
    read_response(grant, &response)
}

fn read_response(grant: Grant, response: &HttpResponse) -> Result<(String, String), TokenError> {
    let old = RefreshToken::new("old");
    let current = (grant == Grant::Refresh).then_some(&old);
    let tokens = read(grant, response, current, &redirect_url(), now())?;
    Ok((
        tokens.access.expose().to_owned(),
        tokens.refresh.expose().to_owned(),
    ))
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    mark.then_some('\u{feff}')
        .into_iter()
        .chain(text.chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(|unit| {
            if little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        })
        .collect()
}

/// Bodies with an object and something around it.
fn surrounded(object: &str) -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        ("\u{feff}", ""),
        (" \r\n\t", "\n"),
        (")]}'\n", ""),
        (")]}',\n", ""),
        ("while(1);", ""),
        ("for(;;);", ""),
        ("/**/callback(", ");"),
        (
            "<br />\n<b>Deprecated</b>: strftime() is old in <b>x.php</b>\n",
            "",
        ),
        ("", "garbage"),
        ("", "\0\0\0"),
        ("", "{\"second\":1}"),
        ("{\"debug\":true}\n", ""),
        ("", "<!-- 12 ms -->"),
        ("", "}"),
    ]
    .iter()
    .map(|(before, after)| format!("{before}{object}{after}").into_bytes())
    .collect();
    for little in [true, false] {
        for mark in [true, false] {
            bodies.push(utf16(object, little, mark));
        }
    }
    bodies
}

/// Shows check 21.
#[test]
fn tokens_are_read_with_any_success_status() {
    for status in [200, 201, 202, 203, 205, 206, 207, 226, 299] {
        for grant in [Grant::Code, Grant::Refresh] {
            let expected = Ok(("eyJ0".to_owned(), "def5".to_owned()));
            assert_eq!(read_bytes(grant, status, PAIR.as_bytes()), expected);
        }
    }
}

/// Shows check 21.
#[test]
fn tokens_are_read_whatever_is_around_the_object() {
    for body in surrounded(PAIR) {
        let shown = String::from_utf8_lossy(&body).into_owned();
        for kind in ["application/json", "text/html", "text/plain"] {
            let response = response(200, kind, &body);
            let expected = Ok(("eyJ0".to_owned(), "def5".to_owned()));
            assert_eq!(read_response(Grant::Code, &response), expected, "{shown}");
        }
    }
}

/// Shows check 21.
#[test]
fn tokens_are_read_whatever_the_other_members_are() {
    for member in [
        r#""scope":null"#,
        r#""user":"\ud800""#,
        r#""user":"\udc00\ud800 x""#,
        r#""user":"\x41""#,
        "\"user\":\"a\tb\nc\0\"",
        r#""\ud800":1"#,
        r#""expires_in":1,"expires_in":"soon""#,
        r#""expires_in":1e999"#,
        r#""expires_in":-99999999999999999999999999"#,
        r#""expires_in":NaN"#,
        r#""expires_in":[1,{"a":"}"}]"#,
        r#""user":{"access_token":"other","refresh_token":"other"}"#,
        r#""error":null"#,
        r#""error":"","error_description":7"#,
        r#""token_type":null"#,
        r#""token_type":7"#,
        r#""token_type":"""#,
        r#""token_type":"Bearer""#,
        r#""token_type":"bearer ""#,
        r#""token_type":" BEARER""#,
        r#""token_type":"BearerToken""#,
        r#""token_type":"Bearer","token_type":"another value""#,
        r#""access_token":"another value","refresh_token":"another value""#,
        r#""access_token":null"#,
        r#""a":undefined"#,
        "",
    ] {
        for body in [
            format!(r#"{{{member},"access_token":"eyJ0","refresh_token":"def5"}}"#),
            format!(r#"{{"access_token":"eyJ0",{member},"refresh_token":"def5"}}"#),
            format!(r#"{{"access_token":"eyJ0","refresh_token":"def5",{member}}}"#),
            format!(r#"{{"access_token":"eyJ0","refresh_token":"def5",{member}"#),
            format!(r#"{{"access_token": "eyJ0\n" ,"refresh_token":" def5",{member}}}"#),
        ] {
            let expected = Ok(("eyJ0".to_owned(), "def5".to_owned()));
            assert_eq!(
                read_bytes(Grant::Code, 200, body.as_bytes()),
                expected,
                "{body}"
            );
        }
    }
    for raw in [&b"\xe9"[..], b"\xff\xfe\xc0"] {
        let body = [b"{\"user\":\"", raw, b"\",", &PAIR.as_bytes()[1..]].concat();
        let expected = Ok(("eyJ0".to_owned(), "def5".to_owned()));
        assert_eq!(read_bytes(Grant::Code, 200, &body), expected);
    }
}

#[test]
fn refresh_response_without_refresh_token_keeps_the_old_one() {
    for rest in ["", r#","refresh_token":null"#, r#","refresh_token":"""#] {
        let body = format!(r#"{{"token_type":"Bearer","access_token":"new"{rest}}}"#);
        let kept = Ok(("new".to_owned(), "old".to_owned()));
        assert_eq!(
            read_bytes(Grant::Refresh, 200, body.as_bytes()),
            kept,
            "{body}"
        );
        // Nothing could renew it: better another sign-in now than one in a year.
        let lost = Err(TokenError::PerhapsProcessed(Transient::UnexpectedResponse));
        assert_eq!(read_bytes(Grant::Code, 200, body.as_bytes()), lost);
    }
}

/// Shows check 21.
#[test]
fn success_without_tokens_is_perhaps_processed() {
    for (status, body) in [
        (204, ""),
        (201, ""),
        (202, r#"{"status":"queued"}"#),
        (200, r#"{"data":{"access_token":"a","refresh_token":"r"}}"#),
        (200, r#"[{"access_token":"a","refresh_token":"r"}]"#),
        (200, r#""{\"access_token\":\"a\",\"refresh_token\":\"r\"}""#),
        (
            200,
            r#"{"token_type":"Bearer","access_token":"a","refresh_to"#,
        ),
        (200, r#"{"access_token":"a","refresh_token":"r"#),
        (200, r#"{"access_token":"a","refresh_token":7}"#),
        (200, r#"{"access_token":"a","refresh_token":"r r"}"#),
        (200, r#"{"access_token":"a\u0000","refresh_token":"r"}"#),
        (
            200,
            r#"{"token_type":"DPoP","access_token":"a","refresh_token":"r"}"#,
        ),
        (200, r#"{"error":"temporarily_unavailable"}"#),
        (200, "access_token=a&refresh_token=r&token_type=bearer"),
    ] {
        for grant in [Grant::Code, Grant::Refresh] {
            let expected = Err(TokenError::PerhapsProcessed(Transient::UnexpectedResponse));
            assert_eq!(
                read_bytes(grant, status, body.as_bytes()),
                expected,
                "{status} {body}"
            );
        }
    }
}

/// Shows check 23.
#[test]
fn error_is_recognised_whatever_is_around_the_object() {
    let invalid_grant = TokenError::InvalidGrant { expired: false };
    for (object, grant, expected) in [
        (
            r#"{"error":"invalid_grant","hint":"Token has been revoked"}"#,
            Grant::Refresh,
            invalid_grant,
        ),
        (
            r#"{"error":"invalid_grant","hint":null}"#,
            Grant::Code,
            invalid_grant,
        ),
        (
            r#"{"hint":7,"error":"invalid_client"}"#,
            Grant::Code,
            TokenError::InvalidClient,
        ),
        (
            r#"{"error":"invalid_request","error_description":"The refresh token is invalid."}"#,
            Grant::Refresh,
            invalid_grant,
        ),
        (
            r#"{"error":"invalid_request","hint":"Invalid redirect URI"}"#,
            Grant::Code,
            TokenError::Rejected(RejectedPart::RedirectUrl),
        ),
        (
            r#"{"error":"invalid_scope","error_description":"\ud800"}"#,
            Grant::Code,
            TokenError::Rejected(RejectedPart::Client),
        ),
    ] {
        for body in surrounded(object) {
            for status in [200, 201, 400, 401, 403, 404, 418, 422] {
                for kind in ["application/json", "text/html", "text/plain"] {
                    let response = response(status, kind, &body);
                    let shown = String::from_utf8_lossy(&body).into_owned();
                    assert_eq!(
                        read_response(grant, &response),
                        Err(expected),
                        "{status} {kind} {shown}"
                    );
                }
            }
        }
    }
}

#[test]
fn page_at_the_token_endpoint_is_a_captive_portal() {
    let page = "<!DOCTYPE html><title>Blocked</title><script>var a = {\"b\":1}</script>";
    let portal = TokenError::PerhapsProcessed(Transient::CaptivePortal);
    for grant in [Grant::Code, Grant::Refresh] {
        for status in [200, 202, 400, 401, 403, 404, 410, 418, 451, 500, 511] {
            for kind in ["text/html", "application/json", "text/plain"] {
                let read = read_response(grant, &response(status, kind, page.as_bytes()));
                assert_eq!(read, Err(portal), "{status} {kind}");
            }
        }
        // A gateway in front of Amiqus answers like this when Amiqus doesn't.
        for status in [502, 504, 521] {
            let read = read_response(grant, &response(status, "text/html", page.as_bytes()));
            let server_error = TokenError::PerhapsProcessed(Transient::ServerError);
            assert_eq!(read, Err(server_error), "{status}");
        }
        for (status, body, expected) in [
            (403, "", portal),
            (403, "Access denied by policy", portal),
            (451, "", portal),
            (
                403,
                "{}",
                TokenError::PerhapsProcessed(Transient::UnexpectedResponse),
            ),
            (
                403,
                r#"{"message":"No."}"#,
                TokenError::NotProcessed(Transient::NotPermitted),
            ),
            (
                407,
                page,
                TokenError::NotProcessed(Transient::ProxyNeedsPassword),
            ),
            (302, "", portal),
            (303, page, portal),
        ] {
            let read = read_response(grant, &response(status, "text/plain", body.as_bytes()));
            assert_eq!(read, Err(expected), "{status} {body}");
        }
    }
}

#[test]
fn body_of_nothing_but_openings_is_read_quickly() {
    for piece in ["{", "{\"", "{\"a\":", "{\"a\":{\"a\":1},", "{}", "[{"] {
        let body = piece.repeat(http::MAX_BODY_BYTES / piece.len());
        assert!(read_bytes(Grant::Code, 200, body.as_bytes()).is_err());
    }
}

/// The result of a refresh that is answered with these bytes on a real socket, which is then closed.
async fn refresh_answered_with(bytes: Vec<u8>) -> Result<TokenSet, TokenError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        // The client closes the connection when it has read enough.
        let _ = stream.write_all(&bytes).await;
    });
    let mut draft = draft();
    draft.base_url = Some(format!("http://{address}"));
    let registration = draft.validate(Provenance::ByHand).unwrap();
    let clients = http::Clients::new(http::Timeouts::default());
    let client = clients.for_service(&registration.base_url).await.unwrap();
    let sent = RefreshToken::new("sent");
    let outcome = refresh(client, &registration, &sent, &redirect_url(), now).await;
    serving.await.unwrap();
    outcome
}

/// Shows check 21.
#[tokio::test]
async fn tokens_in_an_incomplete_response_are_kept() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let huge = http::MAX_BODY_BYTES * 2;
    for (what, response) in [
        (
            "cut off",
            format!("{head}Content-Length: 9999\r\n\r\n{PAIR}"),
        ),
        (
            "no last chunk",
            format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{PAIR}\r\n",
                PAIR.len()
            ),
        ),
        (
            "too large",
            format!(
                "{head}Content-Length: {huge}\r\n\r\n{PAIR}{}",
                " ".repeat(huge - PAIR.len())
            ),
        ),
    ] {
        let tokens = refresh_answered_with(response.into_bytes()).await;
        assert_eq!(tokens.expect(what).refresh.expose(), "def5", "{what}");
    }
    for (what, body) in [
        ("in a token", &PAIR[..PAIR.len() - 4]),
        ("before one", r#"{"access_token":"eyJ0""#),
        ("in an error", r#"{"error":"invalid_grant""#),
    ] {
        let response = format!("{head}Content-Length: 9999\r\n\r\n{body}");
        let lost = TokenError::PerhapsProcessed(Transient::Offline);
        let outcome = refresh_answered_with(response.into_bytes()).await;
        assert_eq!(outcome.err(), Some(lost), "{what}");
    }
}
