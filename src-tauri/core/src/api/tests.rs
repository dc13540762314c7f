use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use super::*;
use crate::fixtures::now;

fn response(status: u16, kind: &'static str, body: impl AsRef<[u8]>) -> HttpResponse {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    HttpResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Zeroizing::new(body.as_ref().to_vec()),
    }
}

fn ok(body: impl AsRef<[u8]>) -> HttpResponse {
    response(200, "application/json", body)
}

#[test]
fn user_needs_only_an_id() {
    for (id, rest) in [
        ("345789", ""),
        ("345789.0", ""),
        ("3.45789e5", ""),
        ("\"345789\"", ""),
        ("\" 345789 \"", ""),
        ("\"345789.0\"", ""),
        ("345789", r#","id":"another value""#),
        ("null", r#","id":345789"#),
        ("345789", r#","name":null,"email":null"#),
        ("345789", r#","name":42,"email":[]"#),
        ("345789", r#","name":"\ud800","email":"\udfff""#),
        ("345789", r#","name":"\x""#),
        ("345789", ",\"name\":\"a\nb\""),
        ("345789", r#","is_verified":"perhaps","is_disabled":{}"#),
    ] {
        let object = format!(r#"{{"object":"user","id":{id}{rest}}}"#);
        for body in [
            object.clone(),
            format!("\u{feff}{object}"),
            format!("{object}trailing"),
            format!(")]}}',\n{object}\n{{}}"),
        ] {
            for status in [200, 201, 203, 206] {
                let response = response(status, "text/html", &body);
                let user = read_user(&response, now());
                assert_eq!(user.map(|user| user.id), Ok(345_789), "{body}");
            }
        }
    }
}

#[test]
fn user_without_a_unique_whole_id_is_rejected() {
    for body in [
        r#"{"id":null}"#,
        r#"{"id":-1}"#,
        r#"{"id":1.5}"#,
        r#"{"id":1e300}"#,
        r#"{"id":""}"#,
        r#"{"id":"6b9c8323-4b54-4bb3-a1c8-68de534368a5"}"#,
        r#"{"id":1,"id":2}"#,
        r#"{"data":{"id":1}}"#,
        r#"[{"id":1}]"#,
        r#"{"id":345"#,
        "",
        "null",
    ] {
        let unexpected = ApiError::Transient(Transient::UnexpectedResponse);
        assert_eq!(read_user(&ok(body), now()), Err(unexpected), "{body}");
    }
}

#[test]
fn booleans_are_read_in_all_notations() {
    for (written, expected) in [
        ("true", true),
        ("1", true),
        ("\"true\"", true),
        ("\"1\"", true),
        ("false", false),
        ("0", false),
        ("\"false\"", false),
        ("null", false),
        ("[]", false),
        ("\"\"", false),
    ] {
        let body = format!(r#"{{"id":1,"is_verified":{written},"is_disabled":{written}}}"#);
        let user = read_user(&ok(body), now()).unwrap();
        assert_eq!(
            (user.is_verified, user.is_disabled),
            (expected, expected),
            "{written}"
        );
    }
}

#[test]
fn name_with_invalid_characters_keeps_the_rest() {
    for (written, expected) in [
        (&b"Bob \xff Gale"[..], "Bob \u{fffd} Gale"),
        (b"Bob \\ud83d", "Bob \u{fffd}\u{fffd}\u{fffd}"),
        (b"Bob \\ud83d\\ude00", "Bob \u{1f600}"),
    ] {
        let body = [b"{\"id\":1,\"name\":\"", written, b"\"}"].concat();
        assert_eq!(read_user(&ok(body), now()).unwrap().name, expected);
    }
}

#[test]
fn team_needs_only_a_uuid() {
    let uuid = "6b9c8323-4b54-4bb3-a1c8-68de534368a5";
    for written in [
        uuid.to_owned(),
        uuid.to_uppercase(),
        format!("{{{uuid}}}"),
        format!("urn:uuid:{uuid}"),
        uuid.replace('-', ""),
        format!(" {uuid}\\n"),
    ] {
        for rest in [
            "",
            r#","name":null"#,
            r#","name":7"#,
            r#","uuid":"another value""#,
        ] {
            let body = format!("\u{feff}{{\"uuid\":\"{written}\"{rest}}} ");
            let team = read_team(&response(203, "text/plain", &body), now());
            assert_eq!(team.map(|team| team.uuid.to_string()), Ok(uuid.to_owned()));
        }
    }
    for body in [
        r#"{"id":88,"name":"Fusion"}"#,
        r#"{"uuid":88}"#,
        r#"{"uuid":""}"#,
    ] {
        let unexpected = ApiError::Transient(Transient::UnexpectedResponse);
        assert_eq!(read_team(&ok(body), now()), Err(unexpected), "{body}");
    }
}

#[test]
fn role_that_this_version_does_not_know_is_none() {
    for (written, expected) in [
        ("\"owner\"", Some(Role::Owner)),
        ("\"Read-Only\"", Some(Role::ReadOnly)),
        ("\"owner\",\"role\":\"another value\"", Some(Role::Owner)),
        ("\"chancellor\"", None),
        ("null,\"role\":\"member\"", Some(Role::Member)),
        ("7", None),
        ("null", Some(Role::NoLongerInTeam)),
        ("{}", None),
    ] {
        let body = format!(r#"{{"role":{written}}}"#);
        assert_eq!(read_role(&ok(body), now()), Ok(expected), "{written}");
    }
}

#[test]
fn error_in_another_format_is_the_networks() {
    use Transient::{
        CaptivePortal, NotPermitted, ProxyNeedsPassword, ServerError, UnexpectedResponse,
    };
    const PAGE: &str = "<html><title>Blocked</title><p>{\"message\":\"no\"}";
    const SERVICE_ERROR: &str = r#"{"message":"This action is unauthorized."}"#;
    for (status, kind, body, expected) in [
        (403, "application/json", SERVICE_ERROR, NotPermitted),
        // The service's format, whatever type a gateway declared.
        (403, "text/html", SERVICE_ERROR, NotPermitted),
        (
            403,
            "text/plain",
            "\u{feff}{\"error\":\"Forbidden.\"} ",
            NotPermitted,
        ),
        (403, "text/html", PAGE, CaptivePortal),
        (403, "application/json", PAGE, CaptivePortal),
        (403, "text/plain", "Blocked by policy", CaptivePortal),
        (403, "text/plain", "", CaptivePortal),
        (
            403,
            "application/xml",
            "<?xml version=\"1.0\"?><Error/>",
            CaptivePortal,
        ),
        (403, "application/json", "{}", UnexpectedResponse),
        (
            403,
            "application/json",
            r#"{"blocked":true}"#,
            UnexpectedResponse,
        ),
        (401, "text/html", PAGE, CaptivePortal),
        (404, "text/html", PAGE, CaptivePortal),
        (
            404,
            "application/json",
            r#"{"error":"Not Found."}"#,
            UnexpectedResponse,
        ),
        (451, "text/html", PAGE, CaptivePortal),
        (451, "text/plain", "", CaptivePortal),
        (418, "text/html", PAGE, CaptivePortal),
        (200, "text/html", PAGE, CaptivePortal),
        (200, "application/json", PAGE, CaptivePortal),
        (200, "text/html", "Log in", CaptivePortal),
        (200, "text/plain", "Log in", UnexpectedResponse),
        (302, "text/html", "", CaptivePortal),
        (511, "text/html", PAGE, CaptivePortal),
        (500, "text/html", PAGE, CaptivePortal),
        (500, "application/json", SERVICE_ERROR, ServerError),
        (502, "text/html", PAGE, ServerError),
        (504, "text/html", PAGE, ServerError),
        (407, "text/html", PAGE, ProxyNeedsPassword),
    ] {
        let response = response(status, kind, body);
        let error = Some(ApiError::Transient(expected));
        assert_eq!(read_user(&response, now()).err(), error, "{status} {body}");
        assert_eq!(
            read_status(&response, now()).err(),
            error,
            "{status} {body}"
        );
    }
    for body in [r#"{"error":"Unauthenticated."}"#, "", "Unauthorized"] {
        let error = read_status(&response(401, "text/html", body), now()).err();
        let is_page = body == "Unauthorized";
        let expected = if is_page {
            ApiError::Transient(CaptivePortal)
        } else {
            ApiError::Unauthenticated
        };
        assert_eq!(error, Some(expected), "{body}");
    }
}

#[test]
fn teams_with_a_uuid_are_listed() {
    let uuid = "6b9c8323-4b54-4bb3-a1c8-68de534368a5";
    let names = |body: String| {
        read_teams(&ok(body), now())
            .map(|teams| teams.into_iter().map(|team| team.name).collect::<Vec<_>>())
    };
    let fusion = format!(r#"{{"uuid":"{uuid}","name":"Fusion","logo":{{"a":[1]}}}}"#);
    let list = |data: &str| format!(r#"{{"object":"paginated_list","data":{data},"links":null}}"#);
    assert_eq!(
        names(list(&format!("[{fusion}]"))),
        Ok(vec!["Fusion".to_owned()])
    );
    assert_eq!(
        names(list(&format!(
            r#"[{{"name":"without"}}, {fusion}, 42, null]"#
        ))),
        Ok(vec!["Fusion".to_owned()])
    );
    assert_eq!(names(list("[]")), Ok(Vec::new()));
    for body in ["{}".to_owned(), list("null"), format!("[{fusion}]")] {
        assert!(read_teams(&ok(&body), now()).is_err(), "{body}");
    }
    let many = vec![fusion.as_str(); 1000].join(",");
    assert_eq!(names(list(&format!("[{many}]"))).unwrap().len(), MAX_TEAMS);
}
