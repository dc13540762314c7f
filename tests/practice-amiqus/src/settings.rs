//! How a practice service is set up.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The redirect URL that is registered when no other is asked for.
pub const DEFAULT_REDIRECT_URL: &str = "co.amiqus.signin://oauth/callback";

/// A year, which is how long the service's access tokens live.
const YEAR: Duration = Duration::from_hours(365 * 24);

/// Which generation of `league/oauth2-server` the errors of `/oauth/token` look like. Nobody outside
/// Amiqus knows which one it runs, so a client must understand both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// 8.5: a dead refresh token is a 401 `invalid_request`, a dead code a 400 `invalid_request`, and
    /// each error has a `message` beside its `error_description`.
    League8,
    /// 9.1 and later: both are a 400 `invalid_grant`, and there is no `message`.
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

/// How a practice service is set up. The default is what the real service is believed to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The redirect URLs of the first API client. Empty means [`DEFAULT_REDIRECT_URL`] alone.
    pub redirect_urls: Vec<String>,
    /// The shape of the errors of `/oauth/token`; [`Practice::set_generation`] changes it later.
    ///
    /// [`Practice::set_generation`]: crate::Practice::set_generation
    pub generation: Generation,
    /// How long a code can be redeemed: ten minutes.
    pub code_lifetime: Duration,
    /// How long an access token works, and what `expires_in` says: a year.
    pub access_token_lifetime: Duration,
    /// How long a refresh token works, which nobody is told: a year.
    pub refresh_token_lifetime: Duration,
    /// Whether someone who already has a live token for an API client, in the team that is active,
    /// is sent back at once, without a consent page: yes.
    pub skip_consent_when_connected: bool,
    /// Whether a consent page that was answered can be answered again: no.
    pub consent_answers_again: bool,
    /// How many requests to `/oauth/token` one network address may make in a minute. The real
    /// service is believed to stop at 60; the default is 600, so that tests don't meet it by chance.
    pub token_requests_per_minute: u32,
    /// How many requests to `/api/v2` one person may make in a minute in one team: 200.
    pub api_requests_per_minute: u32,
    /// Where people, API clients and tokens are kept from one run to the next; without it, nowhere.
    pub state_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            redirect_urls: Vec::new(),
            generation: Generation::default(),
            code_lifetime: Duration::from_mins(10),
            access_token_lifetime: YEAR,
            refresh_token_lifetime: YEAR,
            skip_consent_when_connected: true,
            consent_answers_again: false,
            token_requests_per_minute: 600,
            api_requests_per_minute: 200,
            state_file: None,
        }
    }
}
