//! Command lines as Windows keeps them in the registry: for links, and for a start at login.

use std::io;
use std::path::{Path, PathBuf};

/// The command line that starts a program with these arguments. The path stands in quotation marks, which no
/// path can contain: without them Windows takes what comes before a space for the program.
///
/// # Errors
/// When the path isn't Unicode.
pub(crate) fn command_line(program: &Path, arguments: &str) -> io::Result<String> {
    let program = program.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
    Ok(format!("\"{program}\" {arguments}"))
}

/// The program that a command line starts. A path without quotation marks may have spaces in it: it ends
/// with its extension then.
pub(crate) fn program_in(command: &str) -> Option<PathBuf> {
    let command = command.trim_start();
    let program = match command.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => with_extension(command).or_else(|| command.split_whitespace().next()),
    };
    program
        .filter(|program| !program.is_empty())
        .map(PathBuf::from)
}

fn with_extension(command: &str) -> Option<&str> {
    const EXTENSION: &str = ".exe";
    let end = command.to_ascii_lowercase().find(EXTENSION)? + EXTENSION.len();
    let is_whole = command[end..]
        .chars()
        .next()
        .is_none_or(char::is_whitespace);
    is_whole.then(|| &command[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_with_spaces_and_letters_of_any_language_is_one_program() {
        for program in [
            r"C:\Users\Zoë Müller\AppData\Local\Sign in with Amiqus\sign-in-with-amiqus.exe",
            r"C:\Program Files\Sign in with Amiqus\sign-in-with-amiqus.exe",
            r"D:\用户\a & b\(1)\sign-in-with-amiqus.exe",
        ] {
            let command = command_line(Path::new(program), "\"%1\"").unwrap();
            assert_eq!(command, format!("\"{program}\" \"%1\""));
            assert_eq!(program_in(&command), Some(program.into()));
        }
    }

    #[test]
    fn program_is_found_however_others_wrote_it() {
        for (command, program) in [
            (r#""C:\A b\c.exe" "%1""#, Some(r"C:\A b\c.exe")),
            (r"C:\A b\c.exe %1", Some(r"C:\A b\c.exe")),
            (r"C:\A b\C.EXE", Some(r"C:\A b\C.EXE")),
            (r"C:\c.exeter\d %1", Some(r"C:\c.exeter\d")),
            (r"rundll32 a.dll,B %1", Some("rundll32")),
            ("  c.exe", Some("c.exe")),
            ("\"", None),
            ("\"\" %1", None),
            ("", None),
            ("  ", None),
        ] {
            assert_eq!(program_in(command), program.map(PathBuf::from), "{command}");
        }
    }
}
