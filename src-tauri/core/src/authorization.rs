//! Sign-in attempts: the authorization request, its `state` and PKCE, and the attempt's lifetime.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::later;
use crate::entropy::{EntropyError, EntropySource};
use crate::registration::{RedirectUrl, Registration};
use crate::secret::secret_text;

#[cfg(test)]
mod tests;

/// How long an attempt lives: as long as an authorization code (Amiqus guide).
pub const ATTEMPT_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How long before its end an attempt can be extended: pressed then, *Open the browser again* starts
/// a fresh one (WCAG 2.2, success criterion 2.2.1 asks for 20 seconds at least).
pub const EXTENSION_WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// Random bytes in a `state` and in a code verifier: 256 bits (RFC 7636 §7.1). They encode to 43
/// characters, the minimum length of a verifier (RFC 7636 §4.1).
const RANDOM_BYTES: usize = 32;

/// The length of a `state` that this app generates, in characters.
pub(crate) const STATE_LENGTH: usize = 43;

secret_text! {
    /// The `state` that binds a redirect to one attempt (RFC 6749 §10.12).
    State
}

impl State {
    /// Compares both in constant time.
    #[must_use]
    pub fn matches(&self, other: &State) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

secret_text! {
    /// The code verifier, which proves that the exchange comes from the app that began the attempt
    /// (RFC 7636 §4.1).
    CodeVerifier
}

impl CodeVerifier {
    /// The S256 challenge for this verifier (RFC 7636 §4.2). `plain` is not supported.
    #[must_use]
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.expose().as_bytes()))
    }
}

/// Identifies an attempt, so that a late response to an earlier one can be recognised. Not a secret:
/// it is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptId(pub(crate) Uuid);

impl std::fmt::Display for AttemptId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A pending attempt. It owns its secrets, which are wiped when it ends.
#[derive(Debug)]
pub struct Attempt {
    pub(crate) id: AttemptId,
    pub(crate) started_at: Timestamp,
    pub(crate) state: State,
    /// `None` if the registration disables PKCE: then neither challenge nor verifier is sent.
    pub(crate) verifier: Option<CodeVerifier>,
    pub(crate) redirect_url: RedirectUrl,
}

impl Attempt {
    /// Begins an attempt with a new `state` and a new verifier.
    ///
    /// # Errors
    /// [`EntropyError`] when the random source can't be read.
    pub fn begin(
        registration: &Registration,
        now: Timestamp,
        entropy: &dyn EntropySource,
    ) -> Result<Self, EntropyError> {
        let mut id = [0; 16];
        entropy.fill(&mut id)?;
        let verifier = if registration.pkce {
            Some(CodeVerifier::new(random_text(entropy)?))
        } else {
            None
        };
        Ok(Self {
            id: AttemptId(uuid::Builder::from_random_bytes(id).into_uuid()),
            started_at: now,
            state: State::new(random_text(entropy)?),
            verifier,
            redirect_url: registration.redirect_url.clone(),
        })
    }

    /// The attempt's ID.
    #[must_use]
    pub fn id(&self) -> AttemptId {
        self.id
    }

    /// When the attempt began.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When the attempt ends.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        later(self.started_at, ATTEMPT_LIFETIME)
    }

    /// From when on a fresh attempt replaces this one where the browser is opened again.
    #[must_use]
    pub fn extendable_from(&self) -> Timestamp {
        self.deadline()
            .saturating_sub(EXTENSION_WINDOW)
            .unwrap_or(Timestamp::MIN)
    }

    /// Whether a redirect can still complete the attempt. It survives a clock that was corrected by
    /// less than the attempt's lifetime; a larger step back ends it, because its age is no longer
    /// known.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.started_at).abs() < ATTEMPT_LIFETIME
    }

    /// The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3). It requests no scope, and contains
    /// neither the client secret nor anything about the user.
    #[must_use]
    pub fn authorization_url(&self, registration: &Registration) -> AuthorizationUrl {
        let mut url = registration.base_url.authorization_endpoint();
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("client_id", registration.client_id.as_str())
                .append_pair("redirect_uri", self.redirect_url.as_str())
                .append_pair("response_type", "code")
                .append_pair("state", self.state.expose());
            if let Some(verifier) = &self.verifier {
                query
                    .append_pair("code_challenge", &verifier.challenge())
                    .append_pair("code_challenge_method", "S256");
            }
        }
        AuthorizationUrl(url)
    }
}

/// The URL of an authorization request. It contains the `state`, so only the browser may see it.
#[derive(Clone)]
pub struct AuthorizationUrl(Url);

impl AuthorizationUrl {
    /// The URL itself, for the one place that opens it.
    #[must_use]
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl std::fmt::Debug for AuthorizationUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AuthorizationUrl(…)")
    }
}

/// Generates 256 random bits, encoded as 43 characters of the URL-safe alphabet.
pub(crate) fn random_text(entropy: &dyn EntropySource) -> Result<String, EntropyError> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    entropy.fill(&mut *bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}
