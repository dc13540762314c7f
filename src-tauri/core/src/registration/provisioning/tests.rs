use super::*;

fn problem(text: &str) -> ProvisioningError {
    match read(text.as_bytes()) {
        Err(problem) => problem,
        Ok(other) => panic!("expected a problem, got {other:?}"),
    }
}

#[test]
fn the_two_required_fields_are_enough() {
    let text = r#"{"client_id": "9f3c", "client_secret": "s3cret"}"#;
    let Provisioned {
        registration,
        policy,
    } = read(text.as_bytes()).unwrap();
    assert_eq!(registration.base_url.as_str(), "https://id.amiqus.co");
    assert_eq!(
        registration.redirect_url.as_str(),
        "co.amiqus.signin://oauth/callback"
    );
    assert!(registration.pkce);
    assert_eq!(registration.provenance, Provenance::Provisioned);
    assert_eq!(policy, Policy::default());
}

#[test]
fn the_file_may_decide_whether_the_app_starts_at_login_and_looks_for_updates() {
    let text =
        |decisions: &str| format!(r#"{{"client_id": "9", "client_secret": "s", {decisions}}}"#);
    let policy = |decisions: &str| read(text(decisions).as_bytes()).unwrap().policy;
    for (written, decided) in [("true", Some(true)), ("false", Some(false)), ("null", None)] {
        let only_autostart = policy(&format!(r#""autostart": {written}"#));
        assert_eq!(only_autostart.autostart, decided);
        assert_eq!(only_autostart.updates, None);
        let only_updates = policy(&format!(r#""updates": {written}"#));
        assert_eq!(only_updates.updates, decided);
        assert_eq!(only_updates.autostart, None);
    }
    for (name, field) in [("autostart", Field::Autostart), ("updates", Field::Updates)] {
        let wrong = text(&format!(r#""{name}": "yes""#));
        assert_eq!(problem(&wrong), ProvisioningError::Invalid(Some(field)));
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let text = "\u{feff}{\"client_id\": \"9f3c\", \"client_secret\": \"s3cret\"}";
    assert!(read(text.as_bytes()).is_ok());
}

const WITH_A_NAME: &str = "{\"client_id\": \"9f3c\", \"client_secret\": \"s3cret\", \"organisation\": \"Søren £ 𝔸 & Co\"}\r\n";

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn utf_32(text: &str, bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().map(u32::from).flat_map(bytes).collect()
}

#[test]
fn encoding_that_leaves_no_doubt_is_read() {
    let marked = format!("\u{feff}{WITH_A_NAME}");
    let marked_twice = format!("\u{feff}\u{feff}{WITH_A_NAME}");
    let padded = format!("{WITH_A_NAME}\0\0\0");
    let indented = format!("\r\n\t{WITH_A_NAME}");
    for text in [WITH_A_NAME, &marked, &marked_twice, &padded, &indented] {
        for bytes in [
            text.as_bytes().to_vec(),
            utf_16(text, u16::to_le_bytes),
            utf_16(text, u16::to_be_bytes),
        ] {
            let registration = read(&bytes).unwrap().registration;
            assert_eq!(registration.client_secret.expose(), "s3cret");
            assert_eq!(
                registration.organisation.unwrap(),
                "Søren £ 𝔸 & Co",
                "{bytes:x?}"
            );
        }
    }
}

#[test]
fn encoding_that_would_have_to_be_guessed_is_named() {
    let marked = format!("\u{feff}{WITH_A_NAME}");
    let little = utf_16(&marked, u16::to_le_bytes);
    let mut broken_surrogate = utf_16("{\"a\": \"", u16::to_le_bytes);
    broken_surrogate.extend(0xd800_u16.to_le_bytes());
    broken_surrogate.extend(utf_16("\"}", u16::to_le_bytes));
    for (what, bytes) in [
        ("Windows-1252", b"{\"organisation\": \"Caf\xe9\"}".to_vec()),
        ("an odd byte", little[..little.len() - 1].to_vec()),
        ("half a surrogate", broken_surrogate),
        ("UTF-32LE", utf_32(WITH_A_NAME, u32::to_le_bytes)),
        ("UTF-32BE", utf_32(WITH_A_NAME, u32::to_be_bytes)),
        ("UTF-32LE with a mark", utf_32(&marked, u32::to_le_bytes)),
        ("UTF-32BE with a mark", utf_32(&marked, u32::to_be_bytes)),
        (
            "UTF-16 after UTF-8",
            [b"{".to_vec(), utf_16("\"a\": 1}", u16::to_le_bytes)].concat(),
        ),
        ("UTF-8 after UTF-16", [little, b"}\n\n".to_vec()].concat()),
        ("a picture", b"\x89PNG\r\n\x1a\n".to_vec()),
    ] {
        assert_eq!(
            read(&bytes).unwrap_err(),
            ProvisioningError::NotUtf8,
            "{what}"
        );
    }
    assert_eq!(ProvisioningError::NotUtf8.code(), Code::ProvisioningNotUtf8);
    assert_eq!(ProvisioningError::NotUtf8.field(), None);
}

#[test]
fn text_that_is_no_json_is_not_blamed_on_its_encoding() {
    for text in [
        "",
        " \r\n",
        "\u{feff}",
        "\0\0\0\0",
        "{“client_id”: “9f3c”, “client_secret”: “s”}",
        "{\"client_id\": \"9\", \"client_secret\": \"s\",}",
        "{\"client_id\": \"9\", \"client_secret\": \"s\"} // ours",
        "{\"client_id\": \"9\" \"client_secret\": \"s\"}",
    ] {
        assert_eq!(problem(text), ProvisioningError::NotJson, "{text:?}");
        let bytes = utf_16(text, u16::to_le_bytes);
        assert_eq!(
            read(&bytes).unwrap_err(),
            ProvisioningError::NotJson,
            "{text:?}"
        );
    }
}

#[test]
fn what_is_not_json_is_told_from_json_that_lacks_a_field() {
    for (text, expected) in [
        ("", ProvisioningError::NotJson),
        ("client_id = 9f3c", ProvisioningError::NotJson),
        ("[]", ProvisioningError::Invalid(None)),
        (
            r#"{"client_id": "9f3c"}"#,
            ProvisioningError::Invalid(Some(Field::ClientSecret)),
        ),
        (
            r#"{"client_id": 7, "client_secret": "s"}"#,
            ProvisioningError::Invalid(Some(Field::ClientId)),
        ),
        (
            r#"{"client_id": "9", "client_secret": "s", "base_url": "http://example.com"}"#,
            ProvisioningError::Invalid(Some(Field::BaseUrl)),
        ),
        (
            r#"{"client_id": "9", "client_secret": "s", "pkce": "yes"}"#,
            ProvisioningError::Invalid(Some(Field::Pkce)),
        ),
    ] {
        assert_eq!(problem(text), expected, "{text}");
    }
    assert_eq!(ProvisioningError::NotJson.code(), Code::ProvisioningNotJson);
    let lacks_secret = ProvisioningError::Invalid(Some(Field::ClientSecret));
    assert_eq!(lacks_secret.code(), Code::ProvisioningInvalid);
    assert_eq!(lacks_secret.field(), Some(Field::ClientSecret));
}
