//! A newer version: announced, downloaded, verified and installed, in that order; the types allow no other.
//! Requests go through the core's HTTP client: encrypted, without redirects, bounded in time and in memory.
//! The updater plugin compares versions, verifies and installs.

use std::time::Duration;

use amiqus_core::http::{self, Clients, HttpResponse, RequestError};
use amiqus_core::registration::BaseUrl;
use amiqus_core::registration::provisioning::Policy;
use tauri_plugin_updater::{Update, Updater};
use url::Url;

use super::distributor::Distributor;

/// A larger installer is refused; no more of it is read.
pub const MAX_INSTALLER_BYTES: usize = 200 * 1024 * 1024;

/// How long the download of an installer may take.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_mins(15);

/// Why a check, a download or an installation failed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The address is not https, so that its content could be changed on the way.
    #[error("{0} is not an https address")]
    NotHttps(Url),
    /// The request failed, or its answer was too large.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The answer has another status: a redirect, an error, a network's login page.
    #[error("the answer was {0}")]
    UnexpectedStatus(u16),
    /// The answer announces no version.
    #[error("not an announcement: {0}")]
    InvalidAnnouncement(#[from] serde_json::Error),
    /// The updater rejected the version, or couldn't install it.
    #[error(transparent)]
    Updater(#[from] tauri_plugin_updater::Error),
}

/// The outcome of a check.
#[derive(Clone)]
pub enum CheckOutcome {
    /// The provisioning file forbids checks; nothing was asked.
    Forbidden,
    /// There is no newer version.
    UpToDate,
    /// There is a newer version.
    Newer(Box<AvailableUpdate>),
}

/// A newer version as its distributor announces it. Its signature is not verified yet.
#[derive(Clone)]
pub struct AvailableUpdate {
    update: Update,
    distributor: Distributor,
    clients: Clients,
}

/// A newer version that is downloaded, and whose content and number the distributor signed.
pub struct VerifiedUpdate {
    update: Update,
    bytes: Vec<u8>,
}

/// Checks for a version that is newer than this one, unless the provisioning file forbids it.
///
/// # Errors
/// When the distributor can't be reached, or its answer is not an announcement.
pub async fn check(
    policy: Policy,
    distributor: &Distributor,
    clients: &Clients,
    updater: &Updater,
) -> Result<CheckOutcome, UpdateError> {
    const NO_CONTENT: u16 = 204;
    if policy.updates == Some(false) {
        return Ok(CheckOutcome::Forbidden);
    }
    let address = distributor.address();
    let request = client_for(distributor, clients, address)
        .await?
        .get(address.clone());
    let answer = http::send(request).await?;
    if answer.status.as_u16() == NO_CONTENT {
        return Ok(CheckOutcome::UpToDate);
    }
    let announcement = serde_json::from_slice(&require_success(answer)?.body)?;
    // An update restored from an announcement must be signed with its version, whatever the settings say: an
    // older version that is announced with a higher number is refused.
    let Some(update) = updater.restore_update(announcement)? else {
        return Ok(CheckOutcome::UpToDate);
    };
    Ok(CheckOutcome::Newer(Box::new(AvailableUpdate {
        update,
        distributor: distributor.clone(),
        clients: clients.clone(),
    })))
}

impl AvailableUpdate {
    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.update.version
    }

    /// Downloads it and verifies its signature.
    ///
    /// # Errors
    /// When the download fails, or the distributor didn't sign what came.
    pub async fn download(&self) -> Result<VerifiedUpdate, UpdateError> {
        let address = &self.update.download_url;
        let request = client_for(&self.distributor, &self.clients, address)
            .await?
            .get(address.clone())
            .header("accept", "application/octet-stream")
            .timeout(DOWNLOAD_TIMEOUT);
        let mut answer =
            require_success(http::send_with_limit(MAX_INSTALLER_BYTES, request).await?)?;
        let bytes = std::mem::take(&mut *answer.body);
        self.update.verify(&bytes)?;
        Ok(VerifiedUpdate {
            update: self.update.clone(),
            bytes,
        })
    }
}

impl VerifiedUpdate {
    /// Installs it. On Windows the installer ends this process.
    ///
    /// # Errors
    /// When the installation fails. This version is still installed then.
    pub fn install(&self) -> Result<(), UpdateError> {
        Ok(self.update.install(&self.bytes)?)
    }
}

async fn client_for<'a>(
    distributor: &Distributor,
    clients: &'a Clients,
    address: &Url,
) -> Result<&'a http::Client, UpdateError> {
    let not_https = || UpdateError::NotHttps(address.clone());
    if !distributor.may_serve(address) {
        return Err(not_https());
    }
    let server = BaseUrl::parse(&address.origin().ascii_serialization());
    Ok(clients
        .for_service(&server.map_err(|_| not_https())?)
        .await?)
}

fn require_success(answer: HttpResponse) -> Result<HttpResponse, UpdateError> {
    if answer.status.is_success() {
        Ok(answer)
    } else {
        Err(UpdateError::UnexpectedStatus(answer.status.as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use amiqus_core::http::Timeouts;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[tokio::test]
    async fn remote_distributor_gets_no_request_to_loopback() {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let key = STANDARD.encode(pair.pk.to_box().unwrap().to_string());
        let address = "https://downloads.example.com/latest.json";
        let distributor = Distributor::new(Some(address), Some(&key));
        let distributor = distributor.unwrap().unwrap();
        let clients = http::Clients::new(Timeouts::default());
        let client = async |address: &str| {
            let address = Url::parse(address).unwrap();
            client_for(&distributor, &clients, &address).await.map(drop)
        };
        assert!(client("https://files.example.com/app.deb").await.is_ok());
        for address in ["http://127.0.0.1:631/printers", "http://[::1]:631/printers"] {
            assert!(matches!(
                client(address).await,
                Err(UpdateError::NotHttps(_))
            ));
        }
    }
}
