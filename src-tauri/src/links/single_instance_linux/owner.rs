//! Whether the owner of the name on the bus is a copy of this program.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use zbus::fdo::DBusProxy;
use zbus::names::OwnedUniqueName;

/// The process that owns the name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The same user's process of the same program.
    OwnCopy,
    /// Another user's process, or one of another program.
    Other,
    /// A process that has ended.
    Ended,
}

/// Identifies the owner of the name, because only a copy of this program is handed a link. Any process of this
/// user can take the name first, and would be handed code and `state`.
pub(super) async fn identify(bus: &DBusProxy<'_>, owner: &OwnedUniqueName) -> zbus::Result<Owner> {
    let name = || owner.as_ref().to_owned().into();
    let user = bus.get_connection_unix_user(name()).await?;
    if user != rustix::process::getuid().as_raw() {
        return Ok(Owner::Other);
    }
    let process = bus.get_connection_unix_process_id(name()).await?;
    let program = Path::new("/proc").join(process.to_string()).join("exe");
    match fs::read_link(&program) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Owner::Ended),
        _ if is_same_program(&program, Path::new("/proc/self/exe")) => Ok(Owner::OwnCopy),
        _ => Ok(Owner::Other),
    }
}

/// Whether two processes run the same program: the file at the same path, which an update may have replaced
/// since, or the same bytes, as of an `AppImage` that is mounted twice.
fn is_same_program(one: &Path, other: &Path) -> bool {
    let path = |link: &Path| {
        let target = fs::read_link(link).ok()?.into_os_string().into_vec();
        let kept = target.strip_suffix(b" (deleted)".as_slice());
        Some(kept.map_or_else(|| target.clone(), <[u8]>::to_vec))
    };
    let paths = (path(one), path(other));
    matches!(paths, (Some(one), Some(other)) if one == other)
        || has_same_bytes(one, other).unwrap_or(false)
}

fn has_same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if length == 0 {
            return Ok(left.is_empty() && right.is_empty());
        }
        if left[..length] != right[..length] {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Shows check 17.
    #[test]
    fn program_is_the_same_by_its_path_or_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let link = |name: &str, target: &str| {
            symlink(at(target), at(name)).unwrap();
            at(name)
        };
        std::fs::write(at("program"), b"the program").unwrap();
        std::fs::write(at("mounted twice"), b"the program").unwrap();
        std::fs::write(at("other"), b"the progrem").unwrap();
        let own = link("own", "program");
        assert!(is_same_program(&link("again", "program"), &own));
        assert!(is_same_program(
            &link("replaced", "program (deleted)"),
            &own
        ));
        assert!(is_same_program(&link("appimage", "mounted twice"), &own));
        assert!(!is_same_program(&link("squatter", "other"), &own));
        assert!(!is_same_program(&link("gone", "nowhere"), &own));
        assert!(!is_same_program(&at("no process"), &own));
    }
}
