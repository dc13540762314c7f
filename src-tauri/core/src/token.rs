//! The token endpoint: exchange and refresh, exactly as the Amiqus guide's table says.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, StatusCode};
use zeroize::Zeroizing;

use crate::authorization::CodeVerifier;
use crate::error::Code;
use crate::http::{self, ConnectError, RequestError};
use crate::lenient_json::{self as json, Object};
use crate::redirect::AuthorizationCode;
use crate::registration::{RedirectUrl, Registration};
use crate::secret::secret_text;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tolerance_tests;

secret_text! {
    /// What opens the API (RFC 6749 §1.4).
    AccessToken
}

secret_text! {
    /// What renews the access, once (RFC 6749 §1.5; Amiqus guide: single use).
    RefreshToken
}

/// How long an access token lives when the answer doesn't say, or says nonsense: a year (Amiqus
/// guide). To refuse the answer would lose the pair in it, and the old one is dead already.
const USUAL_LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);

/// No lifetime is believed to be longer.
const LONGEST_LIFETIME: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// No lifetime is believed to be shorter: a server that says one second would have this computer
/// refresh without end, and a 401 tells when a token is dead.
const SHORTEST_LIFETIME: SignedDuration = SignedDuration::from_mins(1);

/// How far ahead of its end a long-lived access token is renewed.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A pair of tokens that came in one answer, and its times.
#[derive(Clone)]
pub struct TokenSet {
    /// Opens the API.
    pub access: AccessToken,
    /// Renews the pair, once.
    pub refresh: RefreshToken,
    /// When the answer arrived.
    pub received_at: Timestamp,
    /// How long the access token lives from then on, in whole seconds.
    pub lifetime: SignedDuration,
    /// The redirect URL of the grant: each refresh names it, byte for byte, whatever the
    /// registration says by then.
    pub redirect_url: RedirectUrl,
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenSet")
            .field("received_at", &self.received_at)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl TokenSet {
    /// When the access token ends.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.received_at
            .saturating_add(self.lifetime)
            .unwrap_or(Timestamp::MAX)
    }

    /// When it is to be renewed: 30 days before its end, or at the last tenth of a shorter life.
    /// A clock that was turned back since the pair arrived doesn't put it off: from now on it is
    /// never longer than for a pair that arrived just now.
    #[must_use]
    pub fn renewal_due_at(&self, now: Timestamp) -> Timestamp {
        let arrived = self.received_at.min(now);
        arrived
            .saturating_add(self.lifetime - self.renewal_margin())
            .unwrap_or(Timestamp::MAX)
    }

    /// How far ahead of its end it is renewed.
    #[must_use]
    pub fn renewal_margin(&self) -> SignedDuration {
        RENEWAL_MARGIN.min(self.lifetime / 10)
    }
}

/// Why Amiqus's side didn't work this time; nothing is wrong with the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transient {
    /// No network, no connection, no answer in time.
    Offline,
    /// The network's proxy wants a password.
    ProxyNeedsPassword,
    /// A certificate that this computer doesn't trust.
    CertificateNotTrusted,
    /// A network's own answer in place of Amiqus's: a login page, a filter's page.
    CaptivePortal,
    /// 5xx.
    ServerError,
    /// 429 or 503, and how long to wait where it says.
    Busy(Option<SignedDuration>),
    /// Half an answer, JSON of another shape, far too much of it.
    UnexpectedResponse,
    /// 403, in Amiqus's own words.
    NotPermitted,
}

impl Transient {
    /// Whether the way to Amiqus is at fault, and not Amiqus: then it may work at another place, or a
    /// moment later.
    #[must_use]
    pub fn is_the_networks(self) -> bool {
        matches!(
            self,
            Self::Offline
                | Self::ProxyNeedsPassword
                | Self::CertificateNotTrusted
                | Self::CaptivePortal
        )
    }

    /// What an answer is that says nothing else: the network's, a failure of Amiqus's, a refusal, or
    /// none that can be made sense of.
    pub(crate) fn of_unexpected(answer: &http::Answer) -> Self {
        match answer.status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Self::ProxyNeedsPassword,
            _ if answer.is_from_a_portal() => Self::CaptivePortal,
            _ if answer.is_server_error() => Self::ServerError,
            StatusCode::FORBIDDEN if says_why(answer) => Self::NotPermitted,
            _ => Self::UnexpectedResponse,
        }
    }
}

/// Whether an answer has the shape in which Amiqus refuses.
fn says_why(answer: &http::Answer) -> bool {
    let text = json::decode(&answer.body);
    json::objects(&text)
        .any(|object| object.text("message").is_some() || object.text("error").is_some())
}

impl From<ConnectError> for Transient {
    fn from(connect_error: ConnectError) -> Self {
        match connect_error {
            ConnectError::Unreachable => Self::Offline,
            ConnectError::ProxyNeedsPassword => Self::ProxyNeedsPassword,
            ConnectError::CertificateNotTrusted => Self::CertificateNotTrusted,
        }
    }
}

impl From<Transient> for Code {
    fn from(transient: Transient) -> Self {
        match transient {
            Transient::Offline => Self::Offline,
            Transient::ProxyNeedsPassword => Self::ProxyNeedsPassword,
            Transient::CertificateNotTrusted => Self::CertificateNotTrusted,
            Transient::CaptivePortal => Self::CaptivePortal,
            Transient::ServerError => Self::ServerError,
            Transient::Busy(_) => Self::AmiqusBusy,
            Transient::UnexpectedResponse => Self::UnexpectedResponse,
            Transient::NotPermitted => Self::NotPermitted,
        }
    }
}

/// How the token endpoint failed. This is the one table of what means what; the README has
/// the same as prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// The grant is dead: a code that was used or expired; a refresh token that was used, expired,
    /// revoked or foreign.
    Dead {
        /// Whether Amiqus said that it expired, in place of being used or revoked.
        expired: bool,
    },
    /// `invalid_client`: the client ID or secret is wrong. Accounts are kept.
    SetUpWrong,
    /// The request itself was refused.
    Refused(Refused),
    /// It didn't work this time, and the request can't have been processed: it may be sent again.
    NotProcessed(Transient),
    /// It didn't work this time, and the request may have been processed: the code or the refresh
    /// token may be used up.
    PerhapsProcessed(Transient),
}

impl From<RequestError> for TokenError {
    fn from(problem: RequestError) -> Self {
        match problem {
            RequestError::NotSent(connect_error, _) => Self::NotProcessed(connect_error.into()),
            RequestError::Lost(_) => Self::PerhapsProcessed(Transient::Offline),
            RequestError::TooLarge => Self::PerhapsProcessed(Transient::UnexpectedResponse),
        }
    }
}

/// What of a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Something in it: a field that is not wanted, a code that was never one.
    Request,
    /// Its redirect URL.
    RedirectUrl,
    /// The client may not do this at all (`unauthorized_client`, `unsupported_grant_type`,
    /// `invalid_scope`; RFC 6749 §5.2).
    Client,
}

/// Which of the two grants an answer is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// `authorization_code` (RFC 6749 §4.1.3).
    Code,
    /// `refresh_token` (RFC 6749 §6).
    Refresh,
}

/// Posts an authorization code. The caller hands the code over: it is posted at most once, even
/// after a timeout (RFC 6749 §4.1.2).
///
/// # Errors
/// The [`TokenError`], read by the table above.
pub async fn exchange(
    client: &Client,
    registration: &Registration,
    redirect_url: &RedirectUrl,
    code: AuthorizationCode,
    verifier: Option<CodeVerifier>,
    now: impl Fn() -> Timestamp,
) -> Result<TokenSet, TokenError> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", registration.client_id.as_str()),
        ("client_secret", registration.client_secret.expose()),
        ("code", code.expose()),
        ("redirect_uri", redirect_url.as_str()),
    ];
    if let Some(verifier) = &verifier {
        fields.push(("code_verifier", verifier.expose()));
    }
    post(
        client,
        registration,
        redirect_url,
        Grant::Code,
        None,
        &fields,
        now,
    )
    .await
}

/// Posts a refresh token, once. Whoever calls has journalled the intent.
///
/// # Errors
/// The [`TokenError`], read by the table above.
pub async fn refresh(
    client: &Client,
    registration: &Registration,
    refresh: &RefreshToken,
    redirect_url: &RedirectUrl,
    now: impl Fn() -> Timestamp,
) -> Result<TokenSet, TokenError> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", registration.client_id.as_str()),
        ("client_secret", registration.client_secret.expose()),
        ("refresh_token", refresh.expose()),
        ("redirect_uri", redirect_url.as_str()),
    ];
    post(
        client,
        registration,
        redirect_url,
        Grant::Refresh,
        Some(refresh),
        &fields,
        now,
    )
    .await
}

/// Posts a code that is none, to see what is said of it. `None` when it was taken for one.
pub(crate) async fn probe(
    client: &Client,
    registration: &Registration,
    redirect_url: Option<&RedirectUrl>,
    made_up: &AuthorizationCode,
    now: impl Fn() -> Timestamp,
) -> Option<TokenError> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", registration.client_id.as_str()),
        ("client_secret", registration.client_secret.expose()),
        ("code", made_up.expose()),
    ];
    fields.extend(redirect_url.map(|redirect_url| ("redirect_uri", redirect_url.as_str())));
    let redirect_url = &registration.redirect_url;
    post(
        client,
        registration,
        redirect_url,
        Grant::Code,
        None,
        &fields,
        now,
    )
    .await
    .err()
}

async fn post(
    client: &Client,
    registration: &Registration,
    redirect_url: &RedirectUrl,
    grant: Grant,
    kept: Option<&RefreshToken>,
    fields: &[(&str, &str)],
    now: impl Fn() -> Timestamp,
) -> Result<TokenSet, TokenError> {
    let request = client
        .post(registration.base_url.token_endpoint())
        .form(fields);
    let received = http::send_keeping_part(request).await;
    let http::PartialResponse { answer, cut } = received.map_err(|problem| {
        tracing::warn!(?grant, %problem, "the token endpoint gave no answer");
        TokenError::from(problem)
    })?;
    let Some(problem) = cut else {
        return read(grant, &answer, kept, redirect_url, now());
    };
    tracing::warn!(?grant, %problem, "the token endpoint gave no whole answer");
    // A pair that arrived is a pair, whatever became of the rest. All else in a part says nothing.
    let tokens = read_pair(
        &answer,
        &json::decode(&answer.body),
        kept,
        redirect_url,
        now(),
    );
    tokens.ok_or_else(|| problem.into())
}

/// An error answer (RFC 6749 §5.2), with `hint` as league/oauth2-server adds it.
struct ErrorAnswer {
    error: Zeroizing<String>,
    error_description: Option<Zeroizing<String>>,
    hint: Option<Zeroizing<String>>,
}

/// Reads a whole answer of the token endpoint. `kept` is the refresh token that stays in use when
/// the answer brings no other (RFC 6749 §6), `redirect_url` the grant's.
///
/// # Errors
/// The [`TokenError`], read by the table above.
pub fn read(
    grant: Grant,
    answer: &http::Answer,
    kept: Option<&RefreshToken>,
    redirect_url: &RedirectUrl,
    now: Timestamp,
) -> Result<TokenSet, TokenError> {
    let text = json::decode(&answer.body);
    if let Some(tokens) = read_pair(answer, &text, kept, redirect_url, now) {
        return Ok(tokens);
    }
    let failure = read_failure(grant, answer, &text, now);
    tracing::warn!(
        ?grant,
        status = answer.status.as_u16(),
        ?failure,
        "the token endpoint refused"
    );
    Err(failure)
}

/// The pair in an answer, whole or not: any 2xx with two sound tokens.
fn read_pair(
    answer: &http::Answer,
    text: &str,
    kept: Option<&RefreshToken>,
    redirect_url: &RedirectUrl,
    now: Timestamp,
) -> Option<TokenSet> {
    let mut objects = json::objects(text).filter(|_| answer.status.is_success());
    objects.find_map(|object| read_tokens(&object, kept, redirect_url, now))
}

/// Reads a token answer (RFC 6749 §5.1). The old pair is dead by the time it arrives, so no other
/// member, missing or odd, is a reason to lose the tokens.
fn read_tokens(
    object: &Object<'_>,
    kept: Option<&RefreshToken>,
    redirect_url: &RedirectUrl,
    now: Timestamp,
) -> Option<TokenSet> {
    let mut types = object
        .texts("token_type")
        .filter(|kind| !kind.is_empty())
        .peekable();
    // These need more than the token to be used; whatever else stands there is a bearer's name for it.
    let needs_proof = |kind: &str| {
        ["mac", "dpop"]
            .iter()
            .any(|it| kind.eq_ignore_ascii_case(it))
    };
    let is_bearer = types.peek().is_none() || types.any(|kind| !needs_proof(&kind));
    let sound = |token: &Zeroizing<String>| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let token = |name: &str| object.texts(name).rfind(sound);
    let access = token("access_token").filter(|_| is_bearer)?;
    let refresh = match token("refresh_token") {
        Some(refresh) => RefreshToken::new(refresh.as_str()),
        // One that can't be read, or was cut off, has replaced the old one all the same.
        None if object.is_whole && is_absent(object, "refresh_token") => kept?.clone(),
        None => return None,
    };
    Some(TokenSet {
        access: AccessToken::new(access.as_str()),
        refresh,
        received_at: now,
        lifetime: lifetime(object),
        redirect_url: redirect_url.clone(),
    })
}

fn is_absent(object: &Object<'_>, name: &str) -> bool {
    object
        .words(name)
        .all(|value| value.is_empty() || *value == "null")
}

fn lifetime(object: &Object<'_>) -> SignedDuration {
    object
        .words("expires_in")
        .rev()
        .filter_map(|seconds| seconds.parse::<f64>().ok())
        .filter_map(|seconds| SignedDuration::try_from_secs_f64(seconds.trunc()).ok())
        .find(SignedDuration::is_positive)
        .map_or(USUAL_LIFETIME, |lifetime| {
            lifetime.clamp(SHORTEST_LIFETIME, LONGEST_LIFETIME)
        })
}

fn read_failure(grant: Grant, answer: &http::Answer, text: &str, now: Timestamp) -> TokenError {
    let status = answer.status;
    let busy = || Transient::Busy(http::retry_after(&answer.headers, now));
    match status {
        // A limit is drawn in front of what it protects (RFC 6585 §4).
        StatusCode::TOO_MANY_REQUESTS => return TokenError::NotProcessed(busy()),
        // A gateway says this also of a request that it had passed on.
        StatusCode::SERVICE_UNAVAILABLE => return TokenError::PerhapsProcessed(busy()),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            return TokenError::NotProcessed(Transient::ProxyNeedsPassword);
        }
        _ => {}
    }
    let transient = Transient::of_unexpected(answer);
    if answer.is_server_error() {
        return TokenError::PerhapsProcessed(transient);
    }
    let named = json::objects(text).find_map(|object| read_error(&object));
    if let Some(failure) = named.and_then(|error| meaning(grant, status, &error)) {
        return failure;
    }
    match transient {
        Transient::NotPermitted => TokenError::NotProcessed(transient),
        // Neither whoever answers in place of Amiqus nor what nobody understands says what became of
        // the request.
        _ => TokenError::PerhapsProcessed(transient),
    }
}

fn read_error(object: &Object<'_>) -> Option<ErrorAnswer> {
    Some(ErrorAnswer {
        error: object.text("error")?,
        error_description: object.text("error_description"),
        hint: object.text("hint"),
    })
}

/// What an OAuth error means, whatever status it came with: both server generations, see the table
/// in the service's description. `None` where it is none of OAuth's.
fn meaning(grant: Grant, status: StatusCode, error: &ErrorAnswer) -> Option<TokenError> {
    if status.is_redirection() {
        return None;
    }
    let says = |text: &Option<Zeroizing<String>>, word: &str| {
        text.as_deref()
            .is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    let is_dead = match (error.error.as_str(), grant) {
        ("invalid_grant", _) => true,
        ("invalid_request", Grant::Refresh) => {
            says(&error.error_description, "refresh token is invalid")
                || status == StatusCode::UNAUTHORIZED
                    && (says(&error.error_description, "refresh token") || error.hint.is_some())
        }
        ("invalid_request", Grant::Code) => {
            status != StatusCode::UNAUTHORIZED && says(&error.hint, "authorization code")
        }
        _ => false,
    };
    if is_dead {
        return Some(TokenError::Dead {
            expired: says(&error.hint, "expired"),
        });
    }
    match error.error.as_str() {
        "invalid_client" => Some(TokenError::SetUpWrong),
        "invalid_request" if says(&error.hint, "redirect") => {
            Some(TokenError::Refused(Refused::RedirectUrl))
        }
        "invalid_request" => Some(TokenError::Refused(Refused::Request)),
        "unauthorized_client" | "unsupported_grant_type" | "invalid_scope" => {
            Some(TokenError::Refused(Refused::Client))
        }
        _ => None,
    }
}
