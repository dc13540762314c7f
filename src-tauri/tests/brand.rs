//! The brand's file against the copies of its values in other files.
#![expect(clippy::unwrap_used, reason = "an unreadable file fails the test")]

use serde_json::Value;

const FILE: &str = include_str!("../brand/brand.json");

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn tauri_configuration_matches_the_brand_file() {
    let brand = read(FILE);
    let tauri = read(include_str!("../tauri.conf.json"));
    assert_eq!(tauri["productName"], brand["name"]);
    assert_eq!(tauri["identifier"], brand["identifier"]);
    assert_eq!(tauri["bundle"]["publisher"], brand["publisher"]);
    assert_eq!(
        tauri["plugins"]["deep-link"]["desktop"]["schemes"],
        Value::Array(vec![brand["scheme"].clone()])
    );
}

#[test]
fn built_constants_match_the_brand_file() {
    // The build may have been given another brand's file.
    let brand = match std::env::var("AMIQUS_BRAND") {
        Ok(other) => read(&std::fs::read_to_string(other).unwrap()),
        _ => read(FILE),
    };
    for (built, field) in [
        (brand::NAME, "name"),
        (brand::PUBLISHER, "publisher"),
        (brand::IDENTIFIER, "identifier"),
        (brand::SCHEME, "scheme"),
        (brand::BASE_URL, "base_url"),
    ] {
        assert_eq!(brand[field], built, "{field}");
    }
    assert_eq!(brand["support"].as_str(), brand::SUPPORT);
}
