//! An app with nothing in it: one window of the same size as ours, one sentence in it, on the very Tauri
//! that ours is compiled with. What ours takes beyond this is ours to justify.

fn main() -> tauri::Result<()> {
    tauri::Builder::default().run(context())
}

#[expect(clippy::disallowed_methods, reason = "within Tauri's own macro")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}
