use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier};

use super::*;
use crate::entropy::SystemEntropy;
use crate::fixtures::{Counting, attempt, draft, now, registration};
use crate::registration::Provenance;

/// A source that always fails.
struct Unavailable;

impl EntropySource for Unavailable {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError::new("unavailable"))
    }
}

fn query(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// Shows check 2.
#[test]
fn authorization_request_equals_other_implementation() {
    for pkce in [true, false] {
        let mut draft = draft();
        draft.pkce = Some(pkce);
        let registration = draft.validate(Provenance::ByHand).unwrap();
        let attempt = Attempt::begin(&registration, now(), &Counting::default()).unwrap();
        let ours = attempt.authorization_url(&registration).expose().clone();

        let client = BasicClient::new(ClientId::new("9a1c0ffe".to_owned()))
            .set_auth_uri(AuthUrl::new("https://id.amiqus.co/oauth/authorize".to_owned()).unwrap())
            .set_redirect_uri(
                oauth2::RedirectUrl::new(crate::fixtures::REDIRECT.to_owned()).unwrap(),
            );
        let state = attempt.state.expose().to_owned();
        let mut request = client.authorize_url(|| CsrfToken::new(state));
        if let Some(verifier) = &attempt.verifier {
            let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
            request =
                request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        }
        let (theirs, _) = request.url();

        assert_eq!(ours.origin(), theirs.origin());
        assert_eq!(ours.path(), theirs.path());
        assert_eq!(ours.fragment(), None);
        assert_eq!(query(&ours), query(&theirs));
        assert_eq!(ours.query_pairs().count(), if pkce { 6 } else { 4 });
    }
}

/// Shows check 2.
#[test]
fn s256_challenge_equals_the_rfc_and_other_implementation() {
    // RFC 7636, appendix B.
    let verifier = CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(
        verifier.challenge(),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    for _ in 0..100 {
        let ours = Attempt::begin(&registration(), now(), &SystemEntropy).unwrap();
        let verifier = ours.verifier.unwrap();
        let theirs = PkceCodeVerifier::new(verifier.expose().to_owned());
        let theirs = PkceCodeChallenge::from_code_verifier_sha256(&theirs);
        assert_eq!(verifier.challenge(), theirs.as_str());
    }
}

/// Shows checks 5 and 9.
#[test]
fn authorization_request_has_no_scope_secret_or_name() {
    let registration = registration();
    let attempt = attempt(&Counting::default());
    let url = attempt.authorization_url(&registration);
    let text = url.expose().as_str();
    assert!(!text.contains("hush-"));
    assert!(!text.contains(attempt.verifier.as_ref().unwrap().expose()));
    assert_eq!(
        query(url.expose()).into_keys().collect::<Vec<_>>(),
        [
            "client_id",
            "code_challenge",
            "code_challenge_method",
            "redirect_uri",
            "response_type",
            "state"
        ]
    );
}

/// Shows checks 2 and 4.
#[test]
fn attempts_never_share_a_state_or_a_verifier() {
    let mut seen = HashSet::new();
    for _ in 0..2_000 {
        let attempt = Attempt::begin(&registration(), now(), &SystemEntropy).unwrap();
        let verifier = attempt.verifier.as_ref().unwrap().expose();
        assert!(seen.insert(attempt.state.expose().to_owned()));
        assert!(seen.insert(verifier.to_owned()));
        assert!(seen.insert(attempt.id.to_string()));
    }
}

/// Shows checks 2 and 4.
#[test]
fn state_and_verifier_have_256_random_bits() {
    for _ in 0..200 {
        let attempt = Attempt::begin(&registration(), now(), &SystemEntropy).unwrap();
        for text in [
            attempt.state.expose(),
            attempt.verifier.as_ref().unwrap().expose(),
        ] {
            assert_eq!(text.len(), 43);
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            );
            assert_eq!(URL_SAFE_NO_PAD.decode(text).unwrap().len(), 32);
        }
    }
}

/// Shows checks 4 and 5.
#[test]
fn state_is_only_random_bits() {
    let mut drawn = [0; 80];
    Counting::default().fill(&mut drawn).unwrap();
    let attempt = attempt(&Counting::default());
    let state = URL_SAFE_NO_PAD.decode(attempt.state.expose()).unwrap();
    assert!(drawn.windows(state.len()).any(|part| part == state));
}

/// Shows checks 2 and 4.
#[test]
fn attempt_without_randomness_fails() {
    assert!(Attempt::begin(&registration(), now(), &Unavailable).is_err());
}

/// Shows check 4.
#[test]
fn state_matches_only_itself() {
    let state = State::new("st4te");
    assert!(state.matches(&State::new("st4te")));
    for other in ["", "st4t", "st4te ", "st4tee", "ST4TE", "t4te"] {
        assert!(!state.matches(&State::new(other)), "{other:?}");
        assert!(!State::new(other).matches(&state), "{other:?}");
    }
}

/// Shows check 4.
#[test]
fn state_is_compared_in_constant_time() {
    // So long that a comparison that stops at the first difference would be thousands of times faster.
    let text = "s".repeat(64 * 1024);
    let ours = State::new(text.as_str());
    let early = State::new(format!("x{}", &text[1..]));
    let late = State::new(format!("{}x", &text[1..]));
    let fastest = |other: &State| {
        let tries = (0..50).map(|_| {
            let begun = Instant::now();
            assert!(!ours.matches(std::hint::black_box(other)));
            begun.elapsed()
        });
        tries.min().unwrap()
    };
    let (early, late) = (fastest(&early), fastest(&late));
    assert!(
        early * 2 > late && late * 2 > early,
        "{early:?} and {late:?}"
    );
}

/// Shows check 4.
#[test]
fn attempt_lives_for_ten_minutes() {
    let attempt = attempt(&Counting::default());
    let second = SignedDuration::from_secs(1);
    for (at, alive) in [
        // The clock was set back, by a little or by the attempt's whole lifetime.
        (now() - second, true),
        (now() - ATTEMPT_LIFETIME, false),
        (now(), true),
        (now() + ATTEMPT_LIFETIME - second, true),
        (now() + ATTEMPT_LIFETIME, false),
        (Timestamp::MAX, false),
        (Timestamp::MIN, false),
    ] {
        assert_eq!(attempt.is_alive(at), alive, "{at}");
    }
}

#[test]
fn deadline_at_the_end_of_time_does_not_overflow() {
    let mut attempt = attempt(&Counting::default());
    attempt.started_at = Timestamp::MAX;
    assert_eq!(attempt.deadline(), Timestamp::MAX);
}

/// Shows check 42.
#[test]
fn attempt_prints_no_secret() {
    let attempt = attempt(&Counting::default());
    let url = attempt.authorization_url(&registration());
    let printed = format!("{attempt:?} {url:?}");
    assert!(!printed.contains(attempt.state.expose()));
    assert!(!printed.contains(attempt.verifier.as_ref().unwrap().expose()));
    assert!(printed.contains(&attempt.id.to_string()));
}
