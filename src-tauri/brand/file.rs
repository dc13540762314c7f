//! What a brand's file may have.

use serde::Deserialize;
use url::{Host, Url};

/// A brand, as its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Brand {
    name: String,
    publisher: String,
    identifier: String,
    scheme: String,
    base_url: String,
    pub(crate) icon: String,
    pub(crate) mark: Option<String>,
    /// Read by `npm run icons`, as is `tray`.
    #[serde(rename = "icon_small")]
    _icon_small: Option<String>,
    #[serde(rename = "tray")]
    _tray: Option<String>,
    support: Option<String>,
}

impl Brand {
    /// The variables that give the crate the values. Each is always set, also to nothing: otherwise one of that
    /// name in the build's environment would take its place.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 6] {
        [
            ("BRAND_NAME", &self.name),
            ("BRAND_PUBLISHER", &self.publisher),
            ("BRAND_IDENTIFIER", &self.identifier),
            ("BRAND_SCHEME", &self.scheme),
            ("BRAND_BASE_URL", &self.base_url),
            ("BRAND_SUPPORT", self.support.as_deref().unwrap_or_default()),
        ]
    }

    /// Checks the values that can be wrong.
    ///
    /// # Errors
    /// When one is, with what it must be.
    pub(crate) fn validate(&self) -> Result<(), String> {
        for (field, name) in [("name", &self.name), ("publisher", &self.publisher)] {
            if name.trim() != name
                || name.is_empty()
                || name.contains(|c: char| c.is_control() || c == '/')
            {
                return Err(format!(
                    "`{field}` is shown to people and names files: no control characters, no \"/\", \
                     no blanks at its ends"
                ));
            }
        }
        for (field, domain) in [("identifier", &self.identifier), ("scheme", &self.scheme)] {
            if !is_reverse_domain(domain) {
                return Err(format!(
                    "`{field}` must be a domain name of yours written backwards, in small letters, \
                     such as com.example.signin (RFC 8252 §7.1)"
                ));
            }
        }
        let base_url =
            Url::parse(&self.base_url).map_err(|error| format!("`base_url`: {error}"))?;
        let is_loopback = match base_url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        let is_bare = base_url.as_str().strip_suffix('/') == Some(&self.base_url);
        let is_safe = base_url.scheme() == "https" || (base_url.scheme() == "http" && is_loopback);
        if !is_safe || !is_bare {
            return Err(
                "`base_url` must be an https origin such as https://id.example.com, without \"/\" \
                 at its end"
                    .to_owned(),
            );
        }
        if let Some(support) = &self.support {
            let url = Url::parse(support).map_err(|error| format!("`support`: {error}"))?;
            let is_address = match url.scheme() {
                "https" => true,
                "mailto" => url
                    .path()
                    .split_once('@')
                    .is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty()),
                _ => false,
            };
            if !is_address || support.contains(char::is_whitespace) {
                return Err("`support` must be an https: or mailto: address, such as \
                     mailto:support@example.com"
                    .to_owned());
            }
        }
        Ok(())
    }
}

/// Whether the labels between dots are lower-case letters, digits and hyphens that start with a letter, and
/// there are at least two.
fn is_reverse_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && !part.ends_with('-')
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The brand with these fields, or the first that is wrong.
    fn brand(fields: &Value) -> Result<Brand, String> {
        let mut file = json!({
            "name": "Keys",
            "publisher": "Gale",
            "identifier": "com.example.keys",
            "scheme": "com.example.keys",
            "base_url": "https://id.example.com",
            "icon": "icon.svg",
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            file[name] = value.clone();
        }
        let brand: Brand = serde_json::from_value(file).map_err(|error| error.to_string())?;
        brand.validate().map(|()| brand)
    }

    fn support(address: &str) -> Result<Brand, String> {
        brand(&json!({ "support": address }))
    }

    #[test]
    fn support_is_an_address() {
        for address in [
            "https://example.com/help",
            "mailto:support@example.com",
            "mailto:support@example.com?subject=Keys",
        ] {
            assert!(support(address).is_ok(), "{address}");
        }
        for address in [
            "mailto:",
            "mailto:@example.com",
            "mailto:support@",
            "mailto:?to=support@example.com",
            "https:",
            "http://example.com",
            "file:///etc/passwd",
            "support@example.com",
            "https://example.com/a b",
        ] {
            assert!(support(address).is_err(), "{address}");
        }
    }

    #[test]
    fn variable_of_the_builds_environment_is_never_the_support() {
        let value = |brand: &Brand| {
            let variable = brand
                .variables()
                .into_iter()
                .find(|(name, _)| *name == "BRAND_SUPPORT");
            variable.map(|(_, value)| value.to_owned())
        };
        let none = brand(&json!({})).unwrap();
        assert_eq!(value(&none).as_deref(), Some(""));
        let some = support("https://example.com").unwrap();
        assert_eq!(value(&some).as_deref(), Some("https://example.com"));
    }
}
