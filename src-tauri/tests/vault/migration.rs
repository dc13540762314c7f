//! A vault that version 0.1.0 wrote lies beside this file. Every later build must open it. It is never
//! written again; a version with another format gets one of its own beside it:
//! `cargo test --package sign-in-with-amiqus --test vault -- --ignored`.

use std::path::{Path, PathBuf};

use crate::place::{Place, assert_everything_is_in, copy, everything, records};

fn kept(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vault/written-by")
        .join(version)
}

#[test]
fn a_vault_that_version_0_1_0_wrote_opens_with_everything_in_it() {
    let place = Place::new();
    copy(&kept("0.1.0"), &place.vault);
    let opened = place.open().unwrap();
    assert!(opened.set_aside.is_none());
    assert_everything_is_in(&records(&opened.store));
    // And can be written by this build.
    opened.store.commit(&everything()).unwrap();
    drop(opened);
    assert_everything_is_in(&records(&place.open().unwrap().store));
}

#[test]
#[ignore = "writes a vault to keep, for a version with a new format"]
fn writes_a_vault_to_keep() {
    let folder = kept(env!("CARGO_PKG_VERSION"));
    assert!(!folder.exists(), "what is kept is never written again");
    let place = Place::filled();
    copy(&place.vault, &folder);
    std::fs::remove_file(folder.join("lock")).unwrap();
}
