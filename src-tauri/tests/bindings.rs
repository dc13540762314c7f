//! The TypeScript bindings of the commands, which are generated from Rust and committed.

use std::path::Path;

/// With `WRITE_BINDINGS=1` (`npm run bindings`) the committed file is written first.
#[test]
fn committed_bindings_match_the_generated_ones() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/bindings.ts");
    if std::env::var_os("WRITE_BINDINGS").is_some() {
        sign_in_with_amiqus::bindings(&committed).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let generated = folder.path().join("bindings.ts");
    sign_in_with_amiqus::bindings(&generated).unwrap();
    assert!(
        std::fs::read_to_string(committed).unwrap() == std::fs::read_to_string(generated).unwrap(),
        "ui/src/bindings.ts is stale: run `npm run bindings`"
    );
}
