//! What IT's provisioning file says: its bytes, read as strictly as what an administrator enters in
//! the window. Where the file lies and who may write to it, the shell knows.

use serde_json::Value;

use super::{Field, Provenance, Registration, RegistrationDraft};
use crate::error::Code;

mod text;

#[cfg(test)]
mod tests;

/// A provisioning file that can be used.
#[derive(Debug)]
pub struct Provisioned {
    /// The registration.
    pub registration: Registration,
    /// What IT decides besides.
    pub policy: Policy,
}

/// What IT decides besides the registration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether the app starts at login; `None` leaves it to the person.
    pub autostart: Option<bool>,
    /// Whether the app may look for a newer version of itself; `None` is as good as `true`.
    pub updates: Option<bool>,
}

/// Why a provisioning file can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProvisioningError {
    /// Its text is in an encoding that can only be guessed at.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It is not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// A field is missing, of another type, or not valid; `None` where there are no fields at all.
    #[error("a field is not valid: {0:?}")]
    Invalid(Option<Field>),
}

impl ProvisioningError {
    /// What the window is told.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::NotUtf8 => Code::ProvisioningNotUtf8,
            Self::NotJson => Code::ProvisioningNotJson,
            Self::Invalid(_) => Code::ProvisioningInvalid,
        }
    }

    /// The field to mend.
    #[must_use]
    pub fn field(self) -> Option<Field> {
        match self {
            Self::NotUtf8 | Self::NotJson => None,
            Self::Invalid(field) => field,
        }
    }
}

/// Reads the bytes of a provisioning file.
///
/// # Errors
/// [`ProvisioningError`], with the first field that must be mended.
pub fn read(bytes: &[u8]) -> Result<Provisioned, ProvisioningError> {
    let text = text::text_of(bytes)?;
    let value: Value = serde_json::from_str(&text).map_err(|_| ProvisioningError::NotJson)?;
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

/// What the file decides besides the registration.
fn policy(value: &Value) -> Result<Policy, Option<Field>> {
    let decision = |name: &str, field: Field| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(decision)) => Ok(Some(*decision)),
        Some(_) => Err(Some(field)),
    };
    Ok(Policy {
        autostart: decision("autostart", Field::Autostart)?,
        updates: decision("updates", Field::Updates)?,
    })
}

/// The fields of the file; an error names the first that is missing or of another type. Unknown
/// fields are left for later versions.
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
