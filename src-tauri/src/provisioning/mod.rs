//! The provisioning file, with which an administrator sets the app up: where it is, whether it is trusted,
//! and its content or what is wrong with it. The core parses it.

mod file_trust;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use amiqus_core::error::Code;
use amiqus_core::registration::Field;
use amiqus_core::registration::provisioning::{self, Policy};
use amiqus_core::session::Provisioning;
#[cfg(unix)]
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use self::file_trust::FileTrust;
pub use self::file_trust::PermissionIssue;

/// The environment variable that names another file than the machine-wide one.
const VARIABLE: &str = "AMIQUS_PROVISIONING_FILE";

/// A larger file is refused.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Reads the provisioning file, which an environment variable or else the system names, and logs what is
/// wrong with it: once, as it is read every few seconds while the app is not set up.
#[must_use]
pub fn read() -> Provisioning {
    static LAST: Mutex<Option<Findings>> = Mutex::new(None);
    let Some(inspection) = inspect() else {
        return Provisioning::Absent;
    };
    let findings = inspection.findings();
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.as_ref() != Some(&findings) {
        inspection.log();
        *last = Some(findings);
    }
    inspection.provisioning
}

/// What is wrong with a provisioning file, as the log says it.
#[derive(Debug, PartialEq, Eq)]
struct Findings {
    rejection: Option<(Code, Option<Field>)>,
    permission_issues: Vec<PermissionIssue>,
    read_error: Option<String>,
}

impl Inspection {
    fn findings(&self) -> Findings {
        Findings {
            rejection: match &self.provisioning {
                Provisioning::Wrong { code, field, .. } => Some((*code, *field)),
                Provisioning::Absent | Provisioning::Valid(_) => None,
            },
            permission_issues: self.permission_issues.clone(),
            read_error: self.read_error.clone(),
        }
    }

    fn log(&self) {
        let file = self.file.display();
        for issue in &self.permission_issues {
            tracing::warn!(%file, "provisioning: {issue}");
        }
        if let Provisioning::Wrong { code, field, .. } = &self.provisioning {
            let error = self.read_error.as_deref();
            tracing::error!(%file, ?code, ?field, error, "provisioning: file rejected");
        }
    }
}

/// The provisioning file's policy; the default one while the file can't be used.
#[must_use]
pub fn policy() -> Policy {
    inspect()
        .map(|inspection| inspection.policy)
        .unwrap_or_default()
}

/// The outcome of reading the provisioning file.
#[derive(Debug)]
pub struct Inspection {
    /// Its path, whether it exists or not.
    pub file: PathBuf,
    /// The registration in it, or what is wrong.
    pub provisioning: Provisioning,
    /// The policy in it.
    pub policy: Policy,
    /// Problems with its permissions, for the administrator.
    pub permission_issues: Vec<PermissionIssue>,
    /// The error, where it can't be read.
    pub read_error: Option<String>,
}

/// Reads the provisioning file without logging; `None` where the system has no place for one.
#[must_use]
pub fn inspect() -> Option<Inspection> {
    location().map(|(path, must_exist)| inspect_file(path, must_exist))
}

/// The file's path, whether it exists or not; `None` where the system has no place for one.
#[must_use]
pub fn file() -> Option<PathBuf> {
    location().map(|(path, _)| path)
}

/// The file's path, and whether it must exist: one that the variable names must, the machine-wide one need not.
fn location() -> Option<(PathBuf, bool)> {
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

fn inspect_file(file: PathBuf, must_exist: bool) -> Inspection {
    let mut inspection = Inspection {
        file,
        provisioning: Provisioning::Absent,
        policy: Policy::default(),
        permission_issues: Vec::new(),
        read_error: None,
    };
    let wrong = |code: Code, field: Option<Field>| Provisioning::Wrong {
        file: inspection.file.display().to_string(),
        code,
        field,
    };
    match read_bytes(&inspection.file) {
        Ok((bytes, trust)) => {
            inspection
                .permission_issues
                .clone_from(&trust.permission_issues);
            if !trust.is_trusted {
                inspection.provisioning = wrong(Code::ProvisioningNotTrusted, None);
                return inspection;
            }
            match provisioning::read(&bytes) {
                // Without PKCE, anyone with the secret can exchange an intercepted code.
                Ok(read)
                    if !read.registration.pkce
                        && inspection
                            .permission_issues
                            .contains(&PermissionIssue::EverybodyMayRead) =>
                {
                    inspection.provisioning =
                        wrong(Code::ProvisioningNotTrusted, Some(Field::Pkce));
                }
                Ok(read) => {
                    inspection.policy = read.policy;
                    inspection.provisioning = Provisioning::Valid(Box::new(read.registration));
                }
                Err(error) => inspection.provisioning = wrong(error.code(), error.field()),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {}
        Err(error) => {
            inspection.read_error = Some(error.to_string());
            inspection.provisioning = wrong(Code::ProvisioningUnreadable, None);
        }
    }
    inspection
}

/// Reads the file, and judges the open file's permissions: the path could name another file by then.
fn read_bytes(path: &Path) -> std::io::Result<(Zeroizing<Vec<u8>>, FileTrust)> {
    let mut options = std::fs::OpenOptions::new();
    // Without `NONBLOCK`, opening a pipe blocks until it has a writer.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed(),
    );
    let file = options.read(true).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(std::io::Error::other("the file is too large"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(metadata.len()).unwrap_or_default() + 1,
    ));
    (&file).take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok((bytes, FileTrust::of(path, &file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn file_that_others_can_change_is_rejected_through_links() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let parent = folder.path().join("writable");
        std::fs::create_dir(&parent).unwrap();
        let file = parent.join("provisioning.json");
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        let set_mode = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let is_rejected = |field: Option<Field>| {
            [&file, &link].into_iter().all(|path| {
                matches!(inspect_file(path.clone(), true).provisioning, Provisioning::Wrong {
                    code: Code::ProvisioningNotTrusted, field: named, ..
                } if named == field)
            })
        };
        write(r#"{"client_id": "9f3c", "client_secret": "s3cret"}"#);
        for (folder_mode, file_mode, rejected) in [
            (0o755, 0o644, false),
            (0o755, 0o646, true),
            (0o757, 0o600, true),
            (0o1777, 0o600, false),
        ] {
            set_mode(&parent, folder_mode);
            set_mode(&file, file_mode);
            assert_eq!(is_rejected(None), rejected, "{folder_mode:o} {file_mode:o}");
        }
        // A link on the way that others can replace is no better.
        set_mode(&parent, 0o755);
        set_mode(&file, 0o600);
        assert!(!is_rejected(None));
        let link_folder = folder.path().join("links");
        std::fs::create_dir(&link_folder).unwrap();
        let second = link_folder.join("second.json");
        std::os::unix::fs::symlink(&file, &second).unwrap();
        let first = folder.path().join("first.json");
        std::os::unix::fs::symlink(&second, &first).unwrap();
        for (mode, rejected) in [(0o755, false), (0o777, true)] {
            set_mode(&link_folder, mode);
            let inspection = inspect_file(first.clone(), true);
            let is_wrong = matches!(inspection.provisioning, Provisioning::Wrong { .. });
            assert_eq!(is_wrong, rejected, "{mode:o}");
        }
        // Without PKCE the secret must not be readable by all users.
        write(r#"{"client_id": "9f3c", "client_secret": "s3cret", "pkce": false}"#);
        set_mode(&parent, 0o755);
        for (file_mode, rejected) in [(0o644, true), (0o640, false), (0o600, false)] {
            set_mode(&file, file_mode);
            assert_eq!(is_rejected(Some(Field::Pkce)), rejected, "{file_mode:o}");
        }
    }

    #[test]
    fn valid_file_is_read_and_invalid_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("provisioning.json");
        let text = r#"{"client_id": "9f3c", "client_secret": "s3cret", "autostart": true}"#;
        std::fs::write(&file, text).unwrap();
        let inspection = inspect_file(file.clone(), true);
        assert!(matches!(inspection.provisioning, Provisioning::Valid(_)));
        assert_eq!(inspection.policy.autostart, Some(true));

        std::fs::write(&file, r#"{"client_id": "9f3c", "autostart": true}"#).unwrap();
        let inspection = inspect_file(file.clone(), true);
        let Provisioning::Wrong {
            file: named,
            code,
            field,
        } = inspection.provisioning
        else {
            panic!("expected a problem, got {inspection:?}")
        };
        assert_eq!(named, file.display().to_string());
        assert_eq!(code, Code::ProvisioningInvalid);
        assert_eq!(field, Some(Field::ClientSecret));
        assert_eq!(inspection.policy, Policy::default());
    }

    #[test]
    fn file_above_the_size_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("provisioning.json");
        std::fs::write(&file, vec![b' '; 64 * 1024 + 1]).unwrap();
        let inspection = inspect_file(file, true);
        assert!(matches!(
            inspection.provisioning,
            Provisioning::Wrong {
                code: Code::ProvisioningUnreadable,
                ..
            }
        ));
        assert_eq!(
            inspection.read_error.as_deref(),
            Some("the file is too large")
        );
    }

    #[cfg(unix)]
    #[test]
    fn irregular_file_is_unreadable_without_blocking() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("provisioning.json");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&fifo, &link).unwrap();
        for path in [fifo, link, folder.path().to_owned(), "/dev/zero".into()] {
            let inspection = inspect_file(path.clone(), false);
            let Provisioning::Wrong { code, .. } = inspection.provisioning else {
                panic!("{path:?}: {inspection:?}")
            };
            assert_eq!(code, Code::ProvisioningUnreadable);
            assert_eq!(
                inspection.read_error.as_deref(),
                Some("it is not a regular file")
            );
        }
    }

    #[test]
    fn another_error_of_an_unreadable_file_is_another_finding() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("provisioning.json");
        let findings = || inspect_file(file.clone(), true).findings();
        let missing = findings();
        assert_eq!(missing, findings());
        std::fs::write(&file, vec![b' '; 64 * 1024 + 1]).unwrap();
        let too_large = findings();
        assert_eq!(too_large.rejection, missing.rejection);
        assert_ne!(too_large, missing);
    }

    #[test]
    fn missing_file_is_a_problem_only_where_it_is_named() {
        let nowhere = Path::new("/nowhere/provisioning.json");
        assert!(matches!(
            inspect_file(nowhere.to_owned(), false).provisioning,
            Provisioning::Absent
        ));
        assert!(matches!(
            inspect_file(nowhere.to_owned(), true).provisioning,
            Provisioning::Wrong {
                code: Code::ProvisioningUnreadable,
                ..
            }
        ));
    }
}
