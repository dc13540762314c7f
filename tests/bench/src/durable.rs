//! The minimal durable write: new file, write, sync, rename, sync of the folder.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;

/// Replaces the file `written` in a folder; returns how long that took.
pub(crate) fn write(folder: &Path, bytes: &[u8]) -> Result<Duration> {
    let begun = Instant::now();
    let new = folder.join("written.new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, folder.join("written"))?;
    File::open(folder)?.sync_all()?;
    Ok(begun.elapsed())
}

/// Incompressible bytes, as many as a file has.
pub(crate) fn as_large_as(file: &Path) -> Result<Vec<u8>> {
    let size = usize::try_from(fs::metadata(file)?.len())?;
    Ok(std::iter::repeat_with(|| fastrand::u8(..))
        .take(size)
        .collect())
}
