use super::*;

fn problem(text: &str) -> Unusable {
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
        assert_eq!(problem(&wrong), Unusable::Invalid(Some(field)));
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let text = "\u{feff}{\"client_id\": \"9f3c\", \"client_secret\": \"s3cret\"}";
    assert!(read(text.as_bytes()).is_ok());
}

#[test]
fn what_is_not_json_is_told_from_json_that_lacks_a_field() {
    for (text, expected) in [
        ("", Unusable::NotJson),
        ("client_id = 9f3c", Unusable::NotJson),
        ("[]", Unusable::Invalid(None)),
        (
            r#"{"client_id": "9f3c"}"#,
            Unusable::Invalid(Some(Field::ClientSecret)),
        ),
        (
            r#"{"client_id": 7, "client_secret": "s"}"#,
            Unusable::Invalid(Some(Field::ClientId)),
        ),
        (
            r#"{"client_id": "9", "client_secret": "s", "base_url": "http://example.com"}"#,
            Unusable::Invalid(Some(Field::BaseUrl)),
        ),
        (
            r#"{"client_id": "9", "client_secret": "s", "pkce": "yes"}"#,
            Unusable::Invalid(Some(Field::Pkce)),
        ),
    ] {
        assert_eq!(problem(text), expected, "{text}");
    }
    assert_eq!(Unusable::NotJson.code(), Code::ProvisioningNotJson);
    let lacks_secret = Unusable::Invalid(Some(Field::ClientSecret));
    assert_eq!(lacks_secret.code(), Code::ProvisioningInvalid);
    assert_eq!(lacks_secret.field(), Some(Field::ClientSecret));
}
