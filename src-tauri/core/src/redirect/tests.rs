mod mutated;
mod rejected;

use super::*;
use crate::fixtures::{REDIRECT, redirect_url};
use crate::registration::DEFAULT_BASE_URL;

fn parse_link(address: &str) -> Result<AuthorizationResponse, RedirectError> {
    let issuer = BaseUrl::parse(DEFAULT_BASE_URL).unwrap();
    parse(&ReceivedLink::new(address), &redirect_url(), &issuer)
}

fn error(address: &str) -> Option<RedirectError> {
    parse_link(address).err()
}

/// The code and the state of an address that must be a grant.
fn granted(address: &str) -> (String, String) {
    match parse_link(address) {
        Ok(AuthorizationResponse::Granted { code, state }) => {
            (code.expose().to_owned(), state.expose().to_owned())
        }
        other => panic!("{address}: {other:?}"),
    }
}

/// Shows checks 10 and 15.
#[test]
fn grant_is_parsed_whatever_other_parameters_there_are() {
    let expected = ("c0de".to_owned(), "st4te".to_owned());
    for query in [
        "code=c0de&state=st4te",
        "state=st4te&code=c0de",
        "code=c0de&state=st4te&",
        "&&code=c0de&&state=st4te",
        "code=c0de&state=st4te&session_state=x&session_state=y",
        "code=c0de&state=st4te&error=",
        "code=c0de&state=st4te&Code=other&STATE=other",
        "code=c0de&state=st4te&iss=https%3A%2F%2Fid.amiqus.co",
        "code=c0de&state=st4te&iss=https://id.amiqus.co",
        "code=c0de&state=st4te&iss=https://id.amiqus.co/",
        "%63ode=c0d%65&state=st4te",
    ] {
        assert_eq!(granted(&format!("{REDIRECT}?{query}")), expected, "{query}");
    }
}

#[test]
fn code_is_decoded_once() {
    let (code, _) = granted(&format!("{REDIRECT}?code=a%2Bb+c%2525&state=s"));
    assert_eq!(code, "a+b c%25");
}

#[test]
fn code_of_real_length_is_parsed() {
    let real = "d".repeat(860);
    assert_eq!(granted(&format!("{REDIRECT}?code={real}&state=s")).0, real);
}

/// Shows check 12.
#[test]
fn each_error_of_the_rfc_is_distinguished() {
    use AuthorizationError as E;
    for (name, expected) in [
        ("access_denied", E::AccessDenied),
        ("invalid_request", E::InvalidRequest),
        ("unauthorized_client", E::UnauthorizedClient),
        ("unsupported_response_type", E::UnsupportedResponseType),
        ("invalid_scope", E::InvalidScope),
        ("server_error", E::ServerError),
        ("temporarily_unavailable", E::TemporarilyUnavailable),
        ("access_denied ", E::Other),
        ("ACCESS_DENIED", E::Other),
        ("<script>", E::Other),
    ] {
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let address = format!("{REDIRECT}?error={name}&error_description=No&hint=None&state=st4te");
        match parse_link(&address) {
            Ok(AuthorizationResponse::Denied { error, state }) => {
                assert_eq!(error, expected, "{name}");
                assert_eq!(state.expose(), "st4te");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Shows check 42.
#[test]
fn redirect_error_prints_nothing_of_the_address() {
    for address in [
        "hush://x",
        &format!("{REDIRECT}?code=hush&code=hush&state=hush"),
    ] {
        let error = error(address).unwrap();
        assert!(!format!("{error} {error:?}").contains("hush"));
    }
}

/// Shows check 42.
#[test]
fn response_prints_no_secret() {
    let received = ReceivedLink::new(format!("{REDIRECT}?code=hush-code&state=hush-state"));
    let response = parse_link(received.expose()).unwrap();
    assert!(!format!("{received:?} {response:?}").contains("hush"));
}
