//! What the same write takes with Stronghold's plugin as it comes: it stretches the key again at each
//! save, as if it were a password.

use std::path::Path;
use std::time::Instant;

use iota_stronghold::engine::snapshot::try_set_encrypt_work_factor;
use tauri_plugin_stronghold::stronghold::Stronghold;

use crate::computer::{Computer, vault_in};
use crate::{Figures, Options, Result, milliseconds};

/// The engine's default work factor, as a power of 2.
const PLUGIN_SETTINGS: u8 = 19;

/// What the app tells it: nothing, for its key is 32 random bytes.
const OURS: u8 = 0;

/// Saves one account's worth in the one way and the other.
pub(crate) fn measure(given: &Options) -> Result<Vec<Figures>> {
    let computer = Computer::of_this_desktop()?;
    let data = computer.user("stock")?;
    std::fs::create_dir_all(vault_in(&data))?;
    let mut row = Figures::of("vault commit 1, stock");
    for _ in 0..given.rounds {
        row.ours.push(save(&data, PLUGIN_SETTINGS)?);
        row.floor.push(save(&data, OURS)?);
    }
    Ok(vec![row])
}

fn save(data: &Path, work_factor: u8) -> Result<f64> {
    try_set_encrypt_work_factor(work_factor)?;
    let path = vault_in(data).join(format!("{work_factor}.stronghold"));
    if path.exists() {
        std::fs::remove_file(&path)?;
    }
    let stronghold = Stronghold::new(&path, vec![7; 32])?;
    let client = stronghold.create_client(b"bench")?;
    client
        .store()
        .insert(b"account".to_vec(), vec![7; 2_000], None)?;
    let begun = Instant::now();
    stronghold.save()?;
    Ok(milliseconds(begun.elapsed()))
}
