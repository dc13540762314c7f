//! Fault injection: the faults, and the plans that say which requests they affect.

mod altered;
mod body;
mod endpoint;
mod fabricated;
mod inject;
mod plans;

pub use endpoint::Endpoint;
pub(crate) use inject::inject;
pub(crate) use plans::FaultPlans;

use serde::{Deserialize, Serialize};

/// The value of a `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP date that is this many seconds ahead of the service's clock.
    HttpDateIn(u64),
    /// A number of seconds that overflows every integer type.
    Absurd,
    /// Text that is neither a number nor a date.
    Nonsense,
}

/// A fault that the service can inject into its response to a request.
///
/// There are three kinds. *Connection* faults close or delay the connection; each says whether the
/// request is processed. *Altered* responses are the real response to the processed request with a
/// change. *Fabricated* responses replace the real one; the request is processed only with
/// [`FaultPlan::after_processing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Connection: closed before the request is processed.
    DropBeforeProcessing,
    /// Connection: the request is processed, then the connection is closed without a response.
    LoseAnswer,
    /// Connection: the request is processed, then the connection is closed after half of the body.
    CutBody,
    /// Connection: the request is processed after a delay, even if the client disconnects before.
    DelayBeforeProcessing {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// Connection: the request is processed at once, and the response is sent after a delay.
    DelayAfterProcessing {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// Connection: the request is processed, and the body is sent at one byte per second.
    SlowBody,
    /// Connection: the request is processed, and the body is sent in small pieces, none of which waits
    /// for the end of the body.
    Trickle {
        /// The size of a piece in bytes.
        bytes: usize,
        /// The time before each piece in milliseconds.
        ms: u64,
    },

    /// Altered: a token set without `access_token`.
    MissingAccessToken,
    /// Altered: a token set without `refresh_token`.
    MissingRefreshToken,
    /// Altered: `"token_type": "mac"`.
    TokenTypeMac,
    /// Altered: `expires_in` as a string.
    ExpiresInString,
    /// Altered: `"expires_in": -1`.
    ExpiresInNegative,
    /// Altered: `"expires_in": 0`.
    ExpiresInZero,
    /// Altered: `expires_in` is [`u64::MAX`], which overflows every date.
    ExpiresInHuge,
    /// Altered: a token set without `expires_in`.
    ExpiresInMissing,
    /// Altered: `expires_in` with a fraction.
    ExpiresInFloat,
    /// Altered: a JSON object with additional, unknown members.
    ExtraFields,
    /// Altered: a JSON object with other values for some of its members.
    OtherFields {
        /// The members and their new values.
        fields: serde_json::Map<String, serde_json::Value>,
    },
    /// Altered: a JSON object with each key twice, with different values.
    DuplicatedKeys,
    /// Altered: a UTF-8 byte order mark before the JSON.
    ByteOrderMark,
    /// Altered: JSON that contains invalid UTF-8.
    InvalidUtf8,
    /// Altered: `Content-Type: text/plain`.
    WrongContentType,
    /// Altered: `Content-Encoding: gzip` with a body that cannot be decompressed.
    GzipGarbage,
    /// Altered: a gzip-compressed body, whatever the request accepts.
    Gzip,
    /// Altered: another status code.
    Status {
        /// The status code.
        code: u16,
    },
    /// Altered: the prefix `)]}',` before the JSON, which some servers send against JSON hijacking.
    LeadingJunk,
    /// Altered: bytes after the JSON.
    TrailingBytes,
    /// Altered: the body encoded as UTF-16.
    Utf16,
    /// Altered: a token set without `token_type`.
    MissingTokenType,
    /// Altered: JSON with an escaped lone surrogate in an additional first member.
    BrokenSurrogate,
    /// Altered: a user or a team whose non-identifying members have wrong JSON types, and whose `id` is
    /// a string.
    OddMembers,
    /// Altered: a page of a list whose `links.next` is another URL, also if there is no next page.
    NextLinkElsewhere {
        /// The URL, by default one of another origin.
        #[serde(default = "default_next_link")]
        url: String,
    },

    /// Fabricated: 500 with a `message`.
    InternalServerError {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// Fabricated: 502 with an HTML body.
    BadGateway {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// Fabricated: 503 with a `message`.
    ServiceUnavailable {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// Fabricated: 429 with a `message`.
    TooManyRequests {
        /// The `Retry-After` header, if any.
        #[serde(default)]
        retry_after: Option<RetryAfter>,
    },
    /// Fabricated: 401 `{"error":"Unauthenticated."}`.
    Unauthenticated,
    /// Fabricated: 403 with a `message`.
    Forbidden,
    /// Fabricated: 404 `{"error":"Not Found."}`.
    NotFound,
    /// Fabricated: 422 with a map of field names to messages.
    UnprocessableContent,
    /// Fabricated: 200 with an HTML page.
    HtmlWith200,
    /// Fabricated: 500 with an HTML page.
    HtmlWith500,
    /// Fabricated: 403 with an HTML page, as a web filter sends it.
    HtmlWith403,
    /// Fabricated: 302 to another URL.
    RedirectElsewhere {
        /// The target of the redirect.
        #[serde(default = "default_location")]
        location: String,
    },
    /// Fabricated: 200 with an empty body.
    EmptyBody,
    /// Fabricated: 200 with `[]`.
    JsonArray,
    /// Fabricated: 200 with `null`.
    JsonNull,
    /// Fabricated: 200 with `"Bearer"`.
    JsonString,
    /// Fabricated: 200 with JSON arrays nested 100,000 levels deep.
    DeepJson,
    /// Fabricated: 200 with 100 MB of JSON.
    HugeBody,
    /// Fabricated: 400 with an `error_description` of 100,000 characters, some of them control characters.
    LongErrorDescription,
    /// Fabricated: 401 `invalid_client`.
    InvalidClient,
    /// Fabricated: the error for a revoked refresh token, in the format of the current [`Generation`].
    ///
    /// [`Generation`]: crate::Generation
    DeadRefreshToken,
    /// Fabricated, at [`Endpoint::Authorize`] only: a redirect to the application with this error.
    AuthorizationError {
        /// The error code: one of RFC 6749 §4.1.2.1, or any other text.
        error: String,
    },
}

fn default_location() -> String {
    "http://127.0.0.1:9/elsewhere".to_owned()
}

fn default_next_link() -> String {
    "http://127.0.0.1:9/api/v2/clients?page=2".to_owned()
}

impl Fault {
    /// One fault of each kind, with example values.
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
            Self::Trickle { bytes: 512, ms: 10 },
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
            Self::NextLinkElsewhere {
                url: default_next_link(),
            },
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
                location: default_location(),
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

    /// A plan that injects the fault into every request to an endpoint.
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

/// A fault and the requests that it affects.
///
/// Its JSON, as in `POST /practice/faults`:
/// `{"endpoints": ["token_refresh"], "fault": "service_unavailable", "retry_after": {"seconds": 5},
/// "times": 2, "after_processing": true}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// The affected endpoints.
    pub endpoints: Vec<Endpoint>,
    /// The injected fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// The number of affected requests; `None` means all until the plan is cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// Whether the request is processed before a fabricated response is sent. Other faults ignore it.
    #[serde(default)]
    pub after_processing: bool,
}

impl FaultPlan {
    /// Adds an endpoint.
    #[must_use]
    pub fn and_at(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Limits the number of affected requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Processes the request before the fabricated response is sent.
    #[must_use]
    pub fn after_processing(mut self) -> Self {
        self.after_processing = true;
        self
    }

    fn applies_to(&self, endpoint: Endpoint) -> bool {
        self.endpoints
            .iter()
            .any(|affected| *affected == endpoint || *affected == Endpoint::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_of_every_fault_survives_a_json_round_trip() {
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
    fn retry_after_can_be_omitted_in_json() {
        let json = r#"{"endpoints":["me"],"fault":"bad_gateway"}"#;
        let plan = Fault::BadGateway { retry_after: None }.at(Endpoint::Me);
        assert_eq!(serde_json::from_str::<FaultPlan>(json).unwrap(), plan);
    }
}
