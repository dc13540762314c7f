//! Lists the commands, so that each must be allowed by name in `capabilities/`.

fn main() -> Result<(), String> {
    let commands = tauri_build::AppManifest::new().commands(&[
        "app_state",
        "follow",
        "authorize",
        "open_browser_again",
        "exchange",
        "cancel",
        "refresh",
        "me",
        "sign_out",
        "switch_account",
        "save_registration",
        "check_registration",
        "change_setup",
        "unlock",
        "choose_passphrase",
        "start_over",
        "open_page",
        "this_computer",
        "start_at_login",
        "take_links_back",
        "save_report",
    ]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .map_err(|problem| format!("{problem:#}"))
}
