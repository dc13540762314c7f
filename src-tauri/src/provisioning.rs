//! IT's provisioning file: found, trusted, read, and either a valid registration or a sentence about
//! what is wrong with which field. What its bytes mean, the core knows.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use amiqus_core::error::Code;
use amiqus_core::registration::Field;
use amiqus_core::registration::provisioning::{self, Policy};
use amiqus_core::session::Provisioning;
#[cfg(unix)]
use rustix::fs::OFlags;
use zeroize::Zeroizing;

/// Names another file than the machine's own.
const VARIABLE: &str = "AMIQUS_PROVISIONING_FILE";

/// No provisioning file is longer, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

/// Reads the provisioning file, the one that a variable names, else the machine's own, and says in
/// the log what is wrong with it.
#[must_use]
pub fn read() -> Provisioning {
    let Some(look) = look() else {
        return Provisioning::Absent;
    };
    let file = look.file.display();
    for loose in &look.looseness {
        tracing::warn!(%file, "the provisioning file: {loose}");
    }
    if let Provisioning::Wrong { code, field, .. } = &look.provisioning {
        let problem = look.unreadable.as_deref();
        tracing::error!(%file, ?code, ?field, problem, "the provisioning file can't be used");
    }
    look.provisioning
}

/// What IT decides besides the registration; nothing while its file can't be used.
#[must_use]
pub fn policy() -> Policy {
    look().map(|look| look.policy).unwrap_or_default()
}

/// A provisioning file as it is just now.
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
    /// What the system says where it can't be read.
    pub unreadable: Option<String>,
}

/// Looks at the provisioning file, in silence; `None` where the system has no place for one.
#[must_use]
pub fn look() -> Option<Look> {
    place().map(|(path, must_exist)| look_at(path, must_exist))
}

/// What is loose about a file with a secret in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loose {
    /// Others than its owner may change it.
    OthersMayWrite,
    /// Others may put another file in its place.
    OthersMayReplace,
    /// Everybody on this computer may read it.
    EverybodyMayRead,
}

impl std::fmt::Display for Loose {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::OthersMayWrite => "others than its owner may change it",
            Self::OthersMayReplace => "others may put another file in its place",
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

fn look_at(file: PathBuf, must_exist: bool) -> Look {
    let mut look = Look {
        file,
        provisioning: Provisioning::Absent,
        policy: Policy::default(),
        looseness: Vec::new(),
        unreadable: None,
    };
    let wrong = |code: Code, field: Option<Field>| Provisioning::Wrong {
        file: look.file.display().to_string(),
        code,
        field,
    };
    match read_bytes(&look.file) {
        Ok((bytes, care)) => {
            look.looseness.clone_from(&care.looseness);
            if !care.is_trusted {
                look.provisioning = wrong(Code::ProvisioningNotTrusted, None);
                return look;
            }
            match provisioning::read(&bytes) {
                // Without PKCE a code alone leads to tokens, for whoever has the secret.
                Ok(read)
                    if !read.registration.pkce
                        && look.looseness.contains(&Loose::EverybodyMayRead) =>
                {
                    look.provisioning = wrong(Code::ProvisioningNotTrusted, Some(Field::Pkce));
                }
                Ok(read) => {
                    look.policy = read.policy;
                    look.provisioning = Provisioning::Valid(Box::new(read.registration));
                }
                Err(problem) => look.provisioning = wrong(problem.code(), problem.field()),
            }
        }
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound && !must_exist => {}
        Err(problem) => {
            look.unreadable = Some(problem.to_string());
            look.provisioning = wrong(Code::ProvisioningUnreadable, None);
        }
    }
    look
}

/// Who may do what with a file.
struct Care {
    /// Whether nobody but an administrator and this person can have written it. Whoever else could would
    /// point the app at a service of their own, and so at tokens.
    is_trusted: bool,
    looseness: Vec<Loose>,
}

/// What the system says of a file or a folder.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
struct Rights {
    owner: u32,
    group: u32,
    mode: u32,
}

#[cfg(unix)]
impl Rights {
    const ROOT: u32 = 0;
    const STICKY: u32 = 0o1000;

    fn of(about: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            owner: about.uid(),
            group: about.gid(),
            mode: about.mode(),
        }
    }

    /// Whether it belongs to root or to this user.
    fn is_trusted_owners(self, me: u32) -> bool {
        self.owner == Self::ROOT || self.owner == me
    }

    /// Whether others than its owner may write to it. Root's own group is as good as root.
    fn others_may_write(self) -> bool {
        self.mode & 0o002 != 0 || self.mode & 0o020 != 0 && self.group != Self::ROOT
    }

    /// Whether others can put another file in the place of one in this folder. In a sticky one they can't.
    fn others_may_replace(self, me: u32) -> bool {
        !self.is_trusted_owners(me) || self.others_may_write() && self.mode & Self::STICKY == 0
    }
}

impl Care {
    #[cfg(unix)]
    fn of(path: &Path, file: &std::fs::Metadata) -> Self {
        let me = rustix::process::geteuid().as_raw();
        match folders_above(path) {
            Ok(folders) => Self::judge(Rights::of(file), &folders, me),
            // Who may do what there isn't known.
            Err(_) => Self {
                is_trusted: false,
                looseness: vec![Loose::OthersMayReplace],
            },
        }
    }

    /// Windows and macOS installers write to folders that only administrators may write to; Windows'
    /// lists of who may do what aren't read here.
    #[cfg(not(unix))]
    fn of(_path: &Path, _file: &std::fs::Metadata) -> Self {
        Self {
            is_trusted: true,
            looseness: Vec::new(),
        }
    }

    #[cfg(unix)]
    fn judge(file: Rights, folders: &[Rights], me: u32) -> Self {
        let mut looseness = Vec::new();
        if file.others_may_write() {
            looseness.push(Loose::OthersMayWrite);
        }
        if folders.iter().any(|folder| folder.others_may_replace(me)) {
            looseness.push(Loose::OthersMayReplace);
        }
        let is_trusted = file.is_trusted_owners(me) && looseness.is_empty();
        if file.mode & 0o004 != 0 {
            looseness.push(Loose::EverybodyMayRead);
        }
        Self {
            is_trusted,
            looseness,
        }
    }
}

/// The folders above a file, by the path as it was given, by that to which each link in its place leads, and
/// by the one without links.
#[cfg(unix)]
fn folders_above(path: &Path) -> std::io::Result<Vec<Rights>> {
    const MAX_LINKS: usize = 16;
    let mut paths = vec![std::fs::canonicalize(path)?, std::path::absolute(path)?];
    while let Some(last) = paths.last() {
        let Some(folder) = last.parent() else { break };
        match std::fs::read_link(last) {
            Ok(target) => paths.push(folder.join(target)),
            // No link: the file itself.
            Err(_) => break,
        }
        if paths.len() > MAX_LINKS {
            return Err(std::io::Error::other("too many links lead to it"));
        }
    }
    paths
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| std::fs::metadata(folder).map(|about| Rights::of(&about)))
        .collect()
}

/// The owner is asked of the open file: a path could lead to another one by then.
fn read_bytes(path: &Path) -> std::io::Result<(Zeroizing<Vec<u8>>, Care)> {
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
    if about.len() > LONGEST_FILE {
        return Err(std::io::Error::other("the file is too large"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(about.len()).unwrap_or_default() + 1,
    ));
    file.take(LONGEST_FILE).read_to_end(&mut bytes)?;
    Ok((bytes, Care::of(path, &about)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn file_that_others_can_write_or_replace_is_not_trusted() {
        const ROOT: u32 = 0;
        const ME: u32 = 1000;
        const OTHER: u32 = 1001;
        let rights = |owner, group, mode| Rights { owner, group, mode };
        let etc = [rights(ROOT, ROOT, 0o755), rights(ROOT, ROOT, 0o755)];
        for (file, me, is_trusted, looseness) in [
            (rights(ROOT, OTHER, 0o640), ME, true, &[][..]),
            (rights(ME, ME, 0o600), ME, true, &[]),
            (
                rights(ROOT, ROOT, 0o664),
                ME,
                true,
                &[Loose::EverybodyMayRead],
            ),
            (
                rights(ROOT, ROOT, 0o644),
                ME,
                true,
                &[Loose::EverybodyMayRead],
            ),
            (rights(OTHER, OTHER, 0o600), ME, false, &[]),
            (rights(ME, ME, 0o600), ROOT, false, &[]),
            (
                rights(ROOT, OTHER, 0o660),
                ME,
                false,
                &[Loose::OthersMayWrite],
            ),
            (rights(ME, ME, 0o660), ME, false, &[Loose::OthersMayWrite]),
            (
                rights(ROOT, ROOT, 0o602),
                ME,
                false,
                &[Loose::OthersMayWrite],
            ),
            (
                rights(ROOT, ROOT, 0o666),
                ME,
                false,
                &[Loose::OthersMayWrite, Loose::EverybodyMayRead],
            ),
        ] {
            let care = Care::judge(file, &etc, me);
            assert_eq!(care.is_trusted, is_trusted, "{file:?}");
            assert_eq!(care.looseness, looseness, "{file:?}");
        }
        let file = rights(ROOT, ROOT, 0o640);
        for (folder, is_trusted) in [
            (rights(ROOT, ROOT, 0o1777), true),
            (rights(ROOT, ROOT, 0o775), true),
            (rights(ME, ME, 0o700), true),
            (rights(ROOT, OTHER, 0o775), false),
            (rights(ROOT, ROOT, 0o777), false),
            (rights(OTHER, OTHER, 0o755), false),
            (rights(OTHER, OTHER, 0o1777), false),
        ] {
            let care = Care::judge(file, &[folder, etc[0]], ME);
            assert_eq!(care.is_trusted, is_trusted, "{folder:?}");
            let replaced = care.looseness.contains(&Loose::OthersMayReplace);
            assert_eq!(replaced, !is_trusted, "{folder:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn loose_file_is_refused_wherever_a_link_leads_to_it_from() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let loose = folder.path().join("loose");
        std::fs::create_dir(&loose).unwrap();
        let file = loose.join("provisioning.json");
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        let set_mode = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let is_refused = |field: Option<Field>| {
            [&file, &link].into_iter().all(|path| {
                matches!(look_at(path.clone(), true).provisioning, Provisioning::Wrong {
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
            set_mode(&loose, of_folder);
            set_mode(&file, of_file);
            assert_eq!(is_refused(None), refused, "{of_folder:o} {of_file:o}");
        }
        // Nor may others turn a link on the way elsewhere.
        set_mode(&loose, 0o755);
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
            let look = look_at(first.clone(), true);
            let is_wrong = matches!(look.provisioning, Provisioning::Wrong { .. });
            assert_eq!(is_wrong, refused, "{mode:o}");
        }
        // A secret that everybody may read makes a code without PKCE everybody's.
        write(r#"{"client_id": "9f3c", "client_secret": "s3cret", "pkce": false}"#);
        set_mode(&loose, 0o755);
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
        let look = look_at(file.clone(), true);
        assert!(matches!(look.provisioning, Provisioning::Valid(_)));
        assert_eq!(look.policy.autostart, Some(true));

        std::fs::write(&file, r#"{"client_id": "9f3c", "autostart": true}"#).unwrap();
        let look = look_at(file.clone(), true);
        let Provisioning::Wrong {
            file: named,
            code,
            field,
        } = look.provisioning
        else {
            panic!("expected a problem, got {look:?}")
        };
        assert_eq!(named, file.display().to_string());
        assert_eq!(code, Code::ProvisioningInvalid);
        assert_eq!(field, Some(Field::ClientSecret));
        assert_eq!(look.policy, Policy::default());
    }

    #[test]
    fn a_file_that_is_far_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("provisioning.json");
        std::fs::write(&file, vec![b' '; 64 * 1024 + 1]).unwrap();
        let look = look_at(file, true);
        assert!(matches!(
            look.provisioning,
            Provisioning::Wrong {
                code: Code::ProvisioningUnreadable,
                ..
            }
        ));
        assert_eq!(look.unreadable.as_deref(), Some("the file is too large"));
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
            let look = look_at(path.clone(), false);
            let Provisioning::Wrong { code, .. } = look.provisioning else {
                panic!("{path:?}: {look:?}")
            };
            assert_eq!(code, Code::ProvisioningUnreadable);
            assert_eq!(look.unreadable.as_deref(), Some("it is not a regular file"));
        }
    }

    #[test]
    fn a_named_file_that_is_not_there_is_a_problem_and_the_machines_own_is_not() {
        let nowhere = Path::new("/nowhere/provisioning.json");
        assert!(matches!(
            look_at(nowhere.to_owned(), false).provisioning,
            Provisioning::Absent
        ));
        assert!(matches!(
            look_at(nowhere.to_owned(), true).provisioning,
            Provisioning::Wrong {
                code: Code::ProvisioningUnreadable,
                ..
            }
        ));
    }
}
