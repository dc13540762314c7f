//! Lists the commands, so that each must be allowed by name in `capabilities/`; gives Tauri the brand's
//! names; and refuses to build with half of what updates need.

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
    println!("cargo::rustc-env={TAURI_CONFIG}={}", branded()?);
    look_at_the_distributor();
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
    ]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .map_err(|problem| format!("{problem:#}"))
}

/// What Tauri reads beside `tauri.conf.json`, and before it.
const TAURI_CONFIG: &str = "TAURI_CONFIG";

/// What the command line gave Tauri, if it did, with the brand's names in it.
fn branded() -> Result<Value, String> {
    println!("cargo::rerun-if-env-changed={TAURI_CONFIG}");
    let mut given: Map<String, Value> = match std::env::var(TAURI_CONFIG) {
        Ok(text) => {
            serde_json::from_str(&text).map_err(|problem| format!("{TAURI_CONFIG}: {problem}"))?
        }
        Err(_) => Map::new(),
    };
    given.insert("productName".to_owned(), json!(brand::NAME));
    given.insert("identifier".to_owned(), json!(brand::IDENTIFIER));
    let plugins = given.entry("plugins").or_insert_with(|| json!({}));
    plugins["deep-link"] = json!({ "desktop": { "schemes": [brand::SCHEME] } });
    Ok(Value::Object(given))
}

/// The app reads these two variables when it is compiled; here is where a wrong one can be explained.
fn look_at_the_distributor() {
    let [address, public_key] = [ADDRESS, PUBLIC_KEY].map(|variable| {
        println!("cargo::rerun-if-env-changed={variable}");
        std::env::var(variable).ok()
    });
    if let Err(why) = Distributor::new(address.as_deref(), public_key.as_deref()) {
        println!("cargo::error={why}");
    }
}
