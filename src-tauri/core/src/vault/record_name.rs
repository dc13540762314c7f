//! The names of the vault's records.

use std::fmt;
use std::str::FromStr;

use crate::account::AccountKey;

/// The name of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordName {
    /// The registration.
    Registration,
    /// The pending attempt, so that a link that starts the app can complete it.
    Attempt,
    /// Tokens whose owner isn't known yet.
    Unclaimed,
    /// The key of the current account.
    Current,
    /// An account.
    Account(AccountKey),
}

impl fmt::Display for RecordName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registration => formatter.write_str("registration"),
            Self::Attempt => formatter.write_str("attempt"),
            Self::Unclaimed => formatter.write_str("unclaimed"),
            Self::Current => formatter.write_str("current"),
            Self::Account(key) => write!(formatter, "account/{key}"),
        }
    }
}

/// The text is not the `Display` form of a [`RecordName`] that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a record name")]
pub struct ParseRecordNameError;

impl FromStr for RecordName {
    type Err = ParseRecordNameError;

    fn from_str(text: &str) -> Result<Self, ParseRecordNameError> {
        match text {
            "registration" => Ok(Self::Registration),
            "attempt" => Ok(Self::Attempt),
            "unclaimed" => Ok(Self::Unclaimed),
            "current" => Ok(Self::Current),
            text => {
                let key = text.strip_prefix("account/").ok_or(ParseRecordNameError)?;
                key.parse()
                    .map(Self::Account)
                    .map_err(|_| ParseRecordNameError)
            }
        }
    }
}
