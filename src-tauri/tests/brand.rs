//! The brand's file against the copies of it that tools read alone.
#![expect(clippy::unwrap_used, reason = "what can't be read here fails the test")]

use serde_json::Value;

const FILE: &str = include_str!("../brand/brand.json");

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_tauris_own_tools_read_says_the_same_as_the_brands_file() {
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
fn the_app_is_built_with_the_names_of_the_file() {
    // Another brand is asked for by this variable; then it is that one's.
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
}
