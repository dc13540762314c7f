//! One file a day, limited in size, and no more than a week of them. Whatever the disk does, it goes on
//! with the next line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amiqus_core::clock::Clock;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tracing::Level;

use super::line;
use crate::private_fs::private_folder;

/// How many days of logs are kept.
const MAX_DAYS: usize = 7;

/// A file that would be longer becomes the day's earlier part, in place of the one before: the newest
/// lines of a day are kept, twice as many bytes at most.
pub(super) const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024;

const PREFIX: &str = "sign-in-with-amiqus.";
const SUFFIX: &str = ".log";
const EARLIER_SUFFIX: &str = ".1.log";

/// The day's file, and the one of each day to come.
pub(super) struct DailyFile {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    open: Option<OpenFile>,
    lost: Lost,
}

/// Lines that can't be found in the log.
#[derive(Default)]
struct Lost {
    count: u64,
    cause: String,
}

struct OpenFile {
    file: File,
    day: Date,
    /// Whether its last line has no end: the disk was full, or the process was killed.
    is_torn: bool,
}

impl DailyFile {
    pub(super) fn new(folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder,
            clock,
            open: None,
            lost: Lost::default(),
        }
    }

    /// Makes what is there already its user's alone.
    pub(super) fn prepare(&mut self) {
        // A folder that can't be made private may be one that can be written to.
        let _ = private_folder(&self.folder);
        for (_, path) in files(&self.folder).unwrap_or_default() {
            mend_permissions(&path);
        }
    }

    /// Writes a line, or counts it as lost.
    pub(super) fn write(&mut self, line: &[u8]) {
        if let Err(problem) = self.try_write(line) {
            self.lost(1, &problem.to_string());
        }
    }

    /// Counts lines as lost; the log says so as soon as it can be written.
    pub(super) fn lost(&mut self, count: u64, cause: &str) {
        self.lost.count = self.lost.count.saturating_add(count);
        cause.clone_into(&mut self.lost.cause);
    }

    /// Says how many lines were lost, if any were and the disk takes it.
    pub(super) fn say_lost(&mut self) -> io::Result<()> {
        if self.lost.count == 0 {
            return Ok(());
        }
        let Lost { count, cause } = &self.lost;
        let words = format!("log: lines lost count={count} cause={cause:?}");
        let note = line(self.clock.now(), Level::WARN, &words);
        self.append(note.as_bytes())?;
        self.lost = Lost::default();
        Ok(())
    }

    fn try_write(&mut self, line: &[u8]) -> io::Result<()> {
        self.say_lost()?;
        self.append(line)
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let day = day_of(self.clock.now());
        self.open_for(day, line.len())?.write(line)
    }

    /// The day's file, with room for so many bytes.
    fn open_for(&mut self, day: Date, length: usize) -> io::Result<&mut OpenFile> {
        let path = self.folder.join(name(day));
        let kept = self
            .open
            .take()
            .filter(|open| open.day == day && is_at(&open.file, &path));
        let mut open = match kept {
            Some(open) => open,
            None => self.open_anew(day, &path)?,
        };
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if open.file.metadata()?.len().saturating_add(length) > MAX_FILE_BYTES {
            fs::rename(&path, self.folder.join(earlier_name(day)))?;
            open = self.open_anew(day, &path)?;
        }
        Ok(self.open.insert(open))
    }

    fn open_anew(&self, day: Date, path: &Path) -> io::Result<OpenFile> {
        // It may have been removed since.
        let _ = private_folder(&self.folder);
        let open = OpenFile::open(day, path)?;
        remove_old(&self.folder, day);
        Ok(open)
    }
}

impl OpenFile {
    fn open(day: Date, path: &Path) -> io::Result<Self> {
        let mut file = open_regular(
            private_file_options().read(true).append(true).create(true),
            path,
        )?;
        mend_permissions_of(&file);
        let is_torn = file.seek(SeekFrom::End(-1)).is_ok() && {
            let mut last = [0];
            file.read_exact(&mut last)?;
            last != *b"\n"
        };
        Ok(Self { file, day, is_torn })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.file.write_all(b"\n")?;
        }
        // Until it is written whole.
        self.is_torn = true;
        self.file.write_all(line)?;
        self.is_torn = !line.ends_with(b"\n");
        Ok(())
    }
}

/// The log's files in a folder, the oldest first.
///
/// # Errors
/// When the folder can't be read.
pub(super) fn files(folder: &Path) -> io::Result<Vec<(Date, PathBuf)>> {
    let mut files: Vec<_> = fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| Some((day_in(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    // A day's earlier part comes before the other in this order too.
    files.sort_unstable();
    Ok(files)
}

/// Puts the files of days to come first: a wrong clock made them, and nobody knows when.
pub(super) fn put_future_first(files: &mut [(Date, PathBuf)], today: Date) {
    files.sort_by_key(|(day, _)| *day <= today);
}

/// Opens a file that is one: not a pipe, which could take for ever, nor what a link leads to.
pub(super) fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    let not_regular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    match options.open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => Err(not_regular()),
        // The system has another word for each of them.
        Err(_) if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) => {
            Err(not_regular())
        }
        Err(problem) => Err(problem),
    }
}

pub(super) fn day_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

fn name(day: Date) -> String {
    format!("{PREFIX}{day}{SUFFIX}")
}

fn earlier_name(day: Date) -> String {
    format!("{PREFIX}{day}{EARLIER_SUFFIX}")
}

/// The day that a file's name has in it, if it is a name of the log's.
fn day_in(file_name: &str) -> Option<Date> {
    let rest = file_name.strip_prefix(PREFIX)?;
    let day = rest
        .strip_suffix(EARLIER_SUFFIX)
        .or_else(|| rest.strip_suffix(SUFFIX))?;
    let day: Date = day.parse().ok()?;
    [name(day), earlier_name(day)]
        .iter()
        .any(|name| name == file_name)
        .then_some(day)
}

fn private_file_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether this is still the file at this path: it may have been removed or replaced.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else {
            return false;
        };
        (open.dev(), open.ino()) == (there.dev(), there.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Earlier versions left them to the umask. Some file systems know no permissions: no reason not to
/// write.
fn mend_permissions_of(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file
            .metadata()
            .is_ok_and(|about| about.permissions().mode() & 0o177 != 0)
        {
            let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}

fn mend_permissions(path: &Path) {
    if let Ok(file) = open_regular(OpenOptions::new().read(true), path) {
        mend_permissions_of(&file);
    }
}

/// Removes the days beyond the last ones. Those to come, which a wrong clock made, count as the oldest.
fn remove_old(folder: &Path, today: Date) {
    let Ok(mut files) = files(folder) else {
        return;
    };
    put_future_first(&mut files, today);
    let mut days: Vec<_> = files.iter().map(|(day, _)| *day).collect();
    days.dedup();
    let too_old = days.len().saturating_sub(MAX_DAYS);
    for (day, path) in &files {
        if days.iter().take(too_old).any(|old| old == day) {
            // Tried again with the next day.
            let _ = fs::remove_file(path);
        }
    }
}
