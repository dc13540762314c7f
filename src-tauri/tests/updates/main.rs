//! Updates against a real server on this computer: only what is signed and newer is installed. The updater is
//! the real one, in an app without a screen, with new keys for each test. It installs by replacing a program
//! in a temporary folder, as it does on Linux where the app is not installed as a package.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "a failure of what the tests share fails the test"
)]

mod server;

use std::sync::atomic::Ordering;

use amiqus_core::http::{self, Clients, RequestError, Timeouts};
use amiqus_core::registration::provisioning::Policy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::KeyPair;
use serde_json::{Value, json};
use sign_in_with_amiqus::updates::distributor::Distributor;
use sign_in_with_amiqus::updates::plug_in;
use sign_in_with_amiqus::updates::release::{
    self, AvailableUpdate, CheckOutcome, MAX_INSTALLER_BYTES, UpdateError,
};
use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};
use tauri_plugin_updater::{Error, Updater, UpdaterExt as _};
use tempfile::TempDir;

use self::server::{Reply, Server};

const THIS_VERSION: &str = "1.1.0";
const NEWER: &str = "1.2.0";
const OLDER: &str = "1.0.0";

/// An app of version [`THIS_VERSION`], installed in a folder, and its distributor's server.
struct TestApp {
    server: Server,
    keys: KeyPair,
    distributor: Distributor,
    clients: Clients,
    updater: Updater,
    folder: TempDir,
    _app: tauri::App<MockRuntime>,
}

impl TestApp {
    async fn start() -> Self {
        let server = Server::start().await;
        let keys = KeyPair::generate_unencrypted_keypair().unwrap();
        let public_key = STANDARD.encode(keys.pk.to_box().unwrap().to_string());
        let address = server.url("/latest.json");
        let distributor = Distributor::new(Some(&address), Some(&public_key))
            .unwrap()
            .unwrap();

        let mut context = mock_context(noop_assets());
        context.package_info_mut().version = THIS_VERSION.parse().unwrap();
        let app = plug_in(mock_builder(), &mut context, &distributor)
            .build(context)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("sign-in-with-amiqus");
        std::fs::write(&program, installer(THIS_VERSION)).unwrap();
        let updater = app
            .updater_builder()
            .executable_path(program)
            .build()
            .unwrap();
        Self {
            server,
            keys,
            distributor,
            clients: http::Clients::new(Timeouts::default()),
            updater,
            folder,
            _app: app,
        }
    }

    /// The server announces this version, with this signature of what it serves as the installer.
    fn announce(&self, version: &str, served: &[u8], signature: &str) {
        self.announce_at(version, &self.server.url("/installer"), signature);
        let reply = Reply::Complete(200, served.to_vec());
        self.server.put("/installer", reply);
    }

    fn announce_at(&self, version: &str, url: &str, signature: &str) {
        let target = format!("linux-{}", std::env::consts::ARCH);
        self.serve_announcement(&json!({
            "version": version,
            "platforms": { target: { "url": url, "signature": signature } },
        }));
    }

    fn serve_announcement(&self, announcement: &Value) {
        let body = announcement.to_string().into_bytes();
        self.server.put("/latest.json", Reply::Complete(200, body));
    }

    /// The server announces a newer version with a valid signature.
    fn announce_valid_update(&self) {
        let installer = installer(NEWER);
        self.announce(NEWER, &installer, &signature(&self.keys, &installer, NEWER));
    }

    async fn check_with(&self, policy: Policy) -> Result<CheckOutcome, UpdateError> {
        release::check(policy, &self.distributor, &self.clients, &self.updater).await
    }

    async fn check(&self) -> Result<Option<AvailableUpdate>, UpdateError> {
        let outcome = self.check_with(Policy::default()).await?;
        assert!(!matches!(outcome, CheckOutcome::Forbidden));
        Ok(match outcome {
            CheckOutcome::Newer(update) => Some(*update),
            CheckOutcome::UpToDate | CheckOutcome::Forbidden => None,
        })
    }

    /// Checks, downloads and installs, as the user's click does; returns whether there was an update.
    async fn update(&self) -> Result<bool, UpdateError> {
        let Some(available) = self.check().await? else {
            return Ok(false);
        };
        available.download().await?.install()?;
        Ok(true)
    }

    /// Expects an update to fail without a change to the program's folder; returns the error.
    async fn update_error(&self) -> UpdateError {
        let error = self.update().await.unwrap_err();
        self.assert_unchanged();
        error
    }

    fn program(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("sign-in-with-amiqus")).unwrap()
    }

    fn assert_unchanged(&self) {
        assert_eq!(self.program(), installer(THIS_VERSION));
        assert_eq!(std::fs::read_dir(self.folder.path()).unwrap().count(), 1);
    }
}

/// The start of an ELF file, which is all of a program that the updater checks.
fn installer(version: &str) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..4].copy_from_slice(b"\x7fELF");
    bytes.extend_from_slice(version.as_bytes());
    bytes
}

/// A signature as `tauri build` makes it, with the version in the signed comment.
fn signature(keys: &KeyPair, bytes: &[u8], version: &str) -> String {
    let comment = format!("timestamp:1790000000\tfile:sign-in-with-amiqus\tversion:{version}");
    signature_with(keys, bytes, &comment)
}

fn signature_with(keys: &KeyPair, bytes: &[u8], comment: &str) -> String {
    let signed = minisign::sign(None, &keys.sk, bytes, Some(comment), None).unwrap();
    STANDARD.encode(signed.to_string())
}

#[tokio::test]
async fn newer_signed_version_is_offered_and_installed() {
    let app = TestApp::start().await;
    app.announce_valid_update();
    let available = app.check().await.unwrap().unwrap();
    assert_eq!(available.version(), NEWER);
    assert_eq!(app.server.requests(), ["/latest.json"]);
    app.assert_unchanged();

    let verified = available.download().await.unwrap();
    assert_eq!(app.server.requests(), ["/latest.json", "/installer"]);
    app.assert_unchanged();

    verified.install().unwrap();
    assert_eq!(app.program(), installer(NEWER));
}

#[tokio::test]
async fn signed_version_that_is_not_newer_is_not_offered() {
    // By semantic versioning a pre-release is older too.
    for version in [OLDER, THIS_VERSION, "1.1.0-beta.1"] {
        let app = TestApp::start().await;
        let bytes = installer(version);
        app.announce(version, &bytes, &signature(&app.keys, &bytes, version));
        assert!(!app.update().await.unwrap(), "{version}");
        assert_eq!(app.server.requests(), ["/latest.json"]);
        app.assert_unchanged();
    }
}

#[tokio::test]
async fn unsigned_version_is_rejected() {
    let app = TestApp::start().await;
    for invalid in ["", " ", "bm8gc2lnbmF0dXJl"] {
        app.announce(NEWER, &installer(NEWER), invalid);
        let error = app.update_error().await;
        assert!(matches!(error, UpdateError::Updater(_)), "{error}");
    }
    // Without the field it is not an announcement.
    let target = format!("linux-{}", std::env::consts::ARCH);
    let url = app.server.url("/installer");
    app.serve_announcement(&json!({ "version": NEWER, "platforms": { target: { "url": url } } }));
    app.update_error().await;
}

#[tokio::test]
async fn version_signed_with_another_key_is_rejected() {
    let app = TestApp::start().await;
    let another = KeyPair::generate_unencrypted_keypair().unwrap();
    let bytes = installer(NEWER);
    app.announce(NEWER, &bytes, &signature(&another, &bytes, NEWER));
    let error = app.update_error().await;
    assert!(
        matches!(error, UpdateError::Updater(Error::Minisign(_))),
        "{error}"
    );
}

#[tokio::test]
async fn version_changed_after_signing_is_rejected() {
    let app = TestApp::start().await;
    let signed = signature(&app.keys, &installer(NEWER), NEWER);
    let longer = [installer(NEWER), vec![0]].concat();
    let mut other = installer(NEWER);
    other[50] ^= 1;
    let shorter = installer(NEWER)[..60].to_vec();
    for changed in [longer, other, shorter] {
        app.announce(NEWER, &changed, &signed);
        let error = app.update_error().await;
        assert!(
            matches!(error, UpdateError::Updater(Error::Minisign(_))),
            "{error}"
        );
    }
}

#[tokio::test]
async fn older_version_announced_as_newer_is_rejected() {
    let app = TestApp::start().await;
    let bytes = installer(OLDER);
    // A genuine signature of the distributor's.
    let signed = signature(&app.keys, &bytes, OLDER);
    app.announce(NEWER, &bytes, &signed);
    let error = app.update_error().await;
    assert!(
        matches!(
            error,
            UpdateError::Updater(Error::SignedVersionMismatch { .. })
        ),
        "{error}"
    );

    // The version in the comment is signed too: changing it breaks the signature.
    let text = String::from_utf8(STANDARD.decode(&signed).unwrap()).unwrap();
    let raised = text.replace(&format!("version:{OLDER}"), &format!("version:{NEWER}"));
    assert_ne!(raised, text);
    app.announce(NEWER, &bytes, &STANDARD.encode(raised));
    let error = app.update_error().await;
    assert!(
        matches!(error, UpdateError::Updater(Error::Minisign(_))),
        "{error}"
    );
}

#[tokio::test]
async fn signature_without_a_version_is_rejected() {
    let app = TestApp::start().await;
    let bytes = installer(NEWER);
    let signed = signature_with(&app.keys, &bytes, "timestamp:1790000000\tfile:app");
    app.announce(NEWER, &bytes, &signed);
    let error = app.update_error().await;
    assert!(
        matches!(error, UpdateError::Updater(Error::MissingSignedVersion)),
        "{error}"
    );
}

#[tokio::test]
async fn invalid_announcement_is_rejected() {
    let app = TestApp::start().await;
    for nonsense in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "<!doctype html><title>Log in to this network</title>",
        r#"{"version": "the newest", "url": "https://example.com", "signature": ""}"#,
        r#"{"version": "9.9.9"}"#,
        r#"{"version": "9.9.9", "platforms": {}}"#,
        r#"{"version": "9.9.9", "url": "not an address", "signature": ""}"#,
    ] {
        let body = nonsense.as_bytes().to_vec();
        app.server.put("/latest.json", Reply::Complete(200, body));
        app.update_error().await;
    }
}

#[tokio::test]
async fn empty_answer_and_server_errors_offer_nothing() {
    let app = TestApp::start().await;
    app.server
        .put("/latest.json", Reply::Complete(204, Vec::new()));
    assert!(!app.update().await.unwrap());
    for status in [400, 404, 500, 503] {
        let body = b"{}".to_vec();
        app.server
            .put("/latest.json", Reply::Complete(status, body));
        let error = app.update_error().await;
        assert!(matches!(error, UpdateError::UnexpectedStatus(actual) if actual == status));
    }
    app.announce_valid_update();
    app.server
        .put("/installer", Reply::Complete(404, Vec::new()));
    assert!(matches!(
        app.update_error().await,
        UpdateError::UnexpectedStatus(404)
    ));
}

#[tokio::test]
async fn endless_announcement_is_not_read_into_memory() {
    const MAX_SENT_BYTES: usize = 16 * 1024 * 1024;
    const HUNDRED_MB: usize = 100_000_000;
    let app = TestApp::start().await;
    app.server.put("/latest.json", Reply::Endless);
    let error = app.update_error().await;
    assert!(matches!(
        error,
        UpdateError::Request(RequestError::TooLarge)
    ));
    // One MiB is read; the rest is in the sockets' buffers.
    assert!(app.server.endless_bytes_sent.load(Ordering::Relaxed) < MAX_SENT_BYTES);

    app.server.put("/latest.json", Reply::HeadOnly(HUNDRED_MB));
    let error = app.update_error().await;
    assert!(matches!(
        error,
        UpdateError::Request(RequestError::TooLarge)
    ));
}

#[tokio::test]
async fn installer_above_the_size_limit_is_rejected() {
    let app = TestApp::start().await;
    app.announce_valid_update();
    for reply in [Reply::HeadOnly(MAX_INSTALLER_BYTES + 1), Reply::Endless] {
        app.server.put("/installer", reply);
        let error = app.update_error().await;
        assert!(matches!(
            error,
            UpdateError::Request(RequestError::TooLarge)
        ));
    }
}

#[tokio::test]
async fn installer_without_https_is_not_fetched() {
    let app = TestApp::start().await;
    let signed = signature(&app.keys, &installer(NEWER), NEWER);
    for url in [
        // No host has this address (RFC 5737), so a request would time out.
        "http://192.0.2.7/installer",
        "http://downloads.example.com/installer",
        "ftp://downloads.example.com/installer",
        "file:///bin/true",
    ] {
        app.announce_at(NEWER, url, &signed);
        let error = app.update_error().await;
        assert!(matches!(error, UpdateError::NotHttps(_)), "{error}");
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let app = TestApp::start().await;
    let other = Server::start().await;
    app.announce_valid_update();
    let replies = app.server.replies.lock().unwrap().clone();
    for (path, reply) in &replies {
        other.put(path, reply.clone());
    }
    for path in ["/latest.json", "/installer"] {
        app.server.put(path, Reply::Redirect(other.url(path)));
        assert!(matches!(
            app.update_error().await,
            UpdateError::UnexpectedStatus(302)
        ));
        app.server.put(path, replies[path].clone());
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn forbidden_check_sends_no_request() {
    let app = TestApp::start().await;
    app.announce_valid_update();
    for (updates, offered) in [(Some(false), false), (Some(true), true), (None, true)] {
        let policy = Policy {
            updates,
            ..Policy::default()
        };
        let before = app.server.requests().len();
        match app.check_with(policy).await.unwrap() {
            CheckOutcome::Newer(_) => assert!(offered),
            CheckOutcome::Forbidden => assert!(!offered),
            CheckOutcome::UpToDate => panic!("there is a newer version"),
        }
        assert_eq!(app.server.requests().len() > before, offered);
    }
}

#[test]
fn window_has_no_permission_of_a_plugin() {
    let capability: Value =
        serde_json::from_str(include_str!("../../capabilities/main.json")).unwrap();
    let permissions = capability["permissions"].as_array().unwrap();
    assert!(!permissions.is_empty());
    for permission in permissions {
        let name = permission.as_str().unwrap();
        assert!(!name.contains(':'), "{name} belongs to a plugin");
    }
}
