//! Checks the vault's folder: no leftovers, and readable by its user alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What is wrong in the vault's folder.
pub(super) fn file_faults(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut wrong: Vec<_> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("set-aside") || is_leftover(name))
        .map(|name| format!("{name} is in the vault's folder"))
        .collect();
    match fs::metadata(folder) {
        Ok(metadata) if metadata.permissions().mode().trailing_zeros() >= 6 => {}
        metadata => wrong.push(format!("the vault's folder is not private: {metadata:?}")),
    }
    // A kill between the rename and the chmod leaves it as it was created; the next commit, which
    // every start makes, restricts its permissions.
    match fs::metadata(folder.join("vault.stronghold")) {
        Ok(metadata) if metadata.permissions().mode().trailing_zeros() >= 6 => {}
        metadata => wrong.push(format!("the vault is not private: {metadata:?}")),
    }
    wrong
}

/// Whether a file is the rest of a killed write; each start removes such files.
fn is_leftover(name: &str) -> bool {
    let end = name.strip_prefix("vault.stronghold.");
    end.is_some_and(|end| end.len() == 12 && end.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
