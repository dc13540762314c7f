//! A vault that version 0.1.0 wrote is beside this file, and each later build must open it. It is never
//! written again; a version with another format gets its own beside it:
//! `cargo test --package sign-in-with-amiqus --test vault -- --ignored`.

use std::path::{Path, PathBuf};

use crate::test_vault::{TestVault, all_records, assert_has_all_records, copy, records};

fn committed(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vault/written-by")
        .join(version)
}

#[test]
fn vault_of_version_0_1_0_opens_with_all_records() {
    let vault = TestVault::new();
    copy(&committed("0.1.0"), &vault.folder);
    let opened = vault.open().unwrap();
    assert!(opened.set_aside.is_none());
    assert_has_all_records(&records(&opened.store));
    // This build can write it too.
    opened.store.commit(&all_records()).unwrap();
    drop(opened);
    assert_has_all_records(&records(&vault.open().unwrap().store));
}

#[test]
#[ignore = "writes a vault to commit, for a version with a new format"]
fn write_vault_to_commit() {
    let folder = committed(env!("CARGO_PKG_VERSION"));
    assert!(!folder.exists(), "a committed vault is never written again");
    let vault = TestVault::filled();
    copy(&vault.folder, &folder);
    std::fs::remove_file(folder.join("lock")).unwrap();
}
