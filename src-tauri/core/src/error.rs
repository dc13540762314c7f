//! The closed list of problems that the window can display, and how errors are logged.
//!
//! A code is added only when the window says something different for it. The wording is in the
//! window's table of words; the technical detail goes to the log.

use std::error::Error;
use std::fmt;

use serde::Serialize;
use specta::Type;

use crate::registration::Field;

/// Identifies a problem that the window has words for. Serialized, it is the value of the window's
/// `data-problem`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The user chose Deny (RFC 6749 §4.1.2.1 `access_denied`).
    AccessDenied,
    /// Amiqus rejected the request itself, which means that the set-up is wrong.
    RequestNotAccepted,
    /// The browser did not come back within ten minutes.
    AttemptExpired,
    /// The authorization code was expired, used or another client's when it was exchanged.
    CodeNotAccepted,
    /// `invalid_client`: the client ID or the client secret is wrong.
    SetUpWrong,
    /// Amiqus can't be reached over the network.
    Offline,
    /// The network's proxy requires a user name and a password (407).
    ProxyNeedsPassword,
    /// The server's certificate isn't trusted by this computer.
    CertificateNotTrusted,
    /// A web page or a redirect came in place of Amiqus's response: a network's login page.
    CaptivePortal,
    /// Amiqus failed to process the request (5xx).
    #[serde(rename = "amiqus_unwell")] // part of the contract with other programs
    ServerError,
    /// Amiqus asks to wait before the next request (429, 503).
    AmiqusBusy,
    /// The response isn't one of Amiqus's: incomplete, or of another format.
    #[serde(rename = "odd_answer")] // part of the contract with other programs
    UnexpectedResponse,
    /// Amiqus answered 403.
    NotPermitted,
    /// The address isn't an authorization response to this app.
    LinkNotOurs,
    /// The address is an authorization response to this app with a part missing.
    LinkIncomplete,
    /// The authorization response belongs to an attempt that is over or never existed.
    LinkTooLate,
    /// A page of the service was pasted in place of the address that follows it.
    LinkBeforeAllow,
    /// The browser came back with an error and without a `state`. The attempt is still pending.
    DeniedWithoutState,
    /// The browser came back with the attempt's `state`, but the response can't be used. The attempt
    /// is still pending.
    AnswerNotUsable,
    /// The system's browser could not be started.
    BrowserDidNotOpen,
    /// The loopback redirect can't be received: another program uses the port.
    PortTaken,
    /// "Add another account" returned an account that is already here.
    AlreadyHere,
    /// The command needs a signed-in account, and there is none.
    NotSignedIn,
    /// The command needs a registration, and there is none.
    NotSetUp,
    /// The command needs the vault, and it is locked.
    VaultLocked,
    /// The command would change the set-up, and a provisioning file is in charge of it.
    SetupManaged,
    /// What an administrator entered is not a valid registration.
    RegistrationInvalid,
    /// The provisioning file exists and can't be read.
    ProvisioningUnreadable,
    /// The provisioning file is neither UTF-8 nor UTF-16.
    ProvisioningNotUtf8,
    /// The provisioning file is not JSON.
    ProvisioningNotJson,
    /// The provisioning file lacks a field, or a field is not valid.
    ProvisioningInvalid,
    /// The provisioning file's owner is neither an administrator nor this user.
    ProvisioningNotTrusted,
    /// The support report could not be written.
    ReportNotSaved,
    /// Another app opens our links, and the system did not change that.
    LinksNotTakenBack,
    /// The setting "start at login" could not be changed.
    StartNotChanged,
    /// A newer version could not be installed.
    UpdateFailed,
    /// The passphrase doesn't open the vault.
    WrongPassphrase,
    /// The new passphrase is too short.
    PassphraseTooShort,
    /// The vault could not be written: the disk is full or read-only.
    CannotSave,
    /// The vault's file is damaged and was set aside.
    VaultDamaged,
    /// The vault's file was written by a newer version of this app and was set aside.
    VaultNewer,
    /// An internal error of this app.
    Internal,
}

/// A problem as the window receives it: a code, and the file or field that it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Problem {
    /// The kind of problem.
    pub code: Code,
    /// The file concerned: the provisioning file, or where a vault was set aside.
    pub file: Option<String>,
    /// The field concerned.
    pub field: Option<Field>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            code,
            file: None,
            field: None,
        }
    }
}

impl Problem {
    /// A problem that concerns a file.
    #[must_use]
    pub fn about_file(code: Code, file: impl Into<String>) -> Self {
        Self {
            code,
            file: Some(file.into()),
            field: None,
        }
    }
}

/// The cause of an error, of any type.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Displays an error and its causes, separated by colons: for a field of a log line, or a report.
/// A cause that the text before it contains already is left out.
///
/// ```
/// use amiqus_core::entropy::EntropyError;
/// use amiqus_core::error::chain;
///
/// let error = EntropyError::new("no such device");
/// assert_eq!(chain(&error).to_string(), "the random source can't be read: no such device");
/// ```
pub fn chain(error: &dyn Error) -> impl fmt::Display {
    fmt::from_fn(move |formatter| {
        let mut shown = error.to_string();
        write!(formatter, "{shown}")?;
        for cause in std::iter::successors(error.source(), |cause| (*cause).source()) {
            let text = cause.to_string();
            if !shown.contains(&text) {
                write!(formatter, ": {text}")?;
            }
            shown = text;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("save failed")]
    struct SaveError(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("write failed: {0}")]
    struct WriteError(#[source] io::Error);

    #[test]
    fn chain_shows_each_cause_once() {
        let full = || io::Error::other("disk full");
        assert_eq!(
            chain(&SaveError(full())).to_string(),
            "save failed: disk full"
        );
        assert_eq!(
            chain(&WriteError(full())).to_string(),
            "write failed: disk full"
        );
    }
}
