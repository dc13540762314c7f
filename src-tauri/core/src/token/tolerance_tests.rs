//! What may stand around a pair of tokens, or around an error, without changing what it is.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::fixtures::{draft, now, redirect_url};
use crate::registration::Provenance;

const PAIR: &str =
    r#"{"token_type":"Bearer","expires_in":31536000,"access_token":"eyJ0","refresh_token":"def5"}"#;

fn answer(status: u16, kind: &'static str, body: &[u8]) -> http::Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    http::Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Zeroizing::new(body.to_vec()),
    }
}

fn read_bytes(grant: Grant, status: u16, body: &[u8]) -> Result<(String, String), TokenError> {
    let answer = answer(status, "application/json", body);
    read_answer(grant, &answer)
}

fn read_answer(grant: Grant, answer: &http::Answer) -> Result<(String, String), TokenError> {
    let old = RefreshToken::new("old");
    let kept = (grant == Grant::Refresh).then_some(&old);
    let tokens = read(grant, answer, kept, &redirect_url(), now())?;
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

/// What may stand around an object, with the object in it.
fn host(object: &str) -> Vec<Vec<u8>> {
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
fn pair_with_any_success_status_is_a_pair() {
    for status in [200, 201, 202, 203, 205, 206, 207, 226, 299] {
        for grant in [Grant::Code, Grant::Refresh] {
            let expected = Ok(("eyJ0".to_owned(), "def5".to_owned()));
            assert_eq!(read_bytes(grant, status, PAIR.as_bytes()), expected);
        }
    }
}

/// Shows check 21.
#[test]
fn pair_with_anything_around_it_is_a_pair() {
    for body in host(PAIR) {
        let shown = String::from_utf8_lossy(&body).into_owned();
        for kind in ["application/json", "text/html", "text/plain"] {
            let answer = answer(200, kind, &body);
            let expected = Ok(("eyJ0".to_owned(), "def5".to_owned()));
            assert_eq!(read_answer(Grant::Code, &answer), expected, "{shown}");
        }
    }
}

/// Shows check 21.
#[test]
fn pair_with_odd_neighbours_is_a_pair() {
    for neighbour in [
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
            format!(r#"{{{neighbour},"access_token":"eyJ0","refresh_token":"def5"}}"#),
            format!(r#"{{"access_token":"eyJ0",{neighbour},"refresh_token":"def5"}}"#),
            format!(r#"{{"access_token":"eyJ0","refresh_token":"def5",{neighbour}}}"#),
            format!(r#"{{"access_token":"eyJ0","refresh_token":"def5",{neighbour}"#),
            format!(r#"{{"access_token": "eyJ0\n" ,"refresh_token":" def5",{neighbour}}}"#),
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
fn refresh_answer_without_refresh_token_keeps_the_old_one() {
    for rest in ["", r#","refresh_token":null"#, r#","refresh_token":"""#] {
        let body = format!(r#"{{"token_type":"Bearer","access_token":"new"{rest}}}"#);
        let kept = Ok(("new".to_owned(), "old".to_owned()));
        assert_eq!(
            read_bytes(Grant::Refresh, 200, body.as_bytes()),
            kept,
            "{body}"
        );
        // Nothing would ever renew it: better another sign-in now than one in a year.
        let lost = Err(TokenError::PerhapsProcessed(Transient::UnexpectedResponse));
        assert_eq!(read_bytes(Grant::Code, 200, body.as_bytes()), lost);
    }
}

/// Shows check 21.
#[test]
fn success_without_a_pair_is_perhaps_processed() {
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
fn error_with_anything_around_it_is_still_that_error() {
    let dead = TokenError::Dead { expired: false };
    for (object, grant, expected) in [
        (
            r#"{"error":"invalid_grant","hint":"Token has been revoked"}"#,
            Grant::Refresh,
            dead,
        ),
        (
            r#"{"error":"invalid_grant","hint":null}"#,
            Grant::Code,
            dead,
        ),
        (
            r#"{"hint":7,"error":"invalid_client"}"#,
            Grant::Code,
            TokenError::SetUpWrong,
        ),
        (
            r#"{"error":"invalid_request","error_description":"The refresh token is invalid."}"#,
            Grant::Refresh,
            dead,
        ),
        (
            r#"{"error":"invalid_request","hint":"Invalid redirect URI"}"#,
            Grant::Code,
            TokenError::Refused(Refused::RedirectUrl),
        ),
        (
            r#"{"error":"invalid_scope","error_description":"\ud800"}"#,
            Grant::Code,
            TokenError::Refused(Refused::Client),
        ),
    ] {
        for body in host(object) {
            for status in [200, 201, 400, 401, 403, 404, 418, 422] {
                for kind in ["application/json", "text/html", "text/plain"] {
                    let answer = answer(status, kind, &body);
                    let shown = String::from_utf8_lossy(&body).into_owned();
                    assert_eq!(
                        read_answer(grant, &answer),
                        Err(expected),
                        "{status} {kind} {shown}"
                    );
                }
            }
        }
    }
}

#[test]
fn page_at_the_token_endpoint_is_the_networks_and_says_nothing_of_the_grant() {
    let page = "<!DOCTYPE html><title>Blocked</title><script>var a = {\"b\":1}</script>";
    let network = TokenError::PerhapsProcessed(Transient::CaptivePortal);
    for grant in [Grant::Code, Grant::Refresh] {
        for status in [200, 202, 400, 401, 403, 404, 410, 418, 451, 500, 511] {
            for kind in ["text/html", "application/json", "text/plain"] {
                let read = read_answer(grant, &answer(status, kind, page.as_bytes()));
                assert_eq!(read, Err(network), "{status} {kind}");
            }
        }
        // What stands before Amiqus answers so when Amiqus doesn't.
        for status in [502, 504, 521] {
            let read = read_answer(grant, &answer(status, "text/html", page.as_bytes()));
            let unwell = TokenError::PerhapsProcessed(Transient::ServerError);
            assert_eq!(read, Err(unwell), "{status}");
        }
        for (status, body, expected) in [
            (403, "", network),
            (403, "Access denied by policy", network),
            (451, "", network),
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
            (302, "", network),
            (303, page, network),
        ] {
            let read = read_answer(grant, &answer(status, "text/plain", body.as_bytes()));
            assert_eq!(read, Err(expected), "{status} {body}");
        }
    }
}

#[test]
fn body_of_nothing_but_openings_is_read_in_no_time() {
    for piece in ["{", "{\"", "{\"a\":", "{\"a\":{\"a\":1},", "{}", "[{"] {
        let body = piece.repeat(http::MAX_BODY_BYTES / piece.len());
        assert!(read_bytes(Grant::Code, 200, body.as_bytes()).is_err());
    }
}

/// Serves one answer on a real socket, in these very bytes, and closes the connection.
async fn refresh_answered_with(bytes: Vec<u8>) -> Result<TokenSet, TokenError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = caller.read(&mut request).await.unwrap();
        // Whoever has read enough hangs up.
        let _ = caller.write_all(&bytes).await;
    });
    let mut draft = draft();
    draft.base_url = Some(format!("http://{address}"));
    let registration = draft.validate(Provenance::ByHand).unwrap();
    let clients = http::clients(http::Limits::default());
    let client = clients.for_service(&registration.base_url).await.unwrap();
    let sent = RefreshToken::new("sent");
    let outcome = refresh(client, &registration, &sent, &redirect_url(), now).await;
    serving.await.unwrap();
    outcome
}

/// Shows check 21.
#[tokio::test]
async fn pair_that_arrived_is_a_pair_whatever_became_of_the_rest() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let huge = http::MAX_BODY_BYTES * 2;
    for (what, answer) in [
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
        let tokens = refresh_answered_with(answer.into_bytes()).await;
        assert_eq!(tokens.expect(what).refresh.expose(), "def5", "{what}");
    }
    for (what, body) in [
        ("in a token", &PAIR[..PAIR.len() - 4]),
        ("before one", r#"{"access_token":"eyJ0""#),
        ("in an error", r#"{"error":"invalid_grant""#),
    ] {
        let answer = format!("{head}Content-Length: 9999\r\n\r\n{body}");
        let lost = TokenError::PerhapsProcessed(Transient::Offline);
        let outcome = refresh_answered_with(answer.into_bytes()).await;
        assert_eq!(outcome.err(), Some(lost), "{what}");
    }
}
