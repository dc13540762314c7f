//! A vault in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use amiqus_core::vault::{
    Change, OpenError, Opened, RecordBytes, RecordName, SecretStore, SetAside, SetAsideReason,
    StoreError, Unlock, VaultOpener,
};

/// A store of secrets in memory, which can fail as on a full disk.
#[derive(Default)]
pub(crate) struct MemoryStore {
    records: Mutex<BTreeMap<String, Vec<u8>>>,
    aside: Mutex<String>,
    full: AtomicBool,
}

impl MemoryStore {
    pub(crate) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.records.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn has(&self, name: RecordName) -> bool {
        self.names().contains(&name.to_string())
    }

    /// All records, as text.
    pub(crate) fn text(&self) -> String {
        let records = self.records.lock().unwrap();
        let all = records.values().map(|bytes| String::from_utf8_lossy(bytes));
        all.collect::<Vec<_>>().join("\n")
    }

    /// Changes all records to a newer version.
    pub(crate) fn make_newer(&self) {
        for bytes in self.records.lock().unwrap().values_mut() {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text
                .replace(r#""version":1"#, r#""version":2"#)
                .into_bytes();
        }
    }

    /// The text of the records that were set aside.
    pub(crate) fn aside(&self) -> String {
        self.aside.lock().unwrap().clone()
    }

    pub(crate) fn put(&self, name: RecordName, bytes: &RecordBytes) {
        let mut records = self.records.lock().unwrap();
        records.insert(name.to_string(), bytes.to_vec());
    }
}

impl SecretStore for MemoryStore {
    fn read_all(&self) -> Result<Vec<(String, RecordBytes)>, StoreError> {
        let records = self.records.lock().unwrap();
        Ok(records
            .iter()
            .map(|(name, bytes)| (name.clone(), bytes.clone().into()))
            .collect())
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(StoreError::new("no space left on device"));
        }
        let mut records = self.records.lock().unwrap();
        for change in changes {
            match &change.bytes {
                Some(bytes) => records.insert(change.name.to_string(), bytes.to_vec()),
                None => records.remove(&change.name.to_string()),
            };
        }
        Ok(())
    }
}

/// Opens the same store each time.
pub(crate) struct MemoryOpener(pub(crate) Arc<MemoryStore>);

impl VaultOpener for MemoryOpener {
    fn open(&self, _: Unlock) -> Result<Opened, OpenError> {
        Ok(Opened {
            store: Arc::clone(&self.0) as Arc<dyn SecretStore>,
            set_aside: None,
        })
    }

    fn wait_until_free(&self) {}

    fn set_aside(&self, why: SetAsideReason) -> Result<SetAside, StoreError> {
        *self.0.aside.lock().unwrap() = self.0.text();
        self.0.records.lock().unwrap().clear();
        Ok(SetAside {
            why,
            to: "aside".into(),
        })
    }
}
