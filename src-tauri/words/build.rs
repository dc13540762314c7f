//! Generates the crate's modules from the table of words.

mod compare;
mod generate;

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

/// The environment variable that names another table, such as a translation.
const VARIABLE: &str = "AMIQUS_WORDS";

/// The table, relative to this crate.
const TABLE: &str = "../../ui/src/words/en-GB.json";

/// The sections that Rust uses; the others are the window's alone.
const SECTIONS: [&str; 16] = [
    "awaitingBrowser",
    "browserPage",
    "button",
    "commandLine",
    "exchangingCode",
    "home",
    "language",
    "menu",
    "needsSetup",
    "notification",
    "problem",
    "report",
    "signInAgain",
    "thisComputer",
    "top",
    "tray",
];

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let file = env::var_os(VARIABLE).map_or_else(|| PathBuf::from(TABLE), PathBuf::from);
    println!("cargo::rerun-if-changed={}", file.display());
    let invalid = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(&file).map_err(|error| invalid(&error))?;
    let table: Value = serde_json::from_str(&text).map_err(|error| invalid(&error))?;
    println!("cargo::rerun-if-changed={TABLE}");
    let ours = fs::read_to_string(TABLE).map_err(|error| format!("{TABLE}: {error}"))?;
    let ours: Value = serde_json::from_str(&ours).map_err(|error| format!("{TABLE}: {error}"))?;
    compare::compare("", &ours, &table).map_err(|error| invalid(&error))?;
    let known = [
        ("app", brand::NAME),
        ("scheme", brand::SCHEME),
        ("baseUrl", brand::BASE_URL),
    ];
    let mut code = String::new();
    for name in SECTIONS {
        let section = table
            .get(name)
            .ok_or_else(|| invalid(&format!("there is no section `{name}`")))?;
        code += &generate::item(name, name, section, &known).map_err(|error| invalid(&error))?;
    }
    let folder = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    let out = Path::new(&folder).join("words.rs");
    fs::write(&out, code).map_err(|error| format!("{}: {error}", out.display()))
}
