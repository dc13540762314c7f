//! What is done with a vault that is damaged, newer, left behind or another's.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use amiqus_core::secret::Passphrase;
use amiqus_core::vault::{
    Change, LockReason, OpenError, RecordName, SetAsideReason, Unlock, VaultOpener as _,
    encode_current,
};

use crate::place::{Place, assert_everything_is_in, bob, lorraine, records};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_saved_is_there_in_the_next_run() {
    let place = Place::filled();
    let opened = place.open().unwrap();
    assert!(opened.set_aside.is_none());
    assert_everything_is_in(&records(&opened.store));
}

/// Shows check 32.
#[test]
fn the_folder_and_its_files_are_for_their_user_alone_after_each_save() {
    let place = Place::new();
    fs::create_dir(&place.vault).unwrap();
    fs::set_permissions(&place.vault, fs::Permissions::from_mode(0o755)).unwrap();
    place.fill();
    let opened = place.open().unwrap();
    let current = Change {
        name: RecordName::Current,
        bytes: Some(encode_current(lorraine().identity.key())),
    };
    opened.store.commit(&[current]).unwrap();
    assert_eq!(mode(&place.vault), 0o700);
    for name in place.files() {
        assert_eq!(mode(&place.vault.join(&name)), 0o600, "{name}");
    }
}

/// Shows check 34.
#[test]
fn a_damaged_vault_is_set_aside_whole_under_a_dated_name_and_a_new_one_begun() {
    type Spoil = fn(&mut Vec<u8>);
    let ways: [(&str, Spoil); 5] = [
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
    for (how, spoil) in ways {
        let place = Place::filled();
        let damaged = place.spoil(spoil);
        let opened = place
            .open()
            .unwrap_or_else(|problem| panic!("{how}: {problem}"));
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
        // The new one is as good as any.
        opened.store.commit(&crate::place::everything()).unwrap();
        drop(opened);
        assert_everything_is_in(&records(&place.open().unwrap().store));
        assert!(fs::exists(&aside.to).unwrap(), "{how}: gone");
    }
}

/// Shows check 34.
#[test]
fn two_damaged_vaults_in_the_same_second_are_both_kept() {
    let place = Place::filled();
    place.spoil(Vec::clear);
    let first = place.open().unwrap().set_aside.unwrap();
    fs::write(place.snapshot(), "again").unwrap();
    let second = place.open().unwrap().set_aside.unwrap();
    assert_ne!(first.to, second.to);
    assert_eq!(fs::read(first.to).unwrap(), b"");
    assert_eq!(fs::read(second.to).unwrap(), b"again");
}

/// Shows check 34.
#[test]
fn a_vault_of_a_newer_stronghold_is_set_aside_and_said_to_be_newer() {
    let place = Place::filled();
    // After the five magic bytes come two of version.
    place.spoil(|bytes| bytes[6] = bytes[6].saturating_add(1));
    let aside = place.open().unwrap().set_aside.unwrap();
    assert_eq!(aside.why, SetAsideReason::Newer);
}

#[test]
fn key_file_that_asks_for_more_than_a_computer_has_is_refused_at_once() {
    let place = Place::filled();
    let path = place.vault.join("key.json");
    let sound = std::fs::read_to_string(&path).unwrap();
    for (field, value) in [
        ("memory_kib", u32::MAX),
        ("passes", u32::MAX),
        ("lanes", 16_777_215),
    ] {
        let mut file: serde_json::Value = serde_json::from_str(&sound).unwrap();
        file["kind"]["passphrase"][field] = value.into();
        std::fs::write(&path, file.to_string()).unwrap();
        let failure = place.open().err().unwrap();
        let is_said = matches!(failure, OpenError::Locked(LockReason::VaultUnreachable));
        assert!(is_said, "{field}: {failure}");
    }
    std::fs::write(&path, sound).unwrap();
    assert!(place.open().is_ok());
}

#[test]
fn a_wrong_passphrase_changes_nothing() {
    let place = Place::filled();
    let before = fs::read(place.snapshot()).unwrap();
    let wrong = Unlock::Passphrase(Passphrase::new("practice makes imperfect"));
    let failure = place.opener().open(wrong).err().unwrap();
    assert!(matches!(failure, OpenError::WrongPassphrase));
    assert_eq!(fs::read(place.snapshot()).unwrap(), before);
    assert_everything_is_in(&records(&place.open().unwrap().store));
}

/// Shows check 32.
#[test]
fn what_killed_writes_left_behind_is_swept_and_nothing_else() {
    let place = Place::filled();
    for name in [
        "vault.stronghold.0123456789ab",
        "vault.stronghold.set-aside-2026-11-23T17-25-00Z",
        "somebody's notes.txt",
    ] {
        fs::write(place.vault.join(name), "half").unwrap();
    }
    drop(place.open().unwrap());
    assert_eq!(
        place.files(),
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
fn a_vault_that_another_has_is_not_touched_and_opens_once_it_is_free() {
    let place = Place::filled();
    let first = place.open().unwrap();
    let failure = place.open().err().unwrap();
    let why = LockReason::InUseElsewhere;
    assert!(matches!(failure, OpenError::Locked(found) if found == why));
    let opener = place.opener();
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
    assert_everything_is_in(&records(&place.open().unwrap().store));
}

/// Shows check 29.
#[test]
fn a_vault_is_read_from_the_disk_and_not_from_memory() {
    let place = Place::filled();
    let elsewhere = Place::new();
    let opened = place.open().unwrap();
    // As when another computer with the same home folder had written it.
    crate::place::copy(&place.vault, &elsewhere.vault);
    let theirs = elsewhere.open().unwrap();
    let gone = Change {
        name: RecordName::Account(lorraine().identity.key()),
        bytes: None,
    };
    theirs.store.commit(&[gone]).unwrap();
    fs::copy(elsewhere.snapshot(), place.snapshot()).unwrap();
    let accounts = records(&opened.store).accounts;
    assert_eq!(
        accounts.into_keys().collect::<Vec<_>>(),
        [bob().identity.key()]
    );
}

/// Shows check 26.
#[test]
fn a_commit_is_a_new_file_and_never_a_change_of_the_old_one() {
    let place = Place::filled();
    let opened = place.open().unwrap();
    let held = fs::File::open(place.snapshot()).unwrap();
    let before = fs::read(place.snapshot()).unwrap();
    let current = Change {
        name: RecordName::Current,
        bytes: Some(encode_current(lorraine().identity.key())),
    };
    opened.store.commit(&[current]).unwrap();
    let old = held.metadata().unwrap();
    let new = fs::metadata(place.snapshot()).unwrap();
    assert_ne!((old.dev(), old.ino()), (new.dev(), new.ino()));
    assert_eq!(old.len(), u64::try_from(before.len()).unwrap());
}
