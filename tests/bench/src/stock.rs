//! The same write with the default settings of Stronghold's plugin, which stretches the key at each save
//! as if it were a password.

use std::path::Path;
use std::time::Instant;

use iota_stronghold::engine::snapshot::try_set_encrypt_work_factor;
use tauri_plugin_stronghold::stronghold::Stronghold;

use crate::computer::{Computer, vault_in};
use crate::{Figures, Options, Result, milliseconds};

/// The engine's default work factor, as a power of 2.
const PLUGIN_WORK_FACTOR: u8 = 19;

/// The app's work factor: its key is 32 random bytes, which need no stretching.
const APP_WORK_FACTOR: u8 = 0;

/// Saves one account's data with each work factor.
pub(crate) fn measure(options: &Options) -> Result<Vec<Figures>> {
    let computer = Computer::from_environment()?;
    let data = computer.user("stock")?;
    std::fs::create_dir_all(vault_in(&data))?;
    let mut row = Figures::of("vault commit 1, stock");
    for _ in 0..options.rounds {
        row.ours.push(save(&data, PLUGIN_WORK_FACTOR)?);
        row.floor.push(save(&data, APP_WORK_FACTOR)?);
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
