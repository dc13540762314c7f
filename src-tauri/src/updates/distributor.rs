//! The distributor of this build: where their newer versions are announced, and which key signs them. The
//! build script includes this file as well, so that a build with only one of the two fails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::PublicKey;
use url::{Host, Url};

/// The environment variable with the address of the announcement of the newest version.
pub const ADDRESS: &str = "AMIQUS_UPDATE_ADDRESS";

/// The environment variable with the public key that verifies its signatures.
pub const PUBLIC_KEY: &str = "AMIQUS_UPDATE_PUBLIC_KEY";

/// Distributes this build and its updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distributor {
    address: Url,
    public_key: String,
}

/// Why two variables name no distributor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DistributorError {
    /// An address without a key.
    #[error(
        "{ADDRESS} is set and {PUBLIC_KEY} is not: set it to the public key that `npx tauri signer generate` prints, or take the address away to build without updates"
    )]
    MissingPublicKey,
    /// A key without an address.
    #[error(
        "{PUBLIC_KEY} is set and {ADDRESS} is not: set it to the https address of your latest.json, or take the key away to build without updates"
    )]
    MissingAddress,
    /// The address is not a URL.
    #[error("{ADDRESS} is not an address: write it like https://downloads.example.com/latest.json")]
    InvalidAddress,
    /// The address is not https, so that its content could be changed on the way.
    #[error(
        "{ADDRESS} must start with https:// (http:// is for a loopback address alone, to try it)"
    )]
    NotHttps,
    /// The key is not a minisign public key.
    #[error(
        "{PUBLIC_KEY} is not a public key for updates: copy the one long line of the .pub file that `npx tauri signer generate` writes"
    )]
    InvalidPublicKey,
}

impl Distributor {
    /// Creates the distributor that the two variables name; `None` when neither is set. An empty variable
    /// counts as not set.
    ///
    /// # Errors
    /// When only one is set, or one is invalid. The error says what to change.
    pub fn new(
        address: Option<&str>,
        public_key: Option<&str>,
    ) -> Result<Option<Self>, DistributorError> {
        let non_empty = |value: Option<&str>| {
            value
                .map(str::trim)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let (address, public_key) = match (non_empty(address), non_empty(public_key)) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(DistributorError::MissingPublicKey),
            (None, Some(_)) => return Err(DistributorError::MissingAddress),
            (Some(address), Some(public_key)) => (address, public_key),
        };
        let address = Url::parse(&address).map_err(|_| DistributorError::InvalidAddress)?;
        if !is_https(&address) && !is_http_loopback(&address) {
            return Err(DistributorError::NotHttps);
        }
        if !is_public_key(&public_key) {
            return Err(DistributorError::InvalidPublicKey);
        }
        Ok(Some(Self {
            address,
            public_key,
        }))
    }

    /// The address of the announcement of the newest version.
    #[must_use]
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// The key that verifies signatures, in the updater's format.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Whether files may be fetched from an address: over https, or from this computer where the
    /// announcement is on this computer as well.
    #[must_use]
    pub fn may_serve(&self, address: &Url) -> bool {
        is_https(address) || (is_http_loopback(&self.address) && is_http_loopback(address))
    }
}

fn is_https(address: &Url) -> bool {
    address.scheme() == "https" && address.has_host()
}

fn is_http_loopback(address: &Url) -> bool {
    address.scheme() == "http"
        && match address.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        }
}

/// Whether this is the text of minisign's `.pub` file in base64, the format that Tauri uses.
fn is_public_key(text: &str) -> bool {
    STANDARD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .is_some_and(|text| PublicKey::decode(&text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTPS: &str = "https://downloads.example.com/latest.json";

    fn public_key() -> String {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        STANDARD.encode(pair.pk.to_box().unwrap().to_string())
    }

    #[test]
    fn unset_and_empty_variables_are_no_distributor() {
        for (address, key) in [(None, None), (Some(""), None), (Some(" "), Some(""))] {
            assert_eq!(Distributor::new(address, key), Ok(None));
        }
    }

    #[test]
    fn both_variables_are_a_distributor() {
        let key = public_key();
        for address in [
            HTTPS,
            "http://127.0.0.1:8080/latest.json",
            "http://[::1]:8080/latest.json",
        ] {
            let distributor = Distributor::new(Some(address), Some(&key)).unwrap();
            assert_eq!(distributor.unwrap().address().as_str(), address);
        }
    }

    #[test]
    fn loopback_serves_only_a_loopback_distributor() {
        let key = public_key();
        let distributor = |address| {
            Distributor::new(Some(address), Some(&key))
                .unwrap()
                .unwrap()
        };
        let serves = |distributor: &Distributor, address: &str| {
            distributor.may_serve(&Url::parse(address).unwrap())
        };
        let remote = distributor(HTTPS);
        assert!(serves(&remote, "https://other.example.com/app.deb"));
        assert!(!serves(&remote, "http://downloads.example.com/app.deb"));
        assert!(!serves(&remote, "http://127.0.0.1:8080/app.deb"));
        assert!(!serves(&remote, "file:///tmp/app.deb"));
        let local = distributor("http://127.0.0.1:8080/latest.json");
        assert!(serves(&local, "http://127.0.0.1:9090/app.deb"));
        assert!(!serves(&local, "http://downloads.example.com/app.deb"));
    }

    #[test]
    fn one_variable_alone_is_rejected() {
        let key = public_key();
        assert_eq!(
            Distributor::new(Some(HTTPS), None),
            Err(DistributorError::MissingPublicKey)
        );
        assert_eq!(
            Distributor::new(None, Some(&key)),
            Err(DistributorError::MissingAddress)
        );
    }

    #[test]
    fn address_without_https_is_rejected() {
        let key = public_key();
        for (address, error) in [
            (
                "downloads.example.com/latest.json",
                DistributorError::InvalidAddress,
            ),
            (
                "http://downloads.example.com/latest.json",
                DistributorError::NotHttps,
            ),
            ("http://localhost/latest.json", DistributorError::NotHttps),
            (
                "http://127.0.0.1.example.com/latest.json",
                DistributorError::NotHttps,
            ),
            ("http://10.0.0.7/latest.json", DistributorError::NotHttps),
            ("file:///tmp/latest.json", DistributorError::NotHttps),
            (
                "ftp://downloads.example.com/latest.json",
                DistributorError::NotHttps,
            ),
        ] {
            assert_eq!(
                Distributor::new(Some(address), Some(&key)),
                Err(error),
                "{address}"
            );
        }
    }

    #[test]
    fn invalid_public_key_is_rejected() {
        let raw = minisign::KeyPair::generate_unencrypted_keypair()
            .unwrap()
            .pk
            .to_base64();
        let secret = STANDARD.encode("untrusted comment: rsign encrypted secret key\nRWRTY0Iy");
        for key in ["nonsense", "bm9uc2Vuc2U=", raw.as_str(), secret.as_str()] {
            assert_eq!(
                Distributor::new(Some(HTTPS), Some(key)),
                Err(DistributorError::InvalidPublicKey),
                "{key}"
            );
        }
    }

    #[test]
    fn each_error_names_the_variable_to_change() {
        for (error, variable) in [
            (DistributorError::MissingPublicKey, PUBLIC_KEY),
            (DistributorError::MissingAddress, ADDRESS),
            (DistributorError::InvalidAddress, ADDRESS),
            (DistributorError::NotHttps, ADDRESS),
            (DistributorError::InvalidPublicKey, PUBLIC_KEY),
        ] {
            assert!(error.to_string().contains(variable), "{error}");
        }
    }
}
