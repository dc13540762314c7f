//! Vaults that are damaged, newer, locked or interrupted.

use std::fs;
use std::io::Read as _;
use std::time::Duration;

use amiqus_core::secret::Passphrase;
use amiqus_core::vault::{
    Change, LockReason, OpenError, RecordName, SetAsideReason, Unlock, VaultOpener as _,
    encode_current,
};

use crate::test_vault::{TestVault, assert_has_all_records, bob, lorraine, records};

#[test]
fn saved_records_are_read_after_reopening() {
    let vault = TestVault::filled();
    let opened = vault.open().unwrap();
    assert!(opened.set_aside.is_none());
    assert_has_all_records(&records(&opened.store));
}

/// Windows' programs knew 260 letters for long.
#[test]
fn vault_with_a_long_path_is_saved_and_read() {
    let parent = tempfile::tempdir().unwrap();
    let mut folder = parent.path().to_owned();
    for number in 0..4 {
        folder.push(format!("{number} Zoë Müller & Søn {}", "x".repeat(80)));
    }
    assert!(folder.as_os_str().len() > 400);
    let vault = TestVault::at(parent, folder.join("vault"));
    vault.fill();
    let opened = vault.open().unwrap();
    assert!(opened.set_aside.is_none());
    assert_has_all_records(&records(&opened.store));
}

/// Shows check 32.
#[cfg(unix)]
#[test]
fn folder_and_files_are_private_after_each_commit() {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let vault = TestVault::new();
    fs::create_dir(&vault.folder).unwrap();
    fs::set_permissions(&vault.folder, fs::Permissions::from_mode(0o755)).unwrap();
    vault.fill();
    let opened = vault.open().unwrap();
    let current = Change {
        name: RecordName::Current,
        bytes: Some(encode_current(lorraine().identity.key())),
    };
    opened.store.commit(&[current]).unwrap();
    assert_eq!(mode(&vault.folder), 0o700);
    for name in vault.files() {
        assert_eq!(mode(&vault.folder.join(&name)), 0o600, "{name}");
    }
}

/// Shows check 34.
#[test]
fn damaged_vault_is_set_aside_unchanged_for_a_new_one() {
    type Corrupt = fn(&mut Vec<u8>);
    let corruptions: [(&str, Corrupt); 5] = [
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut by one byte", |bytes| {
            bytes.pop();
        }),
        ("emptied", Vec::clear),
        ("zeroed", |bytes| bytes.fill(0)),
        ("a flipped bit at its end", |bytes| {
            let last = bytes.last_mut().unwrap();
            *last ^= 1;
        }),
    ];
    for (how, corrupt) in corruptions {
        let vault = TestVault::filled();
        let damaged = vault.corrupt(corrupt);
        let opened = vault
            .open()
            .unwrap_or_else(|error| panic!("{how}: {error}"));
        let aside = opened
            .set_aside
            .clone()
            .unwrap_or_else(|| panic!("{how}: not set aside"));
        assert_eq!(aside.why, SetAsideReason::Damaged, "{how}");
        assert_eq!(
            fs::read(&aside.to).unwrap(),
            damaged,
            "{how}: not as it was"
        );
        let name = aside.to.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("vault.stronghold.set-aside-20"), "{name}");
        assert!(records(&opened.store).accounts.is_empty(), "{how}");
        // The new vault works.
        opened
            .store
            .commit(&crate::test_vault::all_records())
            .unwrap();
        drop(opened);
        assert_has_all_records(&records(&vault.open().unwrap().store));
        assert!(fs::exists(&aside.to).unwrap(), "{how}: gone");
    }
}

/// Shows check 34.
#[test]
fn vaults_set_aside_in_the_same_second_are_both_kept() {
    let vault = TestVault::filled();
    vault.corrupt(Vec::clear);
    let first = vault.open().unwrap().set_aside.unwrap();
    fs::write(vault.snapshot(), "again").unwrap();
    let second = vault.open().unwrap().set_aside.unwrap();
    assert_ne!(first.to, second.to);
    assert_eq!(fs::read(first.to).unwrap(), b"");
    assert_eq!(fs::read(second.to).unwrap(), b"again");
}

/// Shows check 34.
#[test]
fn vault_of_a_newer_stronghold_is_set_aside_as_newer() {
    let vault = TestVault::filled();
    // The five magic bytes are followed by two bytes of version.
    vault.corrupt(|bytes| bytes[6] = bytes[6].saturating_add(1));
    let aside = vault.open().unwrap().set_aside.unwrap();
    assert_eq!(aside.why, SetAsideReason::Newer);
}

#[test]
fn key_file_with_excessive_costs_is_rejected() {
    let vault = TestVault::filled();
    let path = vault.folder.join("key.json");
    let sound = std::fs::read_to_string(&path).unwrap();
    for (field, value) in [
        ("memory_kib", u32::MAX),
        ("passes", u32::MAX),
        ("lanes", 16_777_215),
    ] {
        let mut file: serde_json::Value = serde_json::from_str(&sound).unwrap();
        file["kind"]["passphrase"][field] = value.into();
        std::fs::write(&path, file.to_string()).unwrap();
        let error = vault.open().err().unwrap();
        let is_unreachable = matches!(error, OpenError::Locked(LockReason::VaultUnreachable));
        assert!(is_unreachable, "{field}: {error}");
    }
    std::fs::write(&path, sound).unwrap();
    assert!(vault.open().is_ok());
}

#[test]
fn wrong_passphrase_changes_nothing() {
    let vault = TestVault::filled();
    let before = fs::read(vault.snapshot()).unwrap();
    let wrong = Unlock::Passphrase(Passphrase::new("practice makes imperfect"));
    let error = vault.opener().open(wrong).err().unwrap();
    assert!(matches!(error, OpenError::WrongPassphrase));
    assert_eq!(fs::read(vault.snapshot()).unwrap(), before);
    assert_has_all_records(&records(&vault.open().unwrap().store));
}

/// Shows check 32.
#[test]
fn only_leftovers_of_interrupted_writes_are_removed() {
    let vault = TestVault::filled();
    for name in [
        "vault.stronghold.0123456789ab",
        "vault.stronghold.set-aside-2026-11-23T17-25-00Z",
        "somebody's notes.txt",
    ] {
        fs::write(vault.folder.join(name), "half").unwrap();
    }
    drop(vault.open().unwrap());
    assert_eq!(
        vault.files(),
        [
            "key.json",
            "lock",
            "somebody's notes.txt",
            "vault.stronghold",
            "vault.stronghold.set-aside-2026-11-23T17-25-00Z",
        ]
    );
}

/// Shows check 27.
#[test]
fn vault_locked_by_another_opens_once_it_is_released() {
    let vault = TestVault::filled();
    let first = vault.open().unwrap();
    let error = vault.open().err().unwrap();
    let why = LockReason::InUseElsewhere;
    assert!(matches!(error, OpenError::Locked(found) if found == why));
    let opener = vault.opener();
    let waiting = std::thread::spawn(move || opener.wait_until_free());
    let (ended, end) = std::sync::mpsc::channel();
    let watched = std::thread::spawn(move || {
        waiting.join().unwrap();
        ended.send(()).unwrap();
    });
    assert!(end.recv_timeout(Duration::from_millis(100)).is_err());
    drop(first);
    end.recv_timeout(Duration::from_secs(10)).unwrap();
    watched.join().unwrap();
    assert_has_all_records(&records(&vault.open().unwrap().store));
}

/// Shows check 29.
#[test]
fn records_are_read_from_disk_not_from_memory() {
    let vault = TestVault::filled();
    let elsewhere = TestVault::new();
    let opened = vault.open().unwrap();
    // As another computer with the same home folder would write it.
    crate::test_vault::copy(&vault.folder, &elsewhere.folder);
    let theirs = elsewhere.open().unwrap();
    let removal = Change {
        name: RecordName::Account(lorraine().identity.key()),
        bytes: None,
    };
    theirs.store.commit(&[removal]).unwrap();
    fs::copy(elsewhere.snapshot(), vault.snapshot()).unwrap();
    let accounts = records(&opened.store).accounts;
    assert_eq!(
        accounts.into_keys().collect::<Vec<_>>(),
        [bob().identity.key()]
    );
}

/// Shows check 26.
#[test]
fn commit_replaces_the_file_and_never_changes_it() {
    let vault = TestVault::filled();
    let opened = vault.open().unwrap();
    let mut held = fs::File::open(vault.snapshot()).unwrap();
    let before = fs::read(vault.snapshot()).unwrap();
    let current = Change {
        name: RecordName::Current,
        bytes: Some(encode_current(lorraine().identity.key())),
    };
    opened.store.commit(&[current]).unwrap();
    assert_ne!(fs::read(vault.snapshot()).unwrap(), before);
    let mut old = Vec::new();
    held.read_to_end(&mut old).unwrap();
    assert_eq!(old, before);
}
