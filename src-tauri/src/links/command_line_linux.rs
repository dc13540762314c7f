//! Erases links from the command line of this process. A link that starts the app is part of it, and every
//! user of the computer can read it there for as long as the app runs (`proc_pid_cmdline(5)`).

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;

use procfs::process::Process;

/// Overwrites what follows the scheme in each argument that is a link.
pub(super) fn erase_links(scheme: &str) -> io::Result<()> {
    let line = fs::read("/proc/self/cmdline")?;
    let links = link_ranges(&line, scheme);
    if links.is_empty() {
        return Ok(());
    }
    let start = start_of_arguments()?;
    // The process's own memory as a file: no pointer is needed to write to it.
    let memory = File::options().write(true).open("/proc/self/mem")?;
    for (offset, length) in links {
        memory.write_all_at(&vec![0; length], start + offset)?;
    }
    Ok(())
}

/// The address of the command line in this process's memory.
fn start_of_arguments() -> io::Result<u64> {
    let stat = Process::myself()
        .and_then(|process| process.stat())
        .map_err(io::Error::other)?;
    stat.arg_start
        .ok_or_else(|| io::Error::other("the kernel doesn't report the address of the arguments"))
}

/// The offset and length of each link's secret part in a command line. The program's name is no link.
fn link_ranges(line: &[u8], scheme: &str) -> Vec<(u64, usize)> {
    let scheme = format!("{scheme}:");
    let mut offset = 0;
    let mut ranges = Vec::new();
    for (number, argument) in line.split(|byte| *byte == 0).enumerate() {
        let is_link = argument.len() > scheme.len()
            && argument[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes());
        if number > 0 && is_link {
            let length = argument.len() - scheme.len();
            ranges.push(((offset + scheme.len()) as u64, length));
        }
        offset += argument.len() + 1;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_ranges_cover_only_what_follows_the_scheme() {
        let line = b"co.amiqus.signin:\0--x\0CO.amiqus.signin://oauth/callback?code=1\0https://a\0co.amiqus.signin:\0";
        let ranges = link_ranges(line, "co.amiqus.signin");
        let texts: Vec<_> = ranges
            .iter()
            .map(|(offset, length)| {
                let offset = usize::try_from(*offset).unwrap();
                std::str::from_utf8(&line[offset..offset + length]).unwrap()
            })
            .collect();
        assert_eq!(texts, ["//oauth/callback?code=1"]);
    }

    #[test]
    fn arguments_start_where_the_kernel_says() {
        let line = fs::read("/proc/self/cmdline").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut read = vec![0; line.len()];
        memory
            .read_exact_at(&mut read, start_of_arguments().unwrap())
            .unwrap();
        assert_eq!(read, line);
    }
}
