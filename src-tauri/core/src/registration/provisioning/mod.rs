//! The content of a provisioning file, validated like what an administrator enters in the window.
//! Where the file is and who may write to it is the shell's concern.

use serde_json::Value;

use super::{Field, Provenance, Registration, RegistrationDraft};
use crate::error::Code;

mod encoding;

#[cfg(test)]
mod tests;

/// The content of a valid provisioning file.
#[derive(Debug)]
pub struct Provisioned {
    /// The registration.
    pub registration: Registration,
    /// The settings that the administrators decide.
    pub policy: Policy,
}

/// Settings that a provisioning file can decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether the app starts at login; `None` leaves it to the user.
    pub autostart: Option<bool>,
    /// Whether the app may look for updates; `None` means `true`.
    pub updates: Option<bool>,
}

/// Why a provisioning file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProvisioningError {
    /// The text's encoding is not certain.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// The text is not JSON. The cause has the line and the column, and none of the text.
    #[error("the file is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// A field is missing, of another type, or not valid; `None` if the JSON is not an object.
    #[error("a field is not valid: {0:?}")]
    Invalid(Option<Field>),
}

impl ProvisioningError {
    /// The code of the problem that the window displays.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NotUtf8 => Code::ProvisioningNotUtf8,
            Self::NotJson(_) => Code::ProvisioningNotJson,
            Self::Invalid(_) => Code::ProvisioningInvalid,
        }
    }

    /// The field to correct.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        match self {
            Self::NotUtf8 | Self::NotJson(_) => None,
            Self::Invalid(field) => *field,
        }
    }
}

/// Reads a provisioning file.
///
/// # Errors
/// [`ProvisioningError`] when the bytes are not a valid provisioning file; it names the first field
/// that must be corrected.
///
/// ```
/// use amiqus_core::registration::{Field, provisioning};
///
/// let file = br#"{"client_id": "9a1c0ffe", "client_secret": "secret", "autostart": true}"#;
/// let provisioned = provisioning::read(file)?;
/// assert_eq!(provisioned.registration.client_id.as_str(), "9a1c0ffe");
/// assert_eq!(provisioned.policy.autostart, Some(true));
///
/// let error = provisioning::read(br#"{"client_id": "9a1c0ffe"}"#).unwrap_err();
/// assert_eq!(error.field(), Some(Field::ClientSecret));
/// # Ok::<(), provisioning::ProvisioningError>(())
/// ```
pub fn read(bytes: &[u8]) -> Result<Provisioned, ProvisioningError> {
    let text = encoding::decode(bytes).ok_or(ProvisioningError::NotUtf8)?;
    let value: Value = serde_json::from_str(&text).map_err(ProvisioningError::NotJson)?;
    let policy = policy(&value).map_err(ProvisioningError::Invalid)?;
    let draft = draft(&value).map_err(ProvisioningError::Invalid)?;
    let registration = draft
        .validate(Provenance::Provisioned)
        .map_err(|problems| {
            ProvisioningError::Invalid(problems.first().map(|problem| problem.field))
        })?;
    Ok(Provisioned {
        registration,
        policy,
    })
}

fn policy(value: &Value) -> Result<Policy, Option<Field>> {
    let setting = |name: &str, field: Field| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(setting)) => Ok(Some(*setting)),
        Some(_) => Err(Some(field)),
    };
    Ok(Policy {
        autostart: setting("autostart", Field::Autostart)?,
        updates: setting("updates", Field::Updates)?,
    })
}

/// The registration's fields. Unknown fields are ignored: a later version may define them. An error is
/// the first field that is missing or of another type.
fn draft(value: &Value) -> Result<RegistrationDraft, Option<Field>> {
    let fields = value.as_object().ok_or(None)?;
    let text = |name: &str, field: Field| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Some(field)),
    };
    Ok(RegistrationDraft {
        client_id: text("client_id", Field::ClientId)?.ok_or(Some(Field::ClientId))?,
        client_secret: text("client_secret", Field::ClientSecret)?
            .ok_or(Some(Field::ClientSecret))?,
        redirect_url: text("redirect_url", Field::RedirectUrl)?,
        base_url: text("base_url", Field::BaseUrl)?,
        organisation: text("organisation", Field::Organisation)?,
        pkce: match fields.get("pkce") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(pkce)) => Some(*pkce),
            Some(_) => return Err(Some(Field::Pkce)),
        },
    })
}
