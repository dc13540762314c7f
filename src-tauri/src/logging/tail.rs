//! The newest part of the log, for the support report. Only that part is read, whatever the files' size.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;

use super::daily_file::{day_of, files, open_regular, sort_future_first};

/// Reads the log's last whole lines, at most this many bytes. Where a file can't be read, a line gives the
/// cause.
pub(super) fn newest(folder: &Path, now: Timestamp, max_bytes: usize) -> String {
    let mut files = match files(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return format!("the log's folder can't be read: {error}\n"),
    };
    sort_future_first(&mut files, day_of(now));
    let mut parts = Vec::new();
    let mut remaining = max_bytes;
    for (_, path) in files.iter().rev() {
        if remaining == 0 {
            break;
        }
        let read = open_regular(OpenOptions::new().read(true), path)
            .and_then(|file| last_lines(file, remaining));
        let tail = match read {
            Ok(tail) => tail,
            Err(error) => {
                let name = path.file_name().unwrap_or_default().display();
                Tail {
                    text: format!("{name} can't be read: {error}\n"),
                    bytes_read: 0,
                }
            }
        };
        remaining -= tail.bytes_read.min(remaining);
        parts.push(tail.text);
    }
    parts.reverse();
    parts.concat()
}

struct Tail {
    text: String,
    bytes_read: usize,
}

/// Reads a file's last whole lines, at most this many bytes.
fn last_lines(mut file: impl Read + Seek, max_bytes: usize) -> io::Result<Tail> {
    let length = file.seek(SeekFrom::End(0))?;
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let start = length.saturating_sub(limit);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(max_bytes.min(usize::try_from(length).unwrap_or(max_bytes)));
    file.take(limit).read_to_end(&mut bytes)?;
    let bytes_read = bytes.len();
    // The first line is incomplete, unless the file starts with it.
    let first_line = match start {
        0 => 0,
        _ => bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes_read, |newline| newline + 1),
    };
    // A power cut may leave zero bytes where a line was being written.
    let text =
        String::from_utf8_lossy(bytes.get(first_line..).unwrap_or_default()).replace('\0', "");
    Ok(Tail { text, bytes_read })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn newest_part_is_whole_lines_across_days() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("sign-in-with-amiqus.2026-11-22.log", "one\ntwo\n");
        write("sign-in-with-amiqus.2026-11-23.log", "thrée\nfour\n");
        write("other.log", "five\n");
        let newest = |bytes| newest(folder.path(), now(), bytes);
        assert_eq!(newest(1000), "one\ntwo\nthrée\nfour\n");
        assert_eq!(newest(18), "two\nthrée\nfour\n");
        assert_eq!(newest(8), "four\n");
        assert_eq!(newest(1), "");
        assert_eq!(newest(0), "");
    }

    #[test]
    fn missing_folder_is_an_empty_log() {
        assert_eq!(newest(Path::new("/nowhere"), now(), 8), "");
    }

    #[test]
    fn earlier_parts_and_future_days_come_first() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("sign-in-with-amiqus.2099-01-01.log", "a wrong clock\n"),
            ("sign-in-with-amiqus.2026-11-22.log", "yesterday\n"),
            ("sign-in-with-amiqus.2026-11-23.log", "later\n"),
            ("sign-in-with-amiqus.2026-11-23.1.log", "earlier\n"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(
            newest(folder.path(), now(), 1000),
            "a wrong clock\nyesterday\nearlier\nlater\n"
        );
    }

    #[cfg(unix)]
    #[test]
    fn irregular_files_are_named_without_blocking() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let fifo = at("sign-in-with-amiqus.2026-11-22.log");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        fs::create_dir(at("sign-in-with-amiqus.2026-11-21.log")).unwrap();
        fs::write(at("secret"), "not the log\n").unwrap();
        std::os::unix::fs::symlink(at("secret"), at("sign-in-with-amiqus.2026-11-20.log")).unwrap();
        fs::write(at("sign-in-with-amiqus.2026-11-23.log"), "a line\n").unwrap();
        assert_eq!(
            newest(folder.path(), now(), 1000),
            "sign-in-with-amiqus.2026-11-20.log can't be read: not a regular file\n\
             sign-in-with-amiqus.2026-11-21.log can't be read: not a regular file\n\
             sign-in-with-amiqus.2026-11-22.log can't be read: not a regular file\n\
             a line\n"
        );
        assert!(newest(&at("secret"), now(), 8).starts_with("the log's folder can't be read"));
    }

    /// A file of this length, all newlines, that counts the bytes read.
    struct Huge {
        length: u64,
        at: u64,
        read: u64,
    }

    impl Read for &mut Huge {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
            let count = left.min(into.len());
            into[..count].fill(b'\n');
            self.at += count as u64;
            self.read += count as u64;
            Ok(count)
        }
    }

    impl Seek for &mut Huge {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::End(0) => self.length,
                other => panic!("{other:?}"),
            };
            Ok(self.at)
        }
    }

    #[test]
    fn huge_file_is_read_only_at_its_end() {
        let mut huge = Huge {
            length: 1 << 41,
            at: 0,
            read: 0,
        };
        assert_eq!(last_lines(&mut huge, 4096).unwrap().text.len(), 4095);
        assert_eq!(huge.read, 4096);
        assert_eq!(huge.at, huge.length);
    }

    #[test]
    fn zero_bytes_are_left_out() {
        let text = io::Cursor::new(b"one\n\0\0\0two\n");
        assert_eq!(last_lines(text, 100).unwrap().text, "one\ntwo\n");
    }
}
