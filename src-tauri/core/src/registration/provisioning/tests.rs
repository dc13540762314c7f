use super::*;

/// The code and the field of the error with which the file is rejected.
fn rejection(bytes: impl AsRef<[u8]>) -> (Code, Option<Field>) {
    let error = read(bytes.as_ref()).unwrap_err();
    (error.code(), error.field())
}

fn invalid(field: Option<Field>) -> (Code, Option<Field>) {
    (Code::ProvisioningInvalid, field)
}

const NOT_UTF_8: (Code, Option<Field>) = (Code::ProvisioningNotUtf8, None);
const NOT_JSON: (Code, Option<Field>) = (Code::ProvisioningNotJson, None);

#[test]
fn two_required_fields_are_enough() {
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
fn policy_for_autostart_and_updates_is_read() {
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
        let invalid_text = text(&format!(r#""{name}": "yes""#));
        assert_eq!(rejection(&invalid_text), invalid(Some(field)));
    }
}

#[test]
fn byte_order_mark_is_ignored() {
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
fn utf_8_and_utf_16_are_read() {
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
fn uncertain_encoding_is_rejected() {
    let marked = format!("\u{feff}{WITH_A_NAME}");
    let little = utf_16(&marked, u16::to_le_bytes);
    let mut broken_surrogate = utf_16("{\"a\": \"", u16::to_le_bytes);
    broken_surrogate.extend(0xd800_u16.to_le_bytes());
    broken_surrogate.extend(utf_16("\"}", u16::to_le_bytes));
    for (what, bytes) in [
        ("Windows-1252", b"{\"organisation\": \"Caf\xe9\"}".to_vec()),
        (
            "a single byte at the end",
            little[..little.len() - 1].to_vec(),
        ),
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
        assert_eq!(rejection(bytes), NOT_UTF_8, "{what}");
    }
}

#[test]
fn text_that_is_not_json_is_not_blamed_on_its_encoding() {
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
        assert_eq!(rejection(text), NOT_JSON, "{text:?}");
        let bytes = utf_16(text, u16::to_le_bytes);
        assert_eq!(rejection(bytes), NOT_JSON, "{text:?}");
    }
}

#[test]
fn error_names_the_invalid_field() {
    for (text, expected) in [
        ("", NOT_JSON),
        ("client_id = 9f3c", NOT_JSON),
        ("[]", invalid(None)),
        (
            r#"{"client_id": "9f3c"}"#,
            invalid(Some(Field::ClientSecret)),
        ),
        (
            r#"{"client_id": 7, "client_secret": "s"}"#,
            invalid(Some(Field::ClientId)),
        ),
        (
            r#"{"client_id": "9", "client_secret": "s", "base_url": "http://example.com"}"#,
            invalid(Some(Field::BaseUrl)),
        ),
        (
            r#"{"client_id": "9", "client_secret": "s", "pkce": "yes"}"#,
            invalid(Some(Field::Pkce)),
        ),
    ] {
        assert_eq!(rejection(text), expected, "{text}");
    }
}

/// Shows check 42.
#[test]
fn error_prints_nothing_of_the_file() {
    for text in [
        "{\"client_secret\": hush}",
        "{\"client_secret\": \"hush\" \"hush\"}",
        "{\"client_id\": \"9\", \"client_secret\": \"hush hush\"}",
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        let printed = format!("{} {error:?}", crate::error::chain(&error));
        assert!(!printed.contains("hush"), "{printed}");
    }
}
