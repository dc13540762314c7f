//! The settings of a practice service.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The redirect URL that is registered when [`Settings::redirect_urls`] is empty.
pub const DEFAULT_REDIRECT_URL: &str = "co.amiqus.signin://oauth/callback";

/// The lifetime of access and refresh tokens in the real service.
const TOKEN_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// The generation of `league/oauth2-server` whose OAuth error format is used. It is not public which
/// one Amiqus runs, so a client must understand both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// Version 8.5: an invalid refresh token is a 401 `invalid_request`, an invalid code a 400
    /// `invalid_request`, and each error has a `message` beside its `error_description`.
    League8,
    /// Version 9.1 and later: both are a 400 `invalid_grant`, and there is no `message`.
    #[default]
    League9,
}

impl FromStr for Generation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "8" => Ok(Self::League8),
            "9" => Ok(Self::League9),
            other => Err(format!("there is no generation {other:?}, only 8 and 9")),
        }
    }
}

/// The settings of a practice service. The defaults follow what is known of the real service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 picks a free one. Default: 0.
    pub port: u16,
    /// The redirect URLs of the first API client. Empty means [`DEFAULT_REDIRECT_URL`] alone.
    pub redirect_urls: Vec<String>,
    /// The format of OAuth errors; [`Practice::set_generation`] changes it later.
    ///
    /// [`Practice::set_generation`]: crate::Practice::set_generation
    pub generation: Generation,
    /// The lifetime of an authorization code. Default: ten minutes.
    pub code_lifetime: Duration,
    /// The lifetime of an access token, which is also its `expires_in`. Default: a year.
    pub access_token_lifetime: Duration,
    /// The lifetime of a refresh token, which no response states. Default: a year.
    pub refresh_token_lifetime: Duration,
    /// Whether a user who already has a live token for an API client in the active team is redirected
    /// at once, without a consent page. Default: yes.
    pub skip_consent_when_connected: bool,
    /// Whether a consent page can be answered more than once. Default: no.
    pub allow_repeated_consent: bool,
    /// The rate limit of `/oauth/token` for one IP address. The limit of the real service is assumed
    /// to be 60; the default is 600, so that tests don't exceed it unintentionally.
    pub token_requests_per_minute: u32,
    /// The rate limit of `/api/v2` for one user in one team. Default: 200.
    pub api_requests_per_minute: u32,
    /// The size of the files named `large.bin`; [`Practice::set_large_file_bytes`] changes it later.
    /// Default: 64 MiB.
    ///
    /// [`Practice::set_large_file_bytes`]: crate::Practice::set_large_file_bytes
    pub large_file_bytes: u64,
    /// The file that stores people, API clients and tokens between runs. Default: none.
    pub state_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            redirect_urls: Vec::new(),
            generation: Generation::default(),
            code_lifetime: Duration::from_mins(10),
            access_token_lifetime: TOKEN_LIFETIME,
            refresh_token_lifetime: TOKEN_LIFETIME,
            skip_consent_when_connected: true,
            allow_repeated_consent: false,
            token_requests_per_minute: 600,
            api_requests_per_minute: 200,
            large_file_bytes: 64 * 1024 * 1024,
            state_file: None,
        }
    }
}
