//! IT's provisioning file: found, trusted, read, and either a valid registration or a sentence about
//! what is wrong with which field. What its bytes mean, the core knows.

mod file_trust;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use amiqus_core::error::Code;
use amiqus_core::registration::Field;
use amiqus_core::registration::provisioning::{self, Policy};
use amiqus_core::session::Provisioning;
#[cfg(unix)]
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use self::file_trust::FileTrust;
pub use self::file_trust::PermissionIssue;

/// Names another file than the machine's own.
const VARIABLE: &str = "AMIQUS_PROVISIONING_FILE";

/// No provisioning file is longer, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Reads the provisioning file, the one that a variable names, else the machine's own, and says in
/// the log what is wrong with it.
#[must_use]
pub fn read() -> Provisioning {
    let Some(inspection) = inspect() else {
        return Provisioning::Absent;
    };
    let file = inspection.file.display();
    for issue in &inspection.permission_issues {
        tracing::warn!(%file, "provisioning: {issue}");
    }
    if let Provisioning::Wrong { code, field, .. } = &inspection.provisioning {
        let problem = inspection.unreadable.as_deref();
        tracing::error!(%file, ?code, ?field, problem, "provisioning: file rejected");
    }
    inspection.provisioning
}

/// What IT decides besides the registration; nothing while its file can't be used.
#[must_use]
pub fn policy() -> Policy {
    inspect()
        .map(|inspection| inspection.policy)
        .unwrap_or_default()
}

/// A provisioning file as it is just now.
#[derive(Debug)]
pub struct Inspection {
    /// Where it is expected.
    pub file: PathBuf,
    /// What it says.
    pub provisioning: Provisioning,
    /// What it decides besides.
    pub policy: Policy,
    /// What an administrator should know about who may do what with it.
    pub permission_issues: Vec<PermissionIssue>,
    /// What the system says where it can't be read.
    pub unreadable: Option<String>,
}

/// Looks at the provisioning file, in silence; `None` where the system has no place for one.
#[must_use]
pub fn inspect() -> Option<Inspection> {
    location().map(|(path, must_exist)| inspect_file(path, must_exist))
}

/// The file, and whether it must be there: one that somebody named must, the machine's own need not.
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
        unreadable: None,
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
                // Without PKCE a code alone leads to tokens, for whoever has the secret.
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
                Err(problem) => inspection.provisioning = wrong(problem.code(), problem.field()),
            }
        }
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound && !must_exist => {}
        Err(problem) => {
            inspection.unreadable = Some(problem.to_string());
            inspection.provisioning = wrong(Code::ProvisioningUnreadable, None);
        }
    }
    inspection
}

/// The owner is asked of the open file: a path could lead to another one by then.
fn read_bytes(path: &Path) -> std::io::Result<(Zeroizing<Vec<u8>>, FileTrust)> {
    let mut options = std::fs::OpenOptions::new();
    // To open a pipe would wait for whoever writes to it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed(),
    );
    let file = options.read(true).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    if about.len() > MAX_FILE_BYTES {
        return Err(std::io::Error::other("the file is too large"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(about.len()).unwrap_or_default() + 1,
    ));
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok((bytes, FileTrust::of(path, &about)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn file_that_others_may_change_is_refused_through_links() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let issue = folder.path().join("writable");
        std::fs::create_dir(&issue).unwrap();
        let file = issue.join("provisioning.json");
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        let set_mode = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let is_refused = |field: Option<Field>| {
            [&file, &link].into_iter().all(|path| {
                matches!(inspect_file(path.clone(), true).provisioning, Provisioning::Wrong {
                    code: Code::ProvisioningNotTrusted, field: named, ..
                } if named == field)
            })
        };
        write(r#"{"client_id": "9f3c", "client_secret": "s3cret"}"#);
        for (of_folder, of_file, refused) in [
            (0o755, 0o644, false),
            (0o755, 0o646, true),
            (0o757, 0o600, true),
            (0o1777, 0o600, false),
        ] {
            set_mode(&issue, of_folder);
            set_mode(&file, of_file);
            assert_eq!(is_refused(None), refused, "{of_folder:o} {of_file:o}");
        }
        // Nor may others turn a link on the way elsewhere.
        set_mode(&issue, 0o755);
        set_mode(&file, 0o600);
        assert!(!is_refused(None));
        let turned = folder.path().join("turned");
        std::fs::create_dir(&turned).unwrap();
        let second = turned.join("second.json");
        std::os::unix::fs::symlink(&file, &second).unwrap();
        let first = folder.path().join("first.json");
        std::os::unix::fs::symlink(&second, &first).unwrap();
        for (mode, refused) in [(0o755, false), (0o777, true)] {
            set_mode(&turned, mode);
            let inspection = inspect_file(first.clone(), true);
            let is_wrong = matches!(inspection.provisioning, Provisioning::Wrong { .. });
            assert_eq!(is_wrong, refused, "{mode:o}");
        }
        // A secret that everybody may read makes a code without PKCE everybody's.
        write(r#"{"client_id": "9f3c", "client_secret": "s3cret", "pkce": false}"#);
        set_mode(&issue, 0o755);
        for (of_file, refused) in [(0o644, true), (0o640, false), (0o600, false)] {
            set_mode(&file, of_file);
            assert_eq!(is_refused(Some(Field::Pkce)), refused, "{of_file:o}");
        }
    }

    #[test]
    fn what_the_file_says_is_read_and_what_is_wrong_with_it_names_the_file() {
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
    fn a_file_that_is_far_too_large_is_not_read() {
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
            inspection.unreadable.as_deref(),
            Some("the file is too large")
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_regular_file_is_unreadable_and_not_waited_for() {
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
                inspection.unreadable.as_deref(),
                Some("it is not a regular file")
            );
        }
    }

    #[test]
    fn a_named_file_that_is_not_there_is_a_problem_and_the_machines_own_is_not() {
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
