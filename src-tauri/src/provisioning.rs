//! IT's provisioning file: found, read, and either a valid registration or a sentence about what is
//! wrong with which field.

use std::path::{Path, PathBuf};

use amiqus_core::error::Code;
use amiqus_core::registration::{Field, Provenance, RegistrationDraft};
use amiqus_core::session::Provisioning;
use serde_json::Value;
use zeroize::Zeroizing;

/// Names another file than the machine's own.
const VARIABLE: &str = "AMIQUS_PROVISIONING_FILE";

/// No provisioning file is longer, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

/// Reads the provisioning file: the one that a variable names, else the machine's own.
#[must_use]
pub fn read() -> Provisioning {
    let named = std::env::var_os(VARIABLE)
        .filter(|name| !name.is_empty())
        .map(PathBuf::from);
    // A file that somebody named must be there; the machine's own need not.
    let must_exist = named.is_some();
    let Some(path) = named.or_else(machine_wide) else {
        return Provisioning::Absent;
    };
    read_file(&path, must_exist)
}

#[cfg(target_os = "linux")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "Windows may lack the variable that names the folder"
)]
fn machine_wide() -> Option<PathBuf> {
    Some("/etc/sign-in-with-amiqus/provisioning.json".into())
}

#[cfg(target_os = "macos")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "Windows may lack the variable that names the folder"
)]
fn machine_wide() -> Option<PathBuf> {
    Some("/Library/Application Support/Sign in with Amiqus/provisioning.json".into())
}

#[cfg(target_os = "windows")]
fn machine_wide() -> Option<PathBuf> {
    let data = std::env::var_os("ProgramData")?;
    Some(
        PathBuf::from(data)
            .join("Sign in with Amiqus")
            .join("provisioning.json"),
    )
}

fn read_file(path: &Path, must_exist: bool) -> Provisioning {
    let wrong = |code, field: Option<Field>| {
        tracing::error!(file = %path.display(), ?code, ?field, "the provisioning file can't be used");
        Provisioning::Wrong {
            file: path.display().to_string(),
            code,
            field,
        }
    };
    let bytes = match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound && !must_exist => {
            return Provisioning::Absent;
        }
        Err(problem) => {
            tracing::error!(%problem, "the provisioning file can't be read");
            return wrong(Code::ProvisioningUnreadable, None);
        }
    };
    // Windows' editors begin a file with a byte order mark.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let Ok(value) = serde_json::from_slice::<Value>(text) else {
        return wrong(Code::ProvisioningNotJson, None);
    };
    match draft(&value) {
        Ok(draft) => match draft.validate(Provenance::Provisioned) {
            Ok(registration) => Provisioning::Valid(Box::new(registration)),
            Err(problems) => wrong(
                Code::ProvisioningInvalid,
                problems.first().map(|problem| problem.field),
            ),
        },
        Err(field) => wrong(Code::ProvisioningInvalid, field),
    }
}

fn read_bytes(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let length = std::fs::metadata(path)?.len();
    if length > LONGEST_FILE {
        return Err(std::io::Error::other("the file is too large"));
    }
    std::fs::read(path).map(Zeroizing::new)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Provisioning {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("provisioning.json");
        std::fs::write(&file, text).unwrap();
        read_file(&file, true)
    }

    fn problem(text: &str) -> (Code, Option<Field>) {
        match read_text(text) {
            Provisioning::Wrong { code, field, .. } => (code, field),
            other => panic!("expected a problem, got {other:?}"),
        }
    }

    #[test]
    fn the_two_required_fields_are_enough() {
        let Provisioning::Valid(registration) =
            read_text(r#"{"client_id": "9f3c", "client_secret": "s3cret"}"#)
        else {
            panic!("expected a registration")
        };
        assert_eq!(registration.base_url.as_str(), "https://id.amiqus.co");
        assert_eq!(
            registration.redirect_url.as_str(),
            "co.amiqus.signin://oauth/callback"
        );
        assert!(registration.pkce);
    }

    #[test]
    fn a_byte_order_mark_does_no_harm() {
        let text = "\u{feff}{\"client_id\": \"9f3c\", \"client_secret\": \"s3cret\"}";
        assert!(matches!(read_text(text), Provisioning::Valid(_)));
    }

    #[test]
    fn what_is_not_json_is_told_from_json_that_lacks_a_field() {
        assert_eq!(
            problem("client_id = 9f3c"),
            (Code::ProvisioningNotJson, None)
        );
        assert_eq!(problem("[]"), (Code::ProvisioningInvalid, None));
        assert_eq!(
            problem(r#"{"client_id": "9f3c"}"#),
            (Code::ProvisioningInvalid, Some(Field::ClientSecret))
        );
        assert_eq!(
            problem(r#"{"client_id": 7, "client_secret": "s"}"#),
            (Code::ProvisioningInvalid, Some(Field::ClientId))
        );
        assert_eq!(
            problem(
                r#"{"client_id": "9", "client_secret": "s", "base_url": "http://example.com"}"#
            ),
            (Code::ProvisioningInvalid, Some(Field::BaseUrl))
        );
        assert_eq!(
            problem(r#"{"client_id": "9", "client_secret": "s", "pkce": "yes"}"#),
            (Code::ProvisioningInvalid, Some(Field::Pkce))
        );
    }

    #[test]
    fn a_named_file_that_is_not_there_is_a_problem_and_the_machines_own_is_not() {
        let nowhere = Path::new("/nowhere/provisioning.json");
        assert!(matches!(read_file(nowhere, false), Provisioning::Absent));
        assert!(matches!(
            read_file(nowhere, true),
            Provisioning::Wrong {
                code: Code::ProvisioningUnreadable,
                ..
            }
        ));
    }
}
