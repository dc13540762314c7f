//! What can go wrong, on demand.

mod answers;
mod board;

pub(crate) use answers::perform;
pub(crate) use board::Faults;

use serde::{Deserialize, Serialize};

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `/oauth/authorize`, the page and the answer to it.
    Authorize,
    /// `/oauth/token` with any grant but `refresh_token`.
    TokenExchange,
    /// `/oauth/token` with `grant_type=refresh_token`.
    TokenRefresh,
    /// `/api/v2/me`.
    Me,
    /// `/api/v2/team`.
    Team,
    /// `/api/v2/team/me`.
    TeamMe,
    /// `/api/v2/status`.
    Status,
    /// All of them.
    Any,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 8] = [
        Self::Authorize,
        Self::TokenExchange,
        Self::TokenRefresh,
        Self::Me,
        Self::Team,
        Self::TeamMe,
        Self::Status,
        Self::Any,
    ];

    /// The endpoint that a request goes to.
    pub(crate) fn of(path: &str, form: &[(String, String)]) -> Option<Self> {
        match path {
            "/oauth/authorize" => Some(Self::Authorize),
            "/oauth/token" => {
                let is_refresh = form
                    .iter()
                    .any(|(name, value)| name == "grant_type" && value == "refresh_token");
                Some(if is_refresh {
                    Self::TokenRefresh
                } else {
                    Self::TokenExchange
                })
            }
            "/api/v2/me" => Some(Self::Me),
            "/api/v2/team" => Some(Self::Team),
            "/api/v2/team/me" => Some(Self::TeamMe),
            "/api/v2/status" => Some(Self::Status),
            _ => None,
        }
    }
}

/// When an answer asks to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// In so many seconds.
    Seconds(u64),
    /// At an HTTP date so many seconds ahead of the service's clock.
    HttpDateIn(u64),
    /// In a number of seconds that fits into no integer.
    Absurd,
    /// In words that are neither a number nor a date.
    Nonsense,
}

/// One thing that can go wrong.
///
/// Faults come in three families. *Connection* faults say in their names whether the request is
/// processed. *Spoilt answers* process the request and then spoil the true answer. *False answers*
/// stand in for the true one: the request is only processed if the plan says so with
/// [`FaultPlan::after_processing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Connection: closed before the request is processed.
    DropBeforeProcessing,
    /// Connection: the request is processed and the connection closed without an answer.
    LoseAnswer,
    /// Connection: the request is processed; half of the body arrives, then the connection closes.
    CutBody,
    /// Connection: the request is processed after a while, even when the caller has gone by then.
    DelayBeforeProcessing {
        /// The while, in milliseconds.
        ms: u64,
    },
    /// Connection: the request is processed at once and answered after a while.
    DelayAfterProcessing {
        /// The while, in milliseconds.
        ms: u64,
    },
    /// Connection: the request is processed; the body arrives a byte a second.
    SlowBody,

    /// Spoilt: a token set without `access_token`.
    MissingAccessToken,
    /// Spoilt: a token set without `refresh_token`.
    MissingRefreshToken,
    /// Spoilt: `"token_type": "mac"`.
    TokenTypeMac,
    /// Spoilt: `expires_in` as a string.
    ExpiresInString,
    /// Spoilt: `expires_in` below zero.
    ExpiresInNegative,
    /// Spoilt: `"expires_in": 0`.
    ExpiresInZero,
    /// Spoilt: `expires_in` as a number that fits into 64 bits, but not into any calendar.
    ExpiresInHuge,
    /// Spoilt: no `expires_in`.
    ExpiresInMissing,
    /// Spoilt: `expires_in` with a fraction.
    ExpiresInFloat,
    /// Spoilt: fields that nobody knows are added.
    ExtraFields,
    /// Spoilt: fields of the answer have other values.
    OtherFields {
        /// The fields, with the values in place of the true ones.
        fields: serde_json::Map<String, serde_json::Value>,
    },
    /// Spoilt: each key is there twice, with two values.
    DuplicatedKeys,
    /// Spoilt: a byte order mark before the JSON.
    ByteOrderMark,
    /// Spoilt: bytes that are no UTF-8 within the JSON.
    InvalidUtf8,
    /// Spoilt: the true body with `Content-Type: text/plain`.
    WrongContentType,
    /// Spoilt: `Content-Encoding: gzip` over something else.
    GzipGarbage,
    /// Spoilt: the true body, compressed with gzip unasked.
    Gzip,
    /// Spoilt: the true body with another status.
    Status {
        /// The status.
        code: u16,
    },
    /// Spoilt: what some servers put before JSON so that no page can run it.
    LeadingJunk,
    /// Spoilt: bytes after the JSON.
    TrailingBytes,
    /// Spoilt: the true body as UTF-16.
    Utf16,
    /// Spoilt: a token set without `token_type`.
    MissingTokenType,
    /// Spoilt: half of a surrogate pair, escaped, in a member before the others.
    BrokenSurrogate,
    /// Spoilt: a person's or a team's members other than the identifying ones are null, numbers or
    /// text where they shouldn't be, and the user's number is text.
    OddMembers,

    /// False: 500 with a `message`.
    InternalServerError {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// False: 502 with an HTML body.
    BadGateway {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// False: 503, maintenance.
    ServiceUnavailable {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// False: 429.
    TooManyRequests {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// False: 401 `{"error":"Unauthenticated."}`.
    Unauthenticated,
    /// False: 403 with a `message`.
    Forbidden,
    /// False: 404 `{"error":"Not Found."}`.
    NotFound,
    /// False: 422 with a map of paths to messages.
    UnprocessableContent,
    /// False: an HTML page with 200.
    HtmlWith200,
    /// False: an HTML page with 500.
    HtmlWith500,
    /// False: the page of a web filter, with 403.
    HtmlWith403,
    /// False: 302 to somewhere else.
    RedirectElsewhere {
        /// Where to.
        #[serde(default = "elsewhere")]
        location: String,
    },
    /// False: 200 with nothing.
    EmptyBody,
    /// False: `[]`.
    JsonArray,
    /// False: `null`.
    JsonNull,
    /// False: `"Bearer"`.
    JsonString,
    /// False: JSON that is nested 100,000 deep.
    DeepJson,
    /// False: 100 MB of JSON.
    HugeBody,
    /// False: 400 with an `error_description` of 100,000 characters, some of them control characters.
    LongErrorDescription,
    /// False: the client ID or the secret is wrong.
    InvalidClient,
    /// False: the refresh token is dead, in the shape of the generation.
    DeadRefreshToken,
    /// False, at the authorisation page only: back to the application with this error code.
    AuthorizationError {
        /// One of the codes of RFC 6749 §4.1.2.1, or anything else.
        error: String,
    },
}

fn elsewhere() -> String {
    "http://127.0.0.1:9/elsewhere".to_owned()
}

impl Fault {
    /// One of each, with examples of their details.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let retry_after = Some(RetryAfter::Seconds(30));
        vec![
            Self::DropBeforeProcessing,
            Self::LoseAnswer,
            Self::CutBody,
            Self::DelayBeforeProcessing { ms: 500 },
            Self::DelayAfterProcessing { ms: 500 },
            Self::SlowBody,
            Self::MissingAccessToken,
            Self::MissingRefreshToken,
            Self::TokenTypeMac,
            Self::ExpiresInString,
            Self::ExpiresInNegative,
            Self::ExpiresInZero,
            Self::ExpiresInHuge,
            Self::ExpiresInMissing,
            Self::ExpiresInFloat,
            Self::ExtraFields,
            Self::OtherFields {
                fields: serde_json::Map::from_iter([("name".to_owned(), "bob@example.com".into())]),
            },
            Self::DuplicatedKeys,
            Self::ByteOrderMark,
            Self::InvalidUtf8,
            Self::WrongContentType,
            Self::GzipGarbage,
            Self::Gzip,
            Self::Status { code: 201 },
            Self::LeadingJunk,
            Self::TrailingBytes,
            Self::Utf16,
            Self::MissingTokenType,
            Self::BrokenSurrogate,
            Self::OddMembers,
            Self::InternalServerError { retry_after },
            Self::BadGateway { retry_after },
            Self::ServiceUnavailable { retry_after },
            Self::TooManyRequests { retry_after },
            Self::Unauthenticated,
            Self::Forbidden,
            Self::NotFound,
            Self::UnprocessableContent,
            Self::HtmlWith200,
            Self::HtmlWith500,
            Self::HtmlWith403,
            Self::RedirectElsewhere {
                location: elsewhere(),
            },
            Self::EmptyBody,
            Self::JsonArray,
            Self::JsonNull,
            Self::JsonString,
            Self::DeepJson,
            Self::HugeBody,
            Self::LongErrorDescription,
            Self::InvalidClient,
            Self::DeadRefreshToken,
            Self::AuthorizationError {
                error: "temporarily_unavailable".to_owned(),
            },
        ]
    }

    /// Plans the fault at one endpoint, until it is cleared.
    #[must_use]
    pub fn at(self, endpoint: Endpoint) -> FaultPlan {
        FaultPlan {
            endpoints: vec![endpoint],
            fault: self,
            times: None,
            after_processing: false,
        }
    }
}

/// A fault, and when it strikes.
///
/// As JSON, for `POST /practice/faults`:
/// `{"endpoints": ["token_refresh"], "fault": "service_unavailable", "retry_after": {"seconds": 5},
/// "times": 2, "after_processing": true}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// Where it strikes.
    pub endpoints: Vec<Endpoint>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// How often; `None` means until it is cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// Whether a false answer comes after the request was processed. For other faults it means
    /// nothing.
    #[serde(default)]
    pub after_processing: bool,
}

impl FaultPlan {
    /// The fault strikes at this endpoint, too.
    #[must_use]
    pub fn and_at(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// The fault strikes so many times and is over then.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The request is processed before the false answer is sent.
    #[must_use]
    pub fn after_processing(mut self) -> Self {
        self.after_processing = true;
        self
    }

    fn strikes_at(&self, endpoint: Endpoint) -> bool {
        self.endpoints
            .iter()
            .any(|other| *other == endpoint || *other == Endpoint::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_known_by_name() {
        for fault in Fault::all() {
            let plan = fault.at(Endpoint::Me).times(1);
            let json = serde_json::to_string(&plan).unwrap();
            assert_eq!(
                serde_json::from_str::<FaultPlan>(&json).unwrap(),
                plan,
                "{json}"
            );
        }
    }

    #[test]
    fn details_of_a_fault_can_be_left_out() {
        let json = r#"{"endpoints":["me"],"fault":"bad_gateway"}"#;
        let plan = Fault::BadGateway { retry_after: None }.at(Endpoint::Me);
        assert_eq!(serde_json::from_str::<FaultPlan>(json).unwrap(), plan);
    }
}
