//! An empty app: one window of the app's size with one sentence, on the same build of Tauri. It is the floor
//! that the app is measured against.

fn main() -> tauri::Result<()> {
    tauri::Builder::default().run(context())
}

#[expect(clippy::disallowed_methods, reason = "the macro expands to it")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}
