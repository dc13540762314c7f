//! The requests and responses below `/local/v1`. What is below `/api/v2/` is Amiqus's own.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The path of the local API's own requests.
pub const PATH: &str = "/local/v1";

/// The header that names the account of a request, where there are several: the `id` of an [`Account`].
pub const ACCOUNT_HEADER: &str = "amiqus-account";

/// What a program may do. Each level includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Requests that change nothing: GET and HEAD.
    Read,
    /// Any request.
    Write,
    /// The access token itself.
    Token,
}

/// What programs may be allowed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Programs {
    /// To read.
    Read,
    /// Everything, if the user allows it.
    All,
}

/// The response of `GET /local/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The app's version.
    pub version: String,
    /// What programs may be allowed.
    pub programs: Programs,
    /// Whether IT decides that.
    pub managed: bool,
}

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// It is connected.
    Connected,
    /// Its user must sign in again, in the app.
    SignInAgain,
}

/// An account, in the list that `GET /local/v1/accounts` responds with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Identifies the account in requests.
    pub id: String,
    /// The team's name; `None` while it is unknown.
    pub team: Option<String>,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// Whether it is the one in use in the app's window.
    pub current: bool,
    /// The user's name, for a program that has a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user's e-mail address, for a program that has a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// The body of `POST /local/v1/grants`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// The account's `id`; not needed where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What the program wants to do.
    pub access: Access,
}

/// What the user allowed: the response of `POST /local/v1/grants`, with status 201.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Identifies the grant in `DELETE /local/v1/grants/{id}`. `None` where this request alone was allowed.
    pub id: Option<String>,
    /// The account's `id`.
    pub account: String,
    /// What the program may do.
    pub access: Access,
    /// When it ends, if it isn't used again; `None` where this request alone was allowed.
    pub ends_at: Option<Timestamp>,
}

/// The response of `POST /local/v1/token`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// The access token.
    pub access_token: Secret,
    /// `Bearer`.
    pub token_type: String,
    /// When to ask for another one: the next planned renewal, which ends this one.
    pub expires_at: Timestamp,
    /// The account's `id`.
    pub account: String,
}

/// A text that isn't printed and is wiped when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// A secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_not_printed_and_reaches_the_program() {
        let json = r#"{"access_token":"hush","token_type":"Bearer","expires_at":"2027-03-01T09:00:00Z","account":"1.2"}"#;
        let token: Token = serde_json::from_str(json).unwrap();
        assert!(!format!("{token:?}").contains("hush"));
        assert_eq!(token.access_token.expose(), "hush");
        assert_eq!(serde_json::to_string(&token).unwrap(), json);
    }

    #[test]
    fn grant_request_has_no_other_fields() {
        let read = |json| serde_json::from_str::<GrantRequest>(json);
        let request = read(r#"{"access":"read"}"#).unwrap();
        assert_eq!(request.account, None);
        assert_eq!(request.access, Access::Read);
        for other in [
            "{}",
            r#"{"access":"all"}"#,
            r#"{"access":"read","until":"always"}"#,
            r#"{"access":["read"]}"#,
        ] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}
