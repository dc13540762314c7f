//! Updates against a real server on this computer: what is signed and newer is installed, and nothing
//! else is. The updater is the real one, in an app without a screen; keys are made anew each time. It
//! installs by putting the new program in the old one's place, which it does on Linux where no
//! package was installed: into a folder of the test's own.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amiqus_core::http::{self, Clients, RequestError, Timeouts};
use amiqus_core::registration::provisioning::Policy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::KeyPair;
use serde_json::{Value, json};
use sign_in_with_amiqus::updates::distributor::Distributor;
use sign_in_with_amiqus::updates::plug_in;
use sign_in_with_amiqus::updates::release::{self, LARGEST_INSTALLER, NoUpdate};
use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};
use tauri_plugin_updater::{Error, Updater, UpdaterExt as _};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const THIS_VERSION: &str = "1.1.0";
const NEWER: &str = "1.2.0";
const OLDER: &str = "1.0.0";

/// How long a server waits for somebody to turn away from a promise.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server answers.
#[derive(Clone)]
enum Reply {
    /// This, and no more.
    Whole(u16, Vec<u8>),
    /// A redirect.
    Elsewhere(String),
    /// A head that promises so many bytes, of which none follow.
    Promise(usize),
    /// Bytes until nobody reads them.
    Endless,
}

/// A server on this computer.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
    sent_without_end: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            replies: Arc::default(),
            requests: Arc::default(),
            sent_without_end: Arc::default(),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.answer(stream).await });
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn put(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        self.requests.lock().unwrap().push(path.clone());
        let reply = self.replies.lock().unwrap().get(&path).cloned();
        let reply = reply.unwrap_or(Reply::Whole(404, Vec::new()));
        // Whoever asked may have gone.
        let _ = self.send(&mut stream, reply).await;
    }

    async fn send(&self, stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
        let head = |status: u16, headers: &str| {
            format!("HTTP/1.1 {status} So\r\n{headers}Connection: close\r\n\r\n")
        };
        match reply {
            Reply::Whole(204, _) => stream.write_all(head(204, "").as_bytes()).await,
            Reply::Whole(status, body) => {
                let length = format!("Content-Length: {}\r\n", body.len());
                stream.write_all(head(status, &length).as_bytes()).await?;
                stream.write_all(&body).await
            }
            Reply::Elsewhere(location) => {
                let headers = format!("Location: {location}\r\nContent-Length: 0\r\n");
                stream.write_all(head(302, &headers).as_bytes()).await
            }
            Reply::Promise(length) => {
                let headers = format!("Content-Length: {length}\r\n");
                stream.write_all(head(200, &headers).as_bytes()).await?;
                // Until the other side ends it, which had better be soon.
                let _ = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
                Ok(())
            }
            Reply::Endless => {
                stream.write_all(head(200, "").as_bytes()).await?;
                let spaces = vec![b' '; 64 * 1024];
                loop {
                    stream.write_all(&spaces).await?;
                    self.sent_without_end
                        .fetch_add(spaces.len(), Ordering::Relaxed);
                }
            }
        }
    }
}

/// An app of version [`THIS_VERSION`], installed in a folder, and its distributor.
struct Scene {
    server: Server,
    keys: KeyPair,
    distributor: Distributor,
    clients: Clients,
    updater: Updater,
    folder: TempDir,
    _app: tauri::App<MockRuntime>,
}

impl Scene {
    async fn set() -> Self {
        let server = Server::start().await;
        let keys = KeyPair::generate_unencrypted_keypair().unwrap();
        let public_key = STANDARD.encode(keys.pk.to_box().unwrap().to_string());
        let address = server.url("/latest.json");
        let distributor = Distributor::given(Some(&address), Some(&public_key))
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
        let reply = Reply::Whole(200, served.to_vec());
        self.server.put("/installer", reply);
    }

    fn announce_at(&self, version: &str, url: &str, signature: &str) {
        let target = format!("linux-{}", std::env::consts::ARCH);
        self.tell(&json!({
            "version": version,
            "platforms": { target: { "url": url, "signature": signature } },
        }));
    }

    fn tell(&self, announcement: &Value) {
        let body = announcement.to_string().into_bytes();
        self.server.put("/latest.json", Reply::Whole(200, body));
    }

    /// The server announces a newer version that is as it should be.
    fn announce_a_good_one(&self) {
        let installer = installer(NEWER);
        self.announce(NEWER, &installer, &signature(&self.keys, &installer, NEWER));
    }

    async fn look(&self) -> Result<Option<release::Announced>, NoUpdate> {
        let policy = Policy::default();
        release::look(policy, &self.distributor, &self.clients, &self.updater).await
    }

    /// What a person's click does to what was found.
    async fn update(&self) -> Result<bool, NoUpdate> {
        let Some(announced) = self.look().await? else {
            return Ok(false);
        };
        announced.download().await?.install()?;
        Ok(true)
    }

    /// It isn't installed, and nothing was left behind beside the program.
    async fn refusal(&self) -> NoUpdate {
        let refusal = self.update().await.unwrap_err();
        self.has_nothing_new();
        refusal
    }

    fn program(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("sign-in-with-amiqus")).unwrap()
    }

    fn has_nothing_new(&self) {
        assert_eq!(self.program(), installer(THIS_VERSION));
        assert_eq!(std::fs::read_dir(self.folder.path()).unwrap().count(), 1);
    }
}

/// A program as far as the updater looks: the head of an ELF file.
fn installer(version: &str) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..4].copy_from_slice(b"\x7fELF");
    bytes.extend_from_slice(version.as_bytes());
    bytes
}

/// A signature as `tauri build` makes it, which writes the version into the signed comment.
fn signature(keys: &KeyPair, bytes: &[u8], version: &str) -> String {
    let comment = format!("timestamp:1790000000\tfile:sign-in-with-amiqus\tversion:{version}");
    signature_with(keys, bytes, &comment)
}

fn signature_with(keys: &KeyPair, bytes: &[u8], comment: &str) -> String {
    let signed = minisign::sign(None, &keys.sk, bytes, Some(comment), None).unwrap();
    STANDARD.encode(signed.to_string())
}

#[tokio::test]
async fn a_newer_version_signed_with_the_right_key_is_offered_and_installed() {
    let scene = Scene::set().await;
    scene.announce_a_good_one();
    let announced = scene.look().await.unwrap().unwrap();
    assert_eq!(announced.version(), NEWER);
    assert_eq!(scene.server.requests(), ["/latest.json"]);
    scene.has_nothing_new();

    let verified = announced.download().await.unwrap();
    assert_eq!(scene.server.requests(), ["/latest.json", "/installer"]);
    scene.has_nothing_new();

    verified.install().unwrap();
    assert_eq!(scene.program(), installer(NEWER));
}

#[tokio::test]
async fn one_that_is_not_newer_is_not_offered_though_it_is_signed() {
    // The last one came before this one as well.
    for version in [OLDER, THIS_VERSION, "1.1.0-beta.1"] {
        let scene = Scene::set().await;
        let bytes = installer(version);
        scene.announce(version, &bytes, &signature(&scene.keys, &bytes, version));
        assert!(!scene.update().await.unwrap(), "{version}");
        assert_eq!(scene.server.requests(), ["/latest.json"]);
        scene.has_nothing_new();
    }
}

#[tokio::test]
async fn an_unsigned_one_is_refused() {
    let scene = Scene::set().await;
    for nothing in ["", " ", "bm8gc2lnbmF0dXJl"] {
        scene.announce(NEWER, &installer(NEWER), nothing);
        let refusal = scene.refusal().await;
        assert!(matches!(refusal, NoUpdate::Refused(_)), "{refusal}");
    }
    // Without the field at all it isn't even an announcement.
    let target = format!("linux-{}", std::env::consts::ARCH);
    let url = scene.server.url("/installer");
    scene.tell(&json!({ "version": NEWER, "platforms": { target: { "url": url } } }));
    scene.refusal().await;
}

#[tokio::test]
async fn one_signed_with_another_key_is_refused() {
    let scene = Scene::set().await;
    let another = KeyPair::generate_unencrypted_keypair().unwrap();
    let bytes = installer(NEWER);
    scene.announce(NEWER, &bytes, &signature(&another, &bytes, NEWER));
    let refusal = scene.refusal().await;
    assert!(
        matches!(refusal, NoUpdate::Refused(Error::Minisign(_))),
        "{refusal}"
    );
}

#[tokio::test]
async fn one_changed_after_it_was_signed_is_refused() {
    let scene = Scene::set().await;
    let signed = signature(&scene.keys, &installer(NEWER), NEWER);
    let longer = [installer(NEWER), vec![0]].concat();
    let mut other = installer(NEWER);
    other[50] ^= 1;
    let shorter = installer(NEWER)[..60].to_vec();
    for changed in [longer, other, shorter] {
        scene.announce(NEWER, &changed, &signed);
        let refusal = scene.refusal().await;
        assert!(
            matches!(refusal, NoUpdate::Refused(Error::Minisign(_))),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn an_older_one_with_a_higher_number_written_on_it_is_refused() {
    let scene = Scene::set().await;
    let bytes = installer(OLDER);
    // The distributor's own, and genuine.
    let signed = signature(&scene.keys, &bytes, OLDER);
    scene.announce(NEWER, &bytes, &signed);
    let refusal = scene.refusal().await;
    assert!(
        matches!(
            refusal,
            NoUpdate::Refused(Error::SignedVersionMismatch { .. })
        ),
        "{refusal}"
    );

    // The number is signed as well: changing it there breaks the signature.
    let text = String::from_utf8(STANDARD.decode(&signed).unwrap()).unwrap();
    let raised = text.replace(&format!("version:{OLDER}"), &format!("version:{NEWER}"));
    assert_ne!(raised, text);
    scene.announce(NEWER, &bytes, &STANDARD.encode(raised));
    let refusal = scene.refusal().await;
    assert!(
        matches!(refusal, NoUpdate::Refused(Error::Minisign(_))),
        "{refusal}"
    );
}

#[tokio::test]
async fn one_whose_signature_names_no_version_is_refused() {
    let scene = Scene::set().await;
    let bytes = installer(NEWER);
    let signed = signature_with(&scene.keys, &bytes, "timestamp:1790000000\tfile:app");
    scene.announce(NEWER, &bytes, &signed);
    let refusal = scene.refusal().await;
    assert!(
        matches!(refusal, NoUpdate::Refused(Error::MissingSignedVersion)),
        "{refusal}"
    );
}

#[tokio::test]
async fn what_is_not_an_announcement_is_refused() {
    let scene = Scene::set().await;
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
        scene.server.put("/latest.json", Reply::Whole(200, body));
        scene.refusal().await;
    }
}

#[tokio::test]
async fn a_server_that_has_nothing_or_is_unwell_offers_nothing() {
    let scene = Scene::set().await;
    scene
        .server
        .put("/latest.json", Reply::Whole(204, Vec::new()));
    assert!(!scene.update().await.unwrap());
    for status in [400, 404, 500, 503] {
        let body = b"{}".to_vec();
        scene.server.put("/latest.json", Reply::Whole(status, body));
        let refusal = scene.refusal().await;
        assert!(matches!(refusal, NoUpdate::Answered(told) if told == status));
    }
    scene.announce_a_good_one();
    scene
        .server
        .put("/installer", Reply::Whole(404, Vec::new()));
    assert!(matches!(scene.refusal().await, NoUpdate::Answered(404)));
}

#[tokio::test]
async fn an_announcement_without_end_costs_no_memory() {
    const READ_AT_MOST: usize = 16 * 1024 * 1024;
    const HUNDRED_MB: usize = 100_000_000;
    let scene = Scene::set().await;
    scene.server.put("/latest.json", Reply::Endless);
    let refusal = scene.refusal().await;
    assert!(matches!(
        refusal,
        NoUpdate::RequestError(RequestError::TooLarge)
    ));
    // What the two sockets hold comes on top of the one MiB that is read.
    assert!(scene.server.sent_without_end.load(Ordering::Relaxed) < READ_AT_MOST);

    scene.server.put("/latest.json", Reply::Promise(HUNDRED_MB));
    let refusal = scene.refusal().await;
    assert!(matches!(
        refusal,
        NoUpdate::RequestError(RequestError::TooLarge)
    ));
}

#[tokio::test]
async fn an_installer_without_end_is_refused() {
    let scene = Scene::set().await;
    scene.announce_a_good_one();
    for reply in [Reply::Promise(LARGEST_INSTALLER + 1), Reply::Endless] {
        scene.server.put("/installer", reply);
        let refusal = scene.refusal().await;
        assert!(matches!(
            refusal,
            NoUpdate::RequestError(RequestError::TooLarge)
        ));
    }
}

#[tokio::test]
async fn an_installer_that_anybody_on_the_way_could_change_is_not_fetched() {
    let scene = Scene::set().await;
    let signed = signature(&scene.keys, &installer(NEWER), NEWER);
    for url in [
        // RFC 5737: nobody is there, so that a request would take its time.
        "http://192.0.2.7/installer",
        "http://downloads.example.com/installer",
        "ftp://downloads.example.com/installer",
        "file:///bin/true",
    ] {
        scene.announce_at(NEWER, url, &signed);
        let refusal = scene.refusal().await;
        assert!(matches!(refusal, NoUpdate::NotHttps(_)), "{refusal}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let scene = Scene::set().await;
    let elsewhere = Server::start().await;
    scene.announce_a_good_one();
    let good = scene.server.replies.lock().unwrap().clone();
    for (path, reply) in &good {
        elsewhere.put(path, reply.clone());
    }
    for path in ["/latest.json", "/installer"] {
        scene
            .server
            .put(path, Reply::Elsewhere(elsewhere.url(path)));
        assert!(matches!(scene.refusal().await, NoUpdate::Answered(302)));
        scene.server.put(path, good[path].clone());
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn it_may_be_forbidden_by_it_and_then_nobody_is_asked() {
    let scene = Scene::set().await;
    scene.announce_a_good_one();
    for (updates, offered) in [(Some(false), false), (Some(true), true), (None, true)] {
        let policy = Policy {
            updates,
            ..Policy::default()
        };
        let before = scene.server.requests().len();
        let found = release::look(policy, &scene.distributor, &scene.clients, &scene.updater).await;
        assert_eq!(found.unwrap().is_some(), offered);
        assert_eq!(scene.server.requests().len() > before, offered);
    }
}

#[test]
fn the_window_may_not_speak_to_the_updater() {
    let capability: Value =
        serde_json::from_str(include_str!("../capabilities/main.json")).unwrap();
    let permissions = capability["permissions"].as_array().unwrap();
    assert!(!permissions.is_empty());
    for permission in permissions {
        let name = permission.as_str().unwrap();
        assert!(!name.contains(':'), "{name} belongs to a plugin");
    }
}
