//! The closed list of what can go wrong, as far as the window is concerned.
//!
//! A code is added only when the window says something different for it. The wording lives in
//! the window's table of words; the technical detail goes to the log.

use serde::Serialize;
use specta::Type;

/// What went wrong, as a name the window has words for. As text it is the value of the window's
/// `data-problem`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The person chose Deny (RFC 6749 §4.1.2.1 `access_denied`).
    AccessDenied,
    /// Amiqus did not accept the authorization request itself: the set-up is to blame.
    RequestNotAccepted,
    /// Ten minutes went by without an answer from the browser.
    AttemptExpired,
    /// The authorization code was expired, used or foreign when it was posted.
    CodeNotAccepted,
    /// `invalid_client`: the client ID or the client secret is wrong.
    SetUpWrong,
    /// Amiqus can't be reached over the network.
    Offline,
    /// The network's proxy wants a name and a password first (407).
    ProxyNeedsPassword,
    /// What answered in Amiqus's place has a certificate that this computer doesn't trust.
    CertificateNotTrusted,
    /// A page for people or a redirect came in place of Amiqus's answer: a network's login page.
    CaptivePortal,
    /// Amiqus answers, but with a fault of its own (5xx).
    #[serde(rename = "amiqus_unwell")] // outside tools know it by this name
    ServerError,
    /// Amiqus asks to be left alone for a while (429, 503).
    AmiqusBusy,
    /// Something answered that doesn't speak as Amiqus does: half an answer, another kind.
    #[serde(rename = "odd_answer")] // outside tools know it by this name
    UnexpectedResponse,
    /// Amiqus answered 403.
    NotPermitted,
    /// An address that is not an answer to this app.
    LinkNotOurs,
    /// An address of ours with a part missing.
    LinkIncomplete,
    /// An answer to an attempt that is over, or to one that was never made.
    LinkTooLate,
    /// A page of the service, pasted in place of the address that comes after it.
    LinkBeforeAllow,
    /// The browser came back with an error and without a `state`. The attempt is still pending.
    DeniedWithoutState,
    /// The browser came back with the attempt's own `state`, and with nothing that can be used. The
    /// attempt is still pending.
    AnswerNotUsable,
    /// The system's browser could not be started.
    BrowserDidNotOpen,
    /// Nobody can listen where the browser's answer would arrive: another program has the port.
    PortTaken,
    /// "Add another account" came back as one that is here already.
    AlreadyHere,
    /// Asked for something that needs a signed-in account, and there is none.
    NotSignedIn,
    /// Asked for something that needs a registration, and there is none.
    NotSetUp,
    /// Asked for something that needs the vault, and it is not open.
    VaultLocked,
    /// Asked for a change of the set-up, and the provisioning file is in charge of it.
    SetupManaged,
    /// What an administrator entered is not a valid registration.
    RegistrationInvalid,
    /// The provisioning file is there and can't be read.
    ProvisioningUnreadable,
    /// The provisioning file's text is neither UTF-8 nor UTF-16.
    ProvisioningNotUtf8,
    /// The provisioning file is not JSON.
    ProvisioningNotJson,
    /// The provisioning file lacks a field or has one that is not valid.
    ProvisioningInvalid,
    /// The provisioning file belongs to somebody who is neither an administrator nor this person.
    ProvisioningNotTrusted,
    /// The report for support could not be written.
    ReportNotSaved,
    /// Another app opens our links, and the system would not change that.
    LinksNotTakenBack,
    /// Whether the app starts at login could not be changed.
    StartNotChanged,
    /// A newer version was not installed.
    UpdateFailed,
    /// The passphrase doesn't open the vault.
    WrongPassphrase,
    /// The passphrase chosen is too short.
    PassphraseTooShort,
    /// The vault could not be written: the disk is full, or read-only.
    CannotSave,
    /// The vault's file is damaged and was set aside.
    VaultDamaged,
    /// The vault's file was written by a newer version of this app and was set aside.
    VaultNewer,
    /// A fault of this app's own.
    Internal,
}

/// A problem as the window is told of it: a code, and where it has one, what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// The file that it is about: the provisioning file, or where a vault was set aside.
    pub file: Option<String>,
    /// The field that it is about.
    pub field: Option<crate::registration::Field>,
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
    /// The same problem, said to be about this file.
    #[must_use]
    pub fn about_file(code: Code, file: impl Into<String>) -> Self {
        Self {
            code,
            file: Some(file.into()),
            field: None,
        }
    }
}
