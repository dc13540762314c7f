//! The app's names. To rebrand the app, change `brand.json`, or name another such file in `AMIQUS_BRAND` for
//! the build.

/// The app's name as users see it.
pub const NAME: &str = env!("BRAND_NAME");

/// The publisher of the installer.
pub const PUBLISHER: &str = env!("BRAND_PUBLISHER");

/// The app's name in the system's folders and in the keychain: a reverse domain name.
pub const IDENTIFIER: &str = env!("BRAND_IDENTIFIER");

/// The scheme that the app registers with the operating system (RFC 7595 §3.8, RFC 8252 §7.1: a
/// reverse domain name under its maker's control).
pub const SCHEME: &str = env!("BRAND_SCHEME");

/// The redirect URL that an administrator enters at Amiqus unless they choose another.
/// `scheme://host/path`, because Amiqus's form is likely to refuse `scheme:/path`.
pub const REDIRECT_URL: &str = concat!(env!("BRAND_SCHEME"), "://oauth/callback");

/// The address of the Amiqus service.
pub const BASE_URL: &str = env!("BRAND_BASE_URL");

/// The app's mark, as an SVG element in one colour (`currentColor`) where the brand has such a mark, or else the
/// icon.
pub const MARK: &str = include_str!(concat!(env!("OUT_DIR"), "/mark.svg"));

/// Where users find the distributor's support, an `https:` or `mailto:` address, if there is one.
pub const SUPPORT: Option<&str> = {
    let support = env!("BRAND_SUPPORT");
    if support.is_empty() {
        None
    } else {
        Some(support)
    }
};

#[cfg(test)]
#[path = "../file.rs"]
#[expect(dead_code, reason = "the pictures' paths are the build script's")]
mod file;
