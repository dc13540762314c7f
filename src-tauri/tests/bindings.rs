//! The window's side of the commands is generated from Rust and kept in the repository.

use std::path::Path;

/// With `WRITE_BINDINGS=1` (`npm run bindings`) the file is written; otherwise it must be as the
/// generator would write it.
#[test]
fn the_windows_bindings_are_as_rust_has_them() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/bindings.ts");
    if std::env::var_os("WRITE_BINDINGS").is_some() {
        sign_in_with_amiqus::bindings(&kept).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("bindings.ts");
    sign_in_with_amiqus::bindings(&fresh).unwrap();
    assert!(
        std::fs::read_to_string(kept).unwrap() == std::fs::read_to_string(fresh).unwrap(),
        "ui/src/bindings.ts is stale: run `npm run bindings`"
    );
}
