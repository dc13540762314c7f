//! Why the app doesn't do what was asked for: problem details (RFC 9457), with a closed list of codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The media type of problem details (RFC 9457 §3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What the types of problems begin with; the code follows.
const TYPE: &str = "urn:amiqus-local:problem:";

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// What kind of problem it is. The names are a contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])+ #[serde(rename = $code)] $variant,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// What it means, for a developer.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    /// The request isn't one of the protocol.
    BadRequest = "bad_request", 400, "The request isn't one of the local API.";
    /// Several accounts are there, and the request names none.
    AccountNeeded = "account_needed", 400, "There are several accounts: name one in the header Amiqus-Account.";
    /// The target isn't below `/api/v2/`, or is written in a way that could be read as another.
    TargetRejected = "target_rejected", 400, "The target isn't a plain path below /api/v2/.";
    /// The request is a browser's.
    BrowserRejected = "browser_rejected", 403, "Web pages can't use the local API.";
    /// IT, or the user's setting, doesn't permit this access.
    NotPermitted = "not_permitted", 403, "This access isn't permitted on this computer.";
    /// The user said no, now or a while ago.
    Refused = "refused", 403, "The user didn't allow it.";
    /// The user didn't answer in time.
    NotAnswered = "not_answered", 403, "Nobody answered the question in the app.";
    /// The user can't be asked: the screen is locked, or the program asked not to.
    CannotAsk = "cannot_ask", 403, "The user can't be asked now.";
    /// There is no such resource of the local API, or no such grant.
    NotFound = "not_found", 404, "There is no such resource in the local API.";
    /// There is no such account.
    NoSuchAccount = "no_such_account", 404, "There is no such account in the app.";
    /// The resource doesn't know this method.
    MethodNotAllowed = "method_not_allowed", 405, "The resource doesn't know this method.";
    /// The account must sign in again, or none is signed in.
    NotSignedIn = "not_signed_in", 409, "Sign in to Amiqus in the app first.";
    /// The body is larger than the app passes on.
    TooLarge = "too_large", 413, "The body is too large.";
    /// Other requests of programs wait for the user's answer.
    TooManyQuestions = "too_many_questions", 429, "Other programs wait for the user's answer.";
    /// Amiqus's limit is reached, but for what the app keeps for itself.
    RateLimited = "rate_limited", 429, "Amiqus's rate limit is reached.";
    /// Amiqus may have received the request, and its response was lost. It isn't sent again.
    ResponseLost = "response_lost", 502, "Amiqus's response was lost; the request may have been carried out.";
    /// There is no connection to Amiqus. The request wasn't sent.
    Offline = "offline", 503, "There is no connection to Amiqus; the request wasn't sent.";
    /// The app's vault is locked: its window asks the user to unlock it.
    Locked = "locked", 503, "The app is locked.";
    /// The app is ending, or beginning again.
    Ending = "ending", 503, "The app is ending.";
    /// Something in the app failed; its log says what.
    Internal = "internal", 500, "Something in the app failed.";
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A problem, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{title} ({code})")]
pub struct Problem {
    /// Identifies the kind of problem.
    pub r#type: String,
    /// What it means, for a developer.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The kind of problem.
    pub code: Code,
    /// More about this one, without secrets and personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            r#type: format!("{TYPE}{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_has_its_own_name_and_an_errors_status() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!((400..600).contains(&code.status()), "{code}");
            let problem = Problem::from(*code);
            let json = serde_json::to_value(&problem).unwrap();
            assert_eq!(json["code"], code.as_str());
            assert_eq!(json["status"], code.status());
            assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
        }
    }
}
