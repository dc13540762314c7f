//! A virus scanner, an indexer or a backup that has the vault's file open, on Windows.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use amiqus_core::vault::{Change, RecordName, encode_current};

use crate::test_vault::{TestVault, assert_has_all_records, lorraine, records};

/// Other programs may read the file, and neither change nor replace it.
const READ_ONLY: u32 = 1;
/// Other programs may do nothing with it.
const NOTHING: u32 = 0;

fn hold(file: &Path, others_may: u32) -> File {
    let options = &mut OpenOptions::new();
    options
        .read(true)
        .share_mode(others_may)
        .open(file)
        .unwrap()
}

/// Holds a file for longer than a commit takes, and shorter than it is waited for.
fn hold_for_a_moment(file: &Path, others_may: u32) -> JoinHandle<()> {
    let held = hold(file, others_may);
    thread::spawn(move || {
        thread::park_timeout(Duration::from_millis(150));
        drop(held);
    })
}

#[test]
fn vault_opens_once_its_file_is_free() {
    let vault = TestVault::filled();
    let holder = hold_for_a_moment(&vault.snapshot(), NOTHING);
    let opened = vault.open().unwrap();
    assert!(opened.set_aside.is_none());
    assert_has_all_records(&records(&opened.store));
    holder.join().unwrap();
}

#[test]
fn commit_is_finished_once_the_file_is_free() {
    let vault = TestVault::filled();
    let opened = vault.open().unwrap();
    let current = lorraine().identity.key();
    let change = Change {
        name: RecordName::Current,
        bytes: Some(encode_current(current)),
    };
    for others_may in [READ_ONLY, NOTHING] {
        let holder = hold_for_a_moment(&vault.snapshot(), others_may);
        opened.store.commit(std::slice::from_ref(&change)).unwrap();
        holder.join().unwrap();
        assert_eq!(records(&opened.store).current, Some(current));
        assert_eq!(vault.files(), ["key.json", "lock", "vault.stronghold"]);
    }
}

/// The next commit brings it.
#[test]
fn commit_onto_a_file_that_stays_held_fails_and_leaves_the_vault_whole() {
    let vault = TestVault::filled();
    let opened = vault.open().unwrap();
    let change = Change {
        name: RecordName::Current,
        bytes: Some(encode_current(lorraine().identity.key())),
    };
    let held = hold(&vault.snapshot(), READ_ONLY);
    opened
        .store
        .commit(std::slice::from_ref(&change))
        .unwrap_err();
    assert_has_all_records(&records(&opened.store));
    drop(held);
    opened.store.commit(&[change]).unwrap();
    let current = records(&opened.store).current;
    assert_eq!(current, Some(lorraine().identity.key()));
    assert_eq!(vault.files(), ["key.json", "lock", "vault.stronghold"]);
}
