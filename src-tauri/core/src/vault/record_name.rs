//! The names of the vault's records.

use std::fmt;
use std::str::FromStr;

use crate::account::AccountKey;
use crate::program::GrantId;

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
    /// A program's grant.
    Grant(GrantId),
}

impl fmt::Display for RecordName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registration => formatter.write_str("registration"),
            Self::Attempt => formatter.write_str("attempt"),
            Self::Unclaimed => formatter.write_str("unclaimed"),
            Self::Current => formatter.write_str("current"),
            Self::Account(key) => write!(formatter, "account/{key}"),
            Self::Grant(id) => write!(formatter, "grant/{id}"),
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
                let (kind, id) = text.split_once('/').ok_or(ParseRecordNameError)?;
                let name = match kind {
                    "account" => id.parse().ok().map(Self::Account),
                    "grant" => id.parse().ok().map(Self::Grant),
                    _ => None,
                };
                name.ok_or(ParseRecordNameError)
            }
        }
    }
}
