//! The command line of this process. A link that starts the app stands in it, and there every user of
//! the computer can read it for as long as the app runs (`proc_pid_cmdline(5)`): its code and `state`
//! are taken out as soon as they have been taken in.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;

/// Overwrites what comes after the scheme, in each argument that is a link of it.
pub(super) fn forget_links(scheme: &str) -> io::Result<()> {
    let line = fs::read("/proc/self/cmdline")?;
    let links = paths(&line, scheme);
    if links.is_empty() {
        return Ok(());
    }
    let start = start_of_arguments(&fs::read_to_string("/proc/self/stat")?)
        .ok_or_else(|| io::Error::other("the system doesn't tell where the arguments are"))?;
    // The process's own memory as a file: written to without a pointer.
    let memory = File::options().write(true).open("/proc/self/mem")?;
    for (offset, length) in links {
        memory.write_all_at(&vec![0; length], start + offset)?;
    }
    Ok(())
}

/// Where in a command line the links' secret parts are, and how long. The program's own name is none.
fn paths(line: &[u8], scheme: &str) -> Vec<(u64, usize)> {
    let scheme = format!("{scheme}:");
    let mut offset = 0;
    let mut found = Vec::new();
    for (number, argument) in line.split(|byte| *byte == 0).enumerate() {
        let is_link = argument.len() > scheme.len()
            && argument[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes());
        if number > 0 && is_link {
            let length = argument.len() - scheme.len();
            found.push(((offset + scheme.len()) as u64, length));
        }
        offset += argument.len() + 1;
    }
    found
}

/// `proc_pid_stat(5)`: `arg_start` is the 48th field; the second is the name in brackets, in which
/// anything may stand.
fn start_of_arguments(stat: &str) -> Option<u64> {
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(45)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_the_scheme_is_found_in_every_link_and_nothing_else() {
        let line = b"co.amiqus.signin:\0--x\0CO.amiqus.signin://oauth/callback?code=1\0https://a\0co.amiqus.signin:\0";
        let found = paths(line, "co.amiqus.signin");
        let texts: Vec<_> = found
            .iter()
            .map(|(offset, length)| {
                let offset = usize::try_from(*offset).unwrap();
                std::str::from_utf8(&line[offset..offset + length]).unwrap()
            })
            .collect();
        assert_eq!(texts, ["//oauth/callback?code=1"]);
    }

    #[test]
    fn the_arguments_begin_where_the_kernel_says() {
        let about = fs::read_to_string("/proc/self/stat").unwrap();
        let line = fs::read("/proc/self/cmdline").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut read = vec![0; line.len()];
        let start = start_of_arguments(&about).unwrap();
        memory.read_exact_at(&mut read, start).unwrap();
        assert_eq!(read, line);
    }
}
