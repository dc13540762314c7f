//! Whoever hands this app out: where their newer versions are told of, and which key signs them. The
//! build script reads this file as well, so that a build with half of it fails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::PublicKey;
use url::{Host, Url};

/// The variable with the address at which a newer version is told of.
pub const ADDRESS: &str = "AMIQUS_UPDATE_ADDRESS";

/// The variable with the public key that its signatures are verified with.
pub const PUBLIC_KEY: &str = "AMIQUS_UPDATE_PUBLIC_KEY";

/// Whoever hands this app out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distributor {
    address: Url,
    public_key: String,
}

/// Why nobody's updates can be had with this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADistributor {
    /// An address without a key.
    #[error(
        "{ADDRESS} is set and {PUBLIC_KEY} is not: set it to the public key that `npx tauri signer generate` prints, or take the address away to build without updates"
    )]
    NoPublicKey,
    /// A key without an address.
    #[error(
        "{PUBLIC_KEY} is set and {ADDRESS} is not: set it to the https address of your latest.json, or take the key away to build without updates"
    )]
    NoAddress,
    /// Not an address at all.
    #[error("{ADDRESS} is not an address: write it like https://downloads.example.com/latest.json")]
    NotAnAddress,
    /// An address that anybody on the way could answer for.
    #[error(
        "{ADDRESS} must begin with https:// (http:// is for a loopback address alone, to try it)"
    )]
    NotHttps,
    /// Not a key, or a key of another kind.
    #[error(
        "{PUBLIC_KEY} is not a public key for updates: copy the one long line of the .pub file that `npx tauri signer generate` writes"
    )]
    NotAPublicKey,
}

impl Distributor {
    /// Who is given by the two variables; nobody when neither is. An empty one is as good as none.
    ///
    /// # Errors
    /// What to change, when only one is given or one can't be used.
    pub fn given(
        address: Option<&str>,
        public_key: Option<&str>,
    ) -> Result<Option<Self>, NotADistributor> {
        let there = |value: Option<&str>| {
            value
                .map(str::trim)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let (address, public_key) = match (there(address), there(public_key)) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(NotADistributor::NoPublicKey),
            (None, Some(_)) => return Err(NotADistributor::NoAddress),
            (Some(address), Some(public_key)) => (address, public_key),
        };
        let address = Url::parse(&address).map_err(|_| NotADistributor::NotAnAddress)?;
        if !is_https(&address) && !is_loopback(&address) {
            return Err(NotADistributor::NotHttps);
        }
        if !is_public_key(&public_key) {
            return Err(NotADistributor::NotAPublicKey);
        }
        Ok(Some(Self {
            address,
            public_key,
        }))
    }

    /// Where a newer version is told of.
    #[must_use]
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// What signatures are verified with, as the updater takes it.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Whether something may be got from here: over https, or from this computer where the newer
    /// version is told of on this computer as well.
    #[must_use]
    pub fn may_serve(&self, address: &Url) -> bool {
        is_https(address) || (is_loopback(&self.address) && is_loopback(address))
    }
}

fn is_https(address: &Url) -> bool {
    address.scheme() == "https" && address.has_host()
}

fn is_loopback(address: &Url) -> bool {
    address.scheme() == "http"
        && match address.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        }
}

/// The text of minisign's `.pub` file, in base64, which is how Tauri hands it about.
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
    fn nobody_is_given_by_neither_variable_and_an_empty_one_is_none() {
        for (address, key) in [(None, None), (Some(""), None), (Some(" "), Some(""))] {
            assert_eq!(Distributor::given(address, key), Ok(None));
        }
    }

    #[test]
    fn both_variables_give_a_distributor() {
        let key = public_key();
        for address in [
            HTTPS,
            "http://127.0.0.1:8080/latest.json",
            "http://[::1]:8080/latest.json",
        ] {
            let given = Distributor::given(Some(address), Some(&key)).unwrap();
            assert_eq!(given.unwrap().address().as_str(), address);
        }
    }

    #[test]
    fn only_who_is_on_this_computer_may_serve_from_it() {
        let key = public_key();
        let given = |address| {
            Distributor::given(Some(address), Some(&key))
                .unwrap()
                .unwrap()
        };
        let serves = |distributor: &Distributor, address: &str| {
            distributor.may_serve(&Url::parse(address).unwrap())
        };
        let outside = given(HTTPS);
        assert!(serves(&outside, "https://other.example.com/app.deb"));
        assert!(!serves(&outside, "http://downloads.example.com/app.deb"));
        assert!(!serves(&outside, "http://127.0.0.1:8080/app.deb"));
        assert!(!serves(&outside, "file:///tmp/app.deb"));
        let here = given("http://127.0.0.1:8080/latest.json");
        assert!(serves(&here, "http://127.0.0.1:9090/app.deb"));
        assert!(!serves(&here, "http://downloads.example.com/app.deb"));
    }

    #[test]
    fn half_a_distributor_is_refused() {
        let key = public_key();
        assert_eq!(
            Distributor::given(Some(HTTPS), None),
            Err(NotADistributor::NoPublicKey)
        );
        assert_eq!(
            Distributor::given(None, Some(&key)),
            Err(NotADistributor::NoAddress)
        );
    }

    #[test]
    fn an_address_that_anybody_on_the_way_could_answer_for_is_refused() {
        let key = public_key();
        for (address, why) in [
            (
                "downloads.example.com/latest.json",
                NotADistributor::NotAnAddress,
            ),
            (
                "http://downloads.example.com/latest.json",
                NotADistributor::NotHttps,
            ),
            ("http://localhost/latest.json", NotADistributor::NotHttps),
            (
                "http://127.0.0.1.example.com/latest.json",
                NotADistributor::NotHttps,
            ),
            ("http://10.0.0.7/latest.json", NotADistributor::NotHttps),
            ("file:///tmp/latest.json", NotADistributor::NotHttps),
            (
                "ftp://downloads.example.com/latest.json",
                NotADistributor::NotHttps,
            ),
        ] {
            assert_eq!(
                Distributor::given(Some(address), Some(&key)),
                Err(why),
                "{address}"
            );
        }
    }

    #[test]
    fn what_is_not_a_public_key_is_refused() {
        let raw = minisign::KeyPair::generate_unencrypted_keypair()
            .unwrap()
            .pk
            .to_base64();
        let secret = STANDARD.encode("untrusted comment: rsign encrypted secret key\nRWRTY0Iy");
        for key in ["nonsense", "bm9uc2Vuc2U=", raw.as_str(), secret.as_str()] {
            assert_eq!(
                Distributor::given(Some(HTTPS), Some(key)),
                Err(NotADistributor::NotAPublicKey),
                "{key}"
            );
        }
    }

    #[test]
    fn each_refusal_names_the_variable_to_change() {
        for (why, variable) in [
            (NotADistributor::NoPublicKey, PUBLIC_KEY),
            (NotADistributor::NoAddress, ADDRESS),
            (NotADistributor::NotAnAddress, ADDRESS),
            (NotADistributor::NotHttps, ADDRESS),
            (NotADistributor::NotAPublicKey, PUBLIC_KEY),
        ] {
            assert!(why.to_string().contains(variable), "{why}");
        }
    }
}
