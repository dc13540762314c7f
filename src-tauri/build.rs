//! Declares the commands, so that each must be allowed by name in `capabilities/`; passes the brand's names to
//! Tauri; and rejects an incomplete configuration of updates.

#[path = "src/updates/distributor.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the app reads this file as well, and needs more of it"
)]
mod distributor;

use distributor::{ADDRESS, Distributor, PUBLIC_KEY};
use serde_json::{Map, Value, json};

fn main() -> Result<(), String> {
    println!("cargo::rustc-env={TAURI_CONFIG}={}", branded_config()?);
    check_distributor();
    check_libsodium();
    let commands = tauri_build::AppManifest::new().commands(&[
        "app_state",
        "follow",
        "authorize",
        "finish_sign_in",
        "forget_sign_in",
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
        "report_fault",
        "update",
        "dismiss_problem",
        "reload_setup",
        "copy_authorization_url",
        "copy_text",
        "close_window",
        "quit",
        "notify_me",
        "show_report",
        "open_licences",
        "contact_support",
        "follow_requests",
    ]);
    let attributes = tauri_build::Attributes::new()
        .app_manifest(commands)
        .windows_attributes(windows_attributes());
    tauri_build::try_build(attributes).map_err(|error| format!("{error:#}"))
}

/// Puts Windows' manifest into the program, and with Microsoft's linker into the test programs as well: those import
/// what only the library named in it has, and wouldn't start.
fn windows_attributes() -> tauri_build::WindowsAttributes {
    const MANIFEST: &str = "windows-manifest.xml";
    println!("cargo::rerun-if-changed={MANIFEST}");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|linker| linker == "msvc") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg=/MANIFEST:EMBED");
        println!("cargo::rustc-link-arg=/MANIFESTINPUT:{folder}\\{MANIFEST}");
        // Else the linker adds a part that the file has.
        println!("cargo::rustc-link-arg=/MANIFESTUAC:NO");
        return tauri_build::WindowsAttributes::new_without_app_manifest();
    }
    tauri_build::WindowsAttributes::new().app_manifest(include_str!("windows-manifest.xml"))
}

/// The variable with settings that Tauri merges over `tauri.conf.json`.
const TAURI_CONFIG: &str = "TAURI_CONFIG";

/// The settings from the command line, if there are any, with the brand's names.
fn branded_config() -> Result<Value, String> {
    println!("cargo::rerun-if-env-changed={TAURI_CONFIG}");
    let mut config: Map<String, Value> = match std::env::var(TAURI_CONFIG) {
        Ok(text) => {
            serde_json::from_str(&text).map_err(|error| format!("{TAURI_CONFIG}: {error}"))?
        }
        Err(_) => Map::new(),
    };
    config.insert("productName".to_owned(), json!(brand::NAME));
    config.insert("identifier".to_owned(), json!(brand::IDENTIFIER));
    let plugins = config.entry("plugins").or_insert_with(|| json!({}));
    plugins["deep-link"] = json!({ "desktop": { "schemes": [brand::SCHEME] } });
    Ok(Value::Object(config))
}

/// Checks the two variables that the app reads when it is compiled: only a build script can explain a wrong
/// one.
fn check_distributor() {
    let [address, public_key] = [ADDRESS, PUBLIC_KEY].map(|variable| {
        println!("cargo::rerun-if-env-changed={variable}");
        std::env::var(variable).ok()
    });
    if let Err(error) = Distributor::new(address.as_deref(), public_key.as_deref()) {
        println!("cargo::error={error}");
    }
}

/// Rejects the libsodium that its crate downloads for Windows, a compiled one and without encryption. Elsewhere it
/// compiles the source that it carries.
fn check_libsodium() {
    const FOLDER: &str = "SODIUM_LIB_DIR";
    println!("cargo::rerun-if-env-changed={FOLDER}");
    let is_windows = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "windows");
    if is_windows && std::env::var_os(FOLDER).is_none_or(|folder| folder.is_empty()) {
        println!(
            "cargo::error={FOLDER} is not set: name the folder of a libsodium.lib that you trust, such as vcpkg's (src-tauri/installers/README.md, Releases)"
        );
    }
}
