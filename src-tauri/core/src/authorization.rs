//! One attempt at signing in: its URL, its `state`, its PKCE, its ten minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::entropy::{EntropyError, EntropySource};
use crate::registration::{RedirectUrl, Registration};
use crate::secret::secret_text;

#[cfg(test)]
mod tests;

/// How long an attempt lives. A code lives as long (Amiqus guide), and so does `state`.
pub const ATTEMPT_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Random bytes in a `state` and in a code verifier: 256 bits (RFC 7636 §7.1), which make 43
/// characters, the shortest verifier that is allowed (RFC 7636 §4.1).
const RANDOM_BYTES: usize = 32;

/// The characters of a `state` of ours.
pub(crate) const STATE_LENGTH: usize = 43;

secret_text! {
    /// The `state` that ties a redirect to one attempt (RFC 6749 §10.12).
    State
}

impl State {
    /// Whether both are the same, in a time that doesn't tell where they differ.
    #[must_use]
    pub fn matches(&self, other: &State) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

secret_text! {
    /// The verifier that proves who began the attempt (RFC 7636 §4.1).
    CodeVerifier
}

impl CodeVerifier {
    /// The S256 challenge for this verifier (RFC 7636 §4.2). `plain` is not offered.
    #[must_use]
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.expose().as_bytes()))
    }
}

/// The name of an attempt, by which late answers are told apart. It is not a secret and goes into
/// the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptId(pub(crate) Uuid);

impl std::fmt::Display for AttemptId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A pending attempt. It owns its secrets: when the attempt is over they are gone.
#[derive(Debug)]
pub struct Attempt {
    pub(crate) id: AttemptId,
    pub(crate) started_at: Timestamp,
    pub(crate) state: State,
    /// `None` when the registration switches PKCE off: then neither challenge nor verifier is sent.
    pub(crate) verifier: Option<CodeVerifier>,
    pub(crate) redirect_url: RedirectUrl,
}

impl Attempt {
    /// Begins an attempt with a `state` and a verifier of its own.
    ///
    /// # Errors
    /// [`EntropyError`] when the system has none to give.
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

    /// Its name.
    #[must_use]
    pub fn id(&self) -> AttemptId {
        self.id
    }

    /// When it began.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When it ends.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.started_at
            .saturating_add(ATTEMPT_LIFETIME)
            .unwrap_or(Timestamp::MAX)
    }

    /// Whether it can still be answered. A clock that was set right meanwhile, by less than the
    /// attempt's life, does it no harm; one that was turned back further ends it, because its age
    /// can't be told any more.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.started_at).abs() < ATTEMPT_LIFETIME
    }

    /// The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3). No scope is asked for, and
    /// nothing in it is a secret or says who the person is.
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

/// The address of an authorization request, for the browser alone: its `state` is in it.
#[derive(Clone)]
pub struct AuthorizationUrl(Url);

impl AuthorizationUrl {
    /// The address itself, for the one place that opens it.
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

/// 256 random bits as 43 characters of the url-safe alphabet.
pub(crate) fn random_text(entropy: &dyn EntropySource) -> Result<String, EntropyError> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    entropy.fill(&mut *bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}
