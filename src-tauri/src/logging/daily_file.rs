//! One log file a day, limited in size, for a week. After an error it continues with the next line.

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
use crate::private_fs::{private_file, private_folder};

/// How many days of logs are kept.
const MAX_DAYS: usize = 7;

/// A file that would exceed this becomes the day's earlier part and replaces the one before: the newest lines
/// of a day are kept, up to twice as many bytes.
pub(super) const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024;

const PREFIX: &str = "sign-in-with-amiqus.";
const SUFFIX: &str = ".log";
const EARLIER_SUFFIX: &str = ".1.log";

/// Writes each line to the current day's file.
pub(super) struct DailyFile {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    open: Option<OpenFile>,
    lost: LostLines,
}

/// Lines that were not written, until a line in the log says so.
#[derive(Default)]
struct LostLines {
    count: u64,
    cause: String,
}

struct OpenFile {
    file: File,
    day: Date,
    /// Whether its last line is incomplete: the disk was full, or the process was killed.
    has_partial_line: bool,
}

impl DailyFile {
    pub(super) fn new(folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder,
            clock,
            open: None,
            lost: LostLines::default(),
        }
    }

    /// Restricts existing files to their user.
    pub(super) fn prepare(&mut self) {
        // A folder that can't be restricted may still be writable.
        let _ = private_folder(&self.folder);
        for (_, path) in files(&self.folder).unwrap_or_default() {
            restrict(&path);
        }
    }

    /// Writes a line, or counts it as lost.
    pub(super) fn write(&mut self, line: &[u8]) {
        if let Err(error) = self.try_write(line) {
            self.count_lost(1, &error.to_string());
        }
    }

    /// Counts lines as lost, for [`Self::report_lost`].
    pub(super) fn count_lost(&mut self, count: u64, cause: &str) {
        self.lost.count = self.lost.count.saturating_add(count);
        cause.clone_into(&mut self.lost.cause);
    }

    /// Writes how many lines were lost, if any were. It is also done before each line.
    ///
    /// # Errors
    /// When it can't be written. The count is kept for the next time then.
    pub(super) fn report_lost(&mut self) -> io::Result<()> {
        if self.lost.count == 0 {
            return Ok(());
        }
        let LostLines { count, cause } = &self.lost;
        let text = format!("log: lines lost count={count} cause={cause:?}");
        let line = line(self.clock.now(), Level::WARN, &text);
        self.append(line.as_bytes())?;
        self.lost = LostLines::default();
        Ok(())
    }

    fn try_write(&mut self, line: &[u8]) -> io::Result<()> {
        self.report_lost()?;
        self.append(line)
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let day = day_of(self.clock.now());
        self.open_for(day, line.len())?.write(line)
    }

    /// Opens the day's file, with room for this many bytes.
    fn open_for(&mut self, day: Date, length: usize) -> io::Result<&mut OpenFile> {
        let path = self.folder.join(name(day));
        let current = self
            .open
            .take()
            .filter(|open| open.day == day && is_at(&open.file, &path));
        let mut open = match current {
            Some(open) => open,
            None => self.open_file(day, &path)?,
        };
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if open.file.metadata()?.len().saturating_add(length) > MAX_FILE_BYTES {
            fs::rename(&path, self.folder.join(earlier_name(day)))?;
            open = self.open_file(day, &path)?;
        }
        Ok(self.open.insert(open))
    }

    fn open_file(&self, day: Date, path: &Path) -> io::Result<OpenFile> {
        // The folder may have been removed since the start.
        let _ = private_folder(&self.folder);
        let open = OpenFile::open(day, path)?;
        remove_old(&self.folder, day);
        Ok(open)
    }
}

impl OpenFile {
    fn open(day: Date, path: &Path) -> io::Result<Self> {
        let mut file = open_regular(private_file().read(true).append(true).create(true), path)?;
        restrict_open_file(&file);
        let has_partial_line = file.seek(SeekFrom::End(-1)).is_ok() && {
            let mut last = [0];
            file.read_exact(&mut last)?;
            last != *b"\n"
        };
        Ok(Self {
            file,
            day,
            has_partial_line,
        })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.has_partial_line {
            self.file.write_all(b"\n")?;
        }
        // Until all of it is written.
        self.has_partial_line = true;
        self.file.write_all(line)?;
        self.has_partial_line = !line.ends_with(b"\n");
        Ok(())
    }
}

/// Lists the log's files in a folder, the oldest first.
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

/// Moves the files of future days to the front: a wrong clock named them, so that they count as the oldest.
pub(super) fn sort_future_first(files: &mut [(Date, PathBuf)], today: Date) {
    files.sort_by_key(|(day, _)| *day <= today);
}

/// Opens a regular file: not a pipe, which could block, and not through a symbolic link.
///
/// # Errors
/// When it can't be opened, or is not a regular file.
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
        // The system's error differs for a link, a folder and a pipe.
        Err(_) if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) => {
            Err(not_regular())
        }
        Err(error) => Err(error),
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

/// Parses the day from a log file's name; `None` for another name.
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

/// Whether the file at this path is still the open one: it may have been removed or replaced.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (Ok(open), Ok(current)) = (file.metadata(), fs::symlink_metadata(path)) else {
            return false;
        };
        (open.dev(), open.ino()) == (current.dev(), current.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Restricts a file to its user: earlier versions created it with the umask's mode. The log is written even
/// where the file system supports no permissions.
fn restrict_open_file(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file
            .metadata()
            .is_ok_and(|metadata| metadata.permissions().mode() & 0o177 != 0)
        {
            let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}

fn restrict(path: &Path) {
    if let Ok(file) = open_regular(OpenOptions::new().read(true), path) {
        restrict_open_file(&file);
    }
}

/// Removes the files of all days but the newest [`MAX_DAYS`]. Future days count as the oldest.
fn remove_old(folder: &Path, today: Date) {
    let Ok(mut files) = files(folder) else {
        return;
    };
    sort_future_first(&mut files, today);
    let mut days: Vec<_> = files.iter().map(|(day, _)| *day).collect();
    days.dedup();
    let too_old = days.len().saturating_sub(MAX_DAYS);
    for (day, path) in &files {
        if days.iter().take(too_old).any(|old| old == day) {
            // Tried again the next day.
            let _ = fs::remove_file(path);
        }
    }
}
