//! A newer version: told of, downloaded, verified, installed, in that order and no other. What is
//! fetched is fetched as everything else here is: encrypted, no redirects, bounded in time and in
//! memory. The plugin decides what is newer, verifies and installs.

use std::time::Duration;

use amiqus_core::http::{self, Clients, HttpResponse, RequestError};
use amiqus_core::registration::BaseUrl;
use amiqus_core::registration::provisioning::Policy;
use tauri_plugin_updater::{Update, Updater};
use url::Url;

use super::distributor::Distributor;

/// No installer is larger, in bytes; what comes after is not read.
pub const LARGEST_INSTALLER: usize = 200 * 1024 * 1024;

/// How long an installer may take to arrive.
const LONGEST_DOWNLOAD: Duration = Duration::from_mins(15);

/// Why there is no update.
#[derive(Debug, thiserror::Error)]
pub enum NoUpdate {
    /// What is to be fetched lies where anybody on the way could change it.
    #[error("{0} is not an https address")]
    NotHttps(Url),
    /// Nothing came, or too much.
    #[error(transparent)]
    RequestError(#[from] RequestError),
    /// Something else came: a redirect, an error, a network's login page.
    #[error("the answer was {0}")]
    Answered(u16),
    /// What came doesn't tell of a version.
    #[error("not an announcement: {0}")]
    NotAnAnnouncement(#[from] serde_json::Error),
    /// The updater refused it, or couldn't install it.
    #[error(transparent)]
    Refused(#[from] tauri_plugin_updater::Error),
}

/// A version that is newer than this one, as its distributor says: nothing of it is proven yet.
#[derive(Clone)]
pub struct Announced {
    update: Update,
    distributor: Distributor,
    clients: Clients,
}

/// A version whose every byte, and whose number, the distributor signed.
pub struct Verified {
    update: Update,
    bytes: Vec<u8>,
}

/// Looks for a version that is newer than this one, unless IT forbids that.
///
/// # Errors
/// Why it can't be told.
pub async fn look(
    policy: Policy,
    distributor: &Distributor,
    clients: &Clients,
    updater: &Updater,
) -> Result<Option<Announced>, NoUpdate> {
    const NO_CONTENT: u16 = 204;
    if policy.updates == Some(false) {
        return Ok(None);
    }
    let address = distributor.address();
    let request = client_for(distributor, clients, address)
        .await?
        .get(address.clone());
    let answer = http::send(request).await?;
    if answer.status.as_u16() == NO_CONTENT {
        return Ok(None);
    }
    let announcement = serde_json::from_slice(&whole(answer)?.body)?;
    // Whatever the settings say, an update that is made of such an announcement must be signed
    // together with its version: an older one with a higher number written on it is refused.
    let update = updater.restore_update(announcement)?;
    Ok(update.map(|update| Announced {
        update,
        distributor: distributor.clone(),
        clients: clients.clone(),
    }))
}

impl Announced {
    /// Which version it is.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.update.version
    }

    /// Downloads it and verifies its signature.
    ///
    /// # Errors
    /// Why it can't be had, or is not what the distributor signed.
    pub async fn download(&self) -> Result<Verified, NoUpdate> {
        let address = &self.update.download_url;
        let request = client_for(&self.distributor, &self.clients, address)
            .await?
            .get(address.clone())
            .header("accept", "application/octet-stream")
            .timeout(LONGEST_DOWNLOAD);
        let mut answer = whole(http::send_with_limit(LARGEST_INSTALLER, request).await?)?;
        let bytes = std::mem::take(&mut *answer.body);
        self.update.verify(&bytes)?;
        Ok(Verified {
            update: self.update.clone(),
            bytes,
        })
    }
}

impl Verified {
    /// Installs it. On Windows the installer ends this process.
    ///
    /// # Errors
    /// Why it was not installed. This version is still there.
    pub fn install(&self) -> Result<(), NoUpdate> {
        Ok(self.update.install(&self.bytes)?)
    }
}

async fn client_for<'a>(
    distributor: &Distributor,
    clients: &'a Clients,
    address: &Url,
) -> Result<&'a http::Client, NoUpdate> {
    let not_https = || NoUpdate::NotHttps(address.clone());
    if !distributor.may_serve(address) {
        return Err(not_https());
    }
    let server = BaseUrl::parse(&address.origin().ascii_serialization());
    Ok(clients
        .for_service(&server.map_err(|_| not_https())?)
        .await?)
}

fn whole(answer: HttpResponse) -> Result<HttpResponse, NoUpdate> {
    if answer.status.is_success() {
        Ok(answer)
    } else {
        Err(NoUpdate::Answered(answer.status.as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use amiqus_core::http::Timeouts;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[tokio::test]
    async fn a_distributor_elsewhere_can_have_nothing_fetched_from_this_computer() {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let key = STANDARD.encode(pair.pk.to_box().unwrap().to_string());
        let address = "https://downloads.example.com/latest.json";
        let distributor = Distributor::given(Some(address), Some(&key));
        let distributor = distributor.unwrap().unwrap();
        let clients = http::Clients::new(Timeouts::default());
        let client = async |address: &str| {
            let address = Url::parse(address).unwrap();
            client_for(&distributor, &clients, &address).await.map(drop)
        };
        assert!(client("https://files.example.com/app.deb").await.is_ok());
        for address in ["http://127.0.0.1:631/printers", "http://[::1]:631/printers"] {
            assert!(matches!(client(address).await, Err(NoUpdate::NotHttps(_))));
        }
    }
}
