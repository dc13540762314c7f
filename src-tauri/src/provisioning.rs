//! IT's provisioning file: found, trusted, read, and either a valid registration or a sentence about
//! what is wrong with which field.

use std::io::Read as _;
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
    place().map_or(Provisioning::Absent, |(path, must_exist)| {
        read_file(&path, must_exist).provisioning
    })
}

/// What IT decides besides the registration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether the app starts at login; `None` leaves it to the person.
    pub autostart: Option<bool>,
    /// Whether the app may look for a newer version of itself; `None` is as good as `true`.
    pub updates: Option<bool>,
}

/// What IT decides besides the registration; nothing while its file can't be used.
#[must_use]
pub fn policy() -> Policy {
    place()
        .map(|(path, must_exist)| read_file(&path, must_exist).policy)
        .unwrap_or_default()
}

/// A provisioning file as the report for support sees it.
#[derive(Debug)]
pub struct Look {
    /// Where it is looked for.
    pub file: PathBuf,
    /// What it says.
    pub provisioning: Provisioning,
    /// What it decides besides.
    pub policy: Policy,
    /// What an administrator should know about who may do what with it.
    pub looseness: Vec<Loose>,
}

/// Looks at the provisioning file; `None` where the system has no place for one.
#[must_use]
pub fn look() -> Option<Look> {
    let (file, must_exist) = place()?;
    let read = read_file(&file, must_exist);
    Some(Look {
        file,
        provisioning: read.provisioning,
        policy: read.policy,
        looseness: read.looseness,
    })
}

/// What is loose about a file with a secret in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loose {
    /// Others than its owner may change it.
    OthersMayWrite,
    /// Everybody on this computer may read it.
    EverybodyMayRead,
}

impl std::fmt::Display for Loose {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::OthersMayWrite => "others than its owner may change it",
            Self::EverybodyMayRead => "everybody on this computer may read it",
        })
    }
}

/// The file, and whether it must be there: one that somebody named must, the machine's own need not.
fn place() -> Option<(PathBuf, bool)> {
    let named = std::env::var_os(VARIABLE)
        .filter(|name| !name.is_empty())
        .map(PathBuf::from);
    let must_exist = named.is_some();
    named.or_else(machine_wide).map(|path| (path, must_exist))
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

/// A file that was read.
struct ReadFile {
    provisioning: Provisioning,
    policy: Policy,
    looseness: Vec<Loose>,
}

impl From<Provisioning> for ReadFile {
    fn from(provisioning: Provisioning) -> Self {
        Self {
            provisioning,
            policy: Policy::default(),
            looseness: Vec::new(),
        }
    }
}

fn read_file(path: &Path, must_exist: bool) -> ReadFile {
    let wrong = |code, field: Option<Field>| {
        tracing::error!(file = %path.display(), ?code, ?field, "the provisioning file can't be used");
        Provisioning::Wrong {
            file: path.display().to_string(),
            code,
            field,
        }
    };
    let (bytes, care) = match read_bytes(path) {
        Ok(read) => read,
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound && !must_exist => {
            return Provisioning::Absent.into();
        }
        Err(problem) => {
            tracing::error!(%problem, "the provisioning file can't be read");
            return wrong(Code::ProvisioningUnreadable, None).into();
        }
    };
    for loose in &care.looseness {
        tracing::warn!(file = %path.display(), "the provisioning file: {loose}");
    }
    let in_all = |provisioning, policy| ReadFile {
        provisioning,
        policy,
        looseness: care.looseness.clone(),
    };
    if !care.is_trusted {
        return in_all(wrong(Code::ProvisioningNotTrusted, None), Policy::default());
    }
    // Windows' editors begin a file with a byte order mark.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let Ok(value) = serde_json::from_slice::<Value>(text) else {
        return in_all(wrong(Code::ProvisioningNotJson, None), Policy::default());
    };
    let read = policy_in(&value).and_then(|policy| Ok((draft(&value)?, policy)));
    match read {
        Ok((draft, policy)) => match draft.validate(Provenance::Provisioned) {
            Ok(registration) => in_all(Provisioning::Valid(Box::new(registration)), policy),
            Err(problems) => {
                let field = problems.first().map(|problem| problem.field);
                in_all(wrong(Code::ProvisioningInvalid, field), Policy::default())
            }
        },
        Err(field) => in_all(wrong(Code::ProvisioningInvalid, field), Policy::default()),
    }
}

/// Who may do what with a file.
struct Care {
    /// Whether it belongs to an administrator or to this person. Whoever else owns it could point
    /// the app at a service of their own, and so at tokens.
    is_trusted: bool,
    looseness: Vec<Loose>,
}

impl Care {
    #[cfg(unix)]
    fn of(file: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self::judge(
            file.uid(),
            rustix::process::geteuid().as_raw(),
            file.mode() & 0o777,
        )
    }

    /// Windows and macOS installers write to folders that only administrators may write to; Windows'
    /// lists of who may do what aren't read here.
    #[cfg(not(unix))]
    fn of(_file: &std::fs::Metadata) -> Self {
        Self {
            is_trusted: true,
            looseness: Vec::new(),
        }
    }

    #[cfg(unix)]
    fn judge(owner: u32, me: u32, mode: u32) -> Self {
        let mut looseness = Vec::new();
        if mode & 0o022 != 0 {
            looseness.push(Loose::OthersMayWrite);
        }
        if mode & 0o004 != 0 {
            looseness.push(Loose::EverybodyMayRead);
        }
        Self {
            is_trusted: owner == 0 || owner == me,
            looseness,
        }
    }
}

/// The owner is asked of the open file: a path could lead to another one by then.
fn read_bytes(path: &Path) -> std::io::Result<(Zeroizing<Vec<u8>>, Care)> {
    let file = std::fs::File::open(path)?;
    let about = file.metadata()?;
    if about.len() > LONGEST_FILE {
        return Err(std::io::Error::other("the file is too large"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(about.len()).unwrap_or_default() + 1,
    ));
    file.take(LONGEST_FILE).read_to_end(&mut bytes)?;
    Ok((bytes, Care::of(&about)))
}

/// What the file decides besides the registration.
fn policy_in(value: &Value) -> Result<Policy, Option<Field>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Provisioning {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("provisioning.json");
        std::fs::write(&file, text).unwrap();
        read_file(&file, true).provisioning
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_somebody_else_is_not_trusted_and_a_loose_one_is_told_of() {
        const ADMINISTRATOR: u32 = 0;
        const ME: u32 = 1000;
        const SOMEBODY_ELSE: u32 = 1001;
        assert!(Care::judge(ADMINISTRATOR, ME, 0o640).is_trusted);
        assert!(Care::judge(ME, ME, 0o600).is_trusted);
        assert!(!Care::judge(SOMEBODY_ELSE, ME, 0o600).is_trusted);
        assert!(!Care::judge(ME, ADMINISTRATOR, 0o600).is_trusted);
        assert_eq!(Care::judge(ADMINISTRATOR, ME, 0o640).looseness, []);
        assert_eq!(
            Care::judge(ADMINISTRATOR, ME, 0o644).looseness,
            [Loose::EverybodyMayRead]
        );
        assert_eq!(
            Care::judge(ADMINISTRATOR, ME, 0o666).looseness,
            [Loose::OthersMayWrite, Loose::EverybodyMayRead]
        );
    }

    #[test]
    fn the_file_may_decide_whether_the_app_starts_at_login_and_looks_for_updates() {
        let policy = |decisions: &str| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("provisioning.json");
            let text = format!(r#"{{"client_id": "9", "client_secret": "s", {decisions}}}"#);
            std::fs::write(&file, text).unwrap();
            read_file(&file, true).policy
        };
        for (written, decided) in [("true", Some(true)), ("false", Some(false)), ("null", None)] {
            let only_autostart = policy(&format!(r#""autostart": {written}"#));
            assert_eq!(only_autostart.autostart, decided);
            assert_eq!(only_autostart.updates, None);
            let only_updates = policy(&format!(r#""updates": {written}"#));
            assert_eq!(only_updates.updates, decided);
            assert_eq!(only_updates.autostart, None);
        }
        for (name, field) in [("autostart", Field::Autostart), ("updates", Field::Updates)] {
            let text = format!(r#"{{"client_id": "9", "client_secret": "s", "{name}": "yes"}}"#);
            assert_eq!(problem(&text), (Code::ProvisioningInvalid, Some(field)));
        }
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
        assert!(matches!(
            read_file(nowhere, false).provisioning,
            Provisioning::Absent
        ));
        assert!(matches!(
            read_file(nowhere, true).provisioning,
            Provisioning::Wrong {
                code: Code::ProvisioningUnreadable,
                ..
            }
        ));
    }
}
