//! Reads the brand's file, and fails the build where a value is invalid.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::{Host, Url};

/// The environment variable that names another brand's file.
const VARIABLE: &str = "AMIQUS_BRAND";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Brand {
    name: String,
    publisher: String,
    identifier: String,
    scheme: String,
    base_url: String,
    icon: String,
    mark: Option<String>,
    /// Read by `npm run icons`, as is `tray`.
    #[serde(rename = "icon_small")]
    _icon_small: Option<String>,
    #[serde(rename = "tray")]
    _tray: Option<String>,
    support: Option<String>,
}

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let file =
        std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from("brand.json"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", file.display());
    let invalid = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(&file).map_err(|error| invalid(&error))?;
    let brand: Brand = serde_json::from_str(&text).map_err(|error| invalid(&error))?;
    brand.validate().map_err(|error| invalid(&error))?;
    for (name, value) in [
        ("NAME", &brand.name),
        ("PUBLISHER", &brand.publisher),
        ("IDENTIFIER", &brand.identifier),
        ("SCHEME", &brand.scheme),
        ("BASE_URL", &brand.base_url),
    ] {
        println!("cargo::rustc-env=BRAND_{name}={value}");
    }
    if let Some(support) = &brand.support {
        println!("cargo::rustc-env=BRAND_SUPPORT={support}");
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

impl Brand {
    fn validate(&self) -> Result<(), String> {
        for (field, name) in [("name", &self.name), ("publisher", &self.publisher)] {
            if name.trim() != name
                || name.is_empty()
                || name.contains(|c: char| c.is_control() || c == '/')
            {
                return Err(format!(
                    "`{field}` is shown to people and names files: no control characters, no \"/\", \
                     no blanks at its ends"
                ));
            }
        }
        for (field, domain) in [("identifier", &self.identifier), ("scheme", &self.scheme)] {
            if !is_reverse_domain(domain) {
                return Err(format!(
                    "`{field}` must be a domain name of yours written backwards, in small letters, \
                     such as com.example.signin (RFC 8252 §7.1)"
                ));
            }
        }
        let base_url =
            Url::parse(&self.base_url).map_err(|error| format!("`base_url`: {error}"))?;
        let is_loopback = match base_url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        let is_bare = base_url.as_str().strip_suffix('/') == Some(&self.base_url);
        let is_safe = base_url.scheme() == "https" || (base_url.scheme() == "http" && is_loopback);
        if !is_safe || !is_bare {
            return Err(
                "`base_url` must be an https origin such as https://id.example.com, without \"/\" \
                 at its end"
                    .to_owned(),
            );
        }
        if let Some(support) = &self.support {
            let url = Url::parse(support).map_err(|error| format!("`support`: {error}"))?;
            if !["https", "mailto"].contains(&url.scheme()) || support.contains(char::is_whitespace)
            {
                return Err("`support` must be an https: or mailto: address".to_owned());
            }
        }
        Ok(())
    }
}

/// Whether the labels between dots are lower-case letters, digits and hyphens that start with a letter, and
/// there are at least two.
fn is_reverse_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && !part.ends_with('-')
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
}
