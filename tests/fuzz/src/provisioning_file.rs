//! The provisioning file, which decides where the client secret is sent.

use std::net::IpAddr;

use amiqus_core::registration::provisioning::{self, ProvisioningError};
use amiqus_core::registration::{Page, Provenance, RedirectKind, Registration, SCHEME};
use amiqus_core::vault::{RecordName, Records, encode_registration};
use serde_json::Value;
use url::{Host, Url};

use crate::{Target, Verdict, api_answer};

pub(crate) const TARGET: Target = Target {
    name: "provisioning_file",
    check,
    verdicts: &["valid", "not UTF-8", "not JSON", "a field", "no fields"],
};

fn check(data: &[u8]) -> Verdict {
    let value = value_in(data);
    match provisioning::read(data) {
        Ok(read) => {
            let Some(value) = value else {
                panic!("valid, and not JSON");
            };
            let registration = &read.registration;
            let entered = |name: &str| value[name].as_str().unwrap_or_default().trim();
            assert_eq!(registration.client_id.as_str(), entered("client_id"));
            assert_eq!(
                registration.client_secret.expose(),
                entered("client_secret")
            );
            assert_eq!(registration.provenance, Provenance::Provisioned);
            assert_eq!(read.policy.autostart, value["autostart"].as_bool());
            assert_eq!(registration.pkce, value["pkce"].as_bool().unwrap_or(true));
            assert_valid(registration);
            assert_survives_the_vault(registration);
            "valid"
        }
        Err(problem @ ProvisioningError::NotUtf8) => {
            assert!(!value.is_some_and(|value| value.is_object()) && problem.field().is_none());
            assert!(str::from_utf8(data).is_err() || data.contains(&0));
            "not UTF-8"
        }
        Err(problem @ ProvisioningError::NotJson(_)) => {
            assert!(value.is_none() && problem.field().is_none());
            "not JSON"
        }
        Err(problem @ ProvisioningError::Invalid(Some(_))) => {
            assert!(value.is_some_and(|value| value.is_object()) && problem.field().is_some());
            "a field"
        }
        Err(ProvisioningError::Invalid(None)) => {
            assert!(value.is_some_and(|value| !value.is_object()));
            "no fields"
        }
    }
}

/// The JSON in the file, in any of the three encodings.
fn value_in(data: &[u8]) -> Option<Value> {
    let utf_16 = |unit: fn([u8; 2]) -> u16| {
        let units = data.chunks(2).map(|pair| pair.try_into().map(unit));
        String::from_utf16(&units.collect::<Result<Vec<_>, _>>().ok()?).ok()
    };
    let texts = [
        String::from_utf8(data.to_vec()).ok(),
        utf_16(u16::from_le_bytes),
        utf_16(u16::from_be_bytes),
    ];
    texts.iter().flatten().find_map(|text| {
        let bare = text.trim_start_matches('\u{feff}').trim_end_matches('\0');
        serde_json::from_str(bare).ok()
    })
}

/// Checks what holds for each valid registration.
pub(crate) fn assert_valid(registration: &Registration) {
    for text in [
        registration.client_id.as_str(),
        registration.client_secret.expose(),
        registration.redirect_url.as_str(),
    ] {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(
            !text.is_empty() && text.len() <= 2048 && is_plain,
            "{text:?}"
        );
    }
    if let Some(organisation) = &registration.organisation {
        assert!(!organisation.is_empty());
        api_answer::assert_plain(organisation);
    }
    let base_url = &registration.base_url;
    for endpoint in [
        base_url.token_endpoint(),
        base_url.authorization_endpoint(),
        base_url.api("me"),
        base_url.page(Page::Amiqus),
        base_url.page(Page::DeveloperSettings),
        base_url.page(Page::TeamApps),
    ] {
        assert_is_safe_for_a_secret(&endpoint);
        assert!(
            endpoint.as_str().starts_with(base_url.as_str()),
            "{endpoint}"
        );
    }
    assert!(base_url.token_endpoint().path().ends_with("/oauth/token"));
    assert_reaches_this_app(registration);
}

/// Checks that an endpoint is https or a loopback address, without user name, query or fragment.
fn assert_is_safe_for_a_secret(endpoint: &Url) {
    let is_here = match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => panic!("{endpoint} has no host"),
    };
    match endpoint.scheme() {
        "https" => {}
        "http" => assert!(is_here, "{endpoint}"),
        other => panic!("{other}"),
    }
    assert!(endpoint.username().is_empty() && endpoint.password().is_none());
    assert!(endpoint.query().is_none() && endpoint.fragment().is_none());
}

/// Checks that the redirect reaches this app: by its scheme, or on a loopback port that an unprivileged
/// program may listen on.
fn assert_reaches_this_app(registration: &Registration) {
    let redirect_url = &registration.redirect_url;
    let text = redirect_url.as_str();
    assert!(!text.contains(['?', '#', '\\']), "{text}");
    let authority = text.split('/').nth(2).unwrap_or_default();
    assert!(!authority.contains('@'), "{text}");
    match redirect_url.kind() {
        RedirectKind::Scheme => {
            let rest = text.strip_prefix(SCHEME);
            let rest = rest.and_then(|rest| rest.strip_prefix("://"));
            assert!(rest.is_some_and(|rest| !rest.starts_with('/')), "{text}");
            assert_eq!(redirect_url.listen_address(), None);
        }
        RedirectKind::Loopback => {
            let Some(address) = redirect_url.listen_address() else {
                panic!("{text} has no listen address");
            };
            let literal = match address.ip() {
                IpAddr::V4(_) => "127.0.0.1",
                IpAddr::V6(_) => "[::1]",
            };
            assert!(
                address.ip().is_loopback() && address.port() >= 1024,
                "{address}"
            );
            let start = format!("http://{literal}:{}/", address.port());
            assert!(text.starts_with(&start), "{text}");
        }
    }
}

/// Checks that a registration is the same after a round trip through the vault.
fn assert_survives_the_vault(registration: &Registration) {
    let written = encode_registration(registration);
    let stored = [(RecordName::Registration.to_string(), written.clone())];
    let decoded = match Records::read(&stored) {
        Ok(records) => records.registration,
        Err(problem) => panic!("{problem}"),
    };
    let Some(decoded) = decoded else {
        panic!("the record can't be read: {registration:?}");
    };
    assert_same(registration, &decoded);
    assert_eq!(encode_registration(&decoded), written);
}

/// Checks that two registrations have the same values.
pub(crate) fn assert_same(one: &Registration, other: &Registration) {
    assert_eq!(one.client_id, other.client_id);
    assert_eq!(one.client_secret.expose(), other.client_secret.expose());
    assert_eq!(one.redirect_url, other.redirect_url);
    assert_eq!(one.base_url, other.base_url);
    assert_eq!(one.organisation, other.organisation);
    assert_eq!(one.pkce, other.pkce);
    assert_eq!(one.provenance, other.provenance);
}
