//! Reads and writes parts of desktop entries (Desktop Entry Specification).

use std::path::{Path, PathBuf};

/// A path as an argument of `Exec`; nothing for a path that no entry can hold. It is quoted only where it
/// must be: `xdg-open`'s generic mode, which i3, sway, `LXQt` and bare sessions use, takes the first word
/// literally.
pub(crate) fn exec_argument(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    if path.chars().any(char::is_control) {
        return None;
    }
    if path.chars().all(is_plain) {
        return Some(path.to_owned());
    }
    let mut quoted = String::from('"');
    for character in path.chars() {
        match character {
            // Escaped for the argument, and the backslash once more for the string around it.
            '"' | '`' | '$' => quoted.push_str("\\\\"),
            '\\' => quoted.push_str("\\\\\\"),
            // A field code unless it is doubled.
            '%' => quoted.push('%'),
            _ => {}
        }
        quoted.push(character);
    }
    quoted.push('"');
    Some(quoted)
}

/// Whether every opener can start a program at this path: also those that split `Exec` at spaces and know
/// neither quotes nor escapes nor `%%`.
pub(crate) fn every_opener_runs(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.chars().all(is_plain))
}

/// Whether a character needs no quoting: neither reserved by the specification, nor expanded by a shell, nor
/// part of a field code.
fn is_plain(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '/' | '.' | '_' | '-' | '+' | ',' | '@' | ':' => true,
        _ => !character.is_ascii() && !character.is_whitespace() && !character.is_control(),
    }
}

/// A text as a string value of an entry.
pub(crate) fn string(text: &str) -> String {
    text.replace('\\', "\\\\")
}

/// The program that an entry starts, the first argument of its `Exec`.
pub(crate) fn program_in(entry: &str) -> Option<PathBuf> {
    let exec = entry
        .lines()
        .skip_while(|line| line.trim() != "[Desktop Entry]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("Exec")?.trim_start().strip_prefix('='))?
        .trim_start();
    let Some(quoted) = exec.strip_prefix('"') else {
        let word = exec.split_whitespace().next()?;
        return Some(PathBuf::from(word.replace("%%", "%")));
    };
    let mut program = String::new();
    // First the escapes of the string, then those of the argument.
    let unescaped = quoted.replace("\\\\", "\\");
    let mut characters = unescaped.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Some(PathBuf::from(program.replace("%%", "%"))),
            '\\' => program.extend(characters.next()),
            _ => program.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_argument_is_quoted_only_where_it_must_be() {
        for (path, argument) in [
            ("/usr/bin/x", "/usr/bin/x"),
            ("/opt/Prüfung/x-1.0+b_2", "/opt/Prüfung/x-1.0+b_2"),
            ("/opt/a b", r#""/opt/a b""#),
            ("/opt/50%", r#""/opt/50%%""#),
            ("/opt/$x", r#""/opt/\\$x""#),
            ("/opt/`x`", r#""/opt/\\`x\\`""#),
            ("/opt/\"x\"", r#""/opt/\\"x\\"""#),
            (r"/opt/a\b", r#""/opt/a\\\\b""#),
            ("/opt/it's", r#""/opt/it's""#),
            ("/opt/(x)&~#*?", r#""/opt/(x)&~#*?""#),
            ("/opt/a\u{a0}b", "\"/opt/a\u{a0}b\""),
        ] {
            assert_eq!(
                exec_argument(Path::new(path)).as_deref(),
                Some(argument),
                "{path}"
            );
            let entry = format!("[Desktop Entry]\nName=x\nExec={argument} %u\n");
            assert_eq!(
                program_in(&entry).as_deref(),
                Some(Path::new(path)),
                "{path}"
            );
            assert_eq!(every_opener_runs(Path::new(path)), argument == path);
        }
        assert_eq!(exec_argument(Path::new("/opt/a\nb")), None);
    }

    #[test]
    fn program_of_an_action_is_not_taken() {
        let entry = "[Desktop Entry]\nName=x\n[Desktop Action new]\nExec=other\n";
        assert_eq!(program_in(entry), None);
        assert_eq!(program_in("[Desktop Entry]\nExec=\"/opt/unclosed\n"), None);
    }
}
