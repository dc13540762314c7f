//! Reads the brand's file, and fails the build where a value is invalid.

mod file;

use std::fs;
use std::path::{Path, PathBuf};

use file::Brand;

/// The environment variable that names another brand's file.
const VARIABLE: &str = "AMIQUS_BRAND";

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let file =
        std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from("brand.json"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", file.display());
    let invalid = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(&file).map_err(|error| invalid(&error))?;
    let brand: Brand = serde_json::from_str(&text).map_err(|error| invalid(&error))?;
    brand.validate().map_err(|error| invalid(&error))?;
    for (name, value) in brand.variables() {
        println!("cargo::rustc-env={name}={value}");
    }
    write_mark(&file, brand.mark.as_ref().unwrap_or(&brand.icon)).map_err(|error| invalid(&error))
}

/// Leaves the mark's SVG where the crate includes it: the element alone, as it can stand in a page.
fn write_mark(brand: &Path, mark: &str) -> Result<(), String> {
    let file = brand.parent().unwrap_or(Path::new("")).join(mark);
    println!("cargo::rerun-if-changed={}", file.display());
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(&file).map_err(|error| failed(&error))?;
    let start = text.find("<svg").ok_or_else(|| failed(&"not an SVG"))?;
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    // In a page an SVG needs no name space.
    let element = text[start..].replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
    fs::write(Path::new(&folder).join("mark.svg"), element).map_err(|error| failed(&error))
}
