//! The fake server, in a process of its own, with the control requests that the benchmark needs.

use std::fs;

use amiqus_core::registration::DEFAULT_REDIRECT_URL;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::Result;
use crate::computer::variable;

/// The e-mail address of the user who signs in.
const EMAIL: &str = "bob@example.com";

/// The user's team.
const TEAM: &str = "Fusion Industries";

/// The fake server that the provisioning file names.
pub(crate) struct Amiqus {
    /// The provisioning file's content.
    pub(crate) registration: Registration,
    client: Client,
}

/// The part of the provisioning file that the benchmark reads.
#[derive(Deserialize)]
pub(crate) struct Registration {
    /// The base URL of the service.
    pub(crate) base_url: String,
    /// The API client's ID.
    pub(crate) client_id: String,
    /// The API client's secret.
    pub(crate) client_secret: String,
}

impl Amiqus {
    /// Connects to the fake server that the provisioning file names.
    pub(crate) fn from_environment() -> Result<Self> {
        let file = fs::read(variable("AMIQUS_PROVISIONING_FILE")?)?;
        Ok(Self {
            registration: serde_json::from_slice(&file)?,
            client: Client::builder().no_proxy().build()?,
        })
    }

    /// The address that the browser is redirected to when the user chooses Allow at `url`.
    pub(crate) async fn allow(&self, url: &str) -> Result<String> {
        let decision = json!({"url": url, "email": EMAIL, "team": TEAM, "allow": true});
        let answer = self.client.post(self.control("authorize")).json(&decision);
        let answer: Value = answer.send().await?.error_for_status()?.json().await?;
        Ok(answer["location"].as_str().ok_or("no redirect")?.to_owned())
    }

    /// A fresh authorization code.
    pub(crate) async fn code(&self) -> Result<String> {
        let Registration {
            base_url,
            client_id,
            ..
        } = &self.registration;
        let request = Url::parse_with_params(
            &format!("{base_url}/oauth/authorize"),
            [
                ("response_type", "code"),
                ("client_id", client_id),
                ("redirect_uri", DEFAULT_REDIRECT_URL),
                ("state", "bench"),
            ],
        )?;
        let redirect = Url::parse(&self.allow(request.as_str()).await?)?;
        let code = redirect.query_pairs().find(|(name, _)| name == "code");
        Ok(code.ok_or("no code")?.1.into_owned())
    }

    /// Delays each response that a sign-in waits for.
    pub(crate) async fn add_latency(&self, milliseconds: u64) -> Result<()> {
        let plan = json!({
            "endpoints": ["token_exchange", "me", "team", "team_me"],
            "fault": "delay_after_processing",
            "ms": milliseconds,
        });
        let answer = self.client.post(self.control("faults")).json(&plan);
        answer.send().await?.error_for_status()?;
        Ok(())
    }

    /// Removes all delays.
    pub(crate) async fn clear_faults(&self) -> Result<()> {
        let answer = self.client.delete(self.control("faults")).send();
        answer.await?.error_for_status()?;
        Ok(())
    }

    /// The number of requests that reached the token endpoint.
    pub(crate) async fn token_requests(&self) -> Result<usize> {
        let answer = self.client.get(self.control("requests")).send();
        let all: Vec<Value> = answer.await?.error_for_status()?.json().await?;
        Ok(all
            .iter()
            .filter(|request| request["path"] == "/oauth/token")
            .count())
    }

    fn control(&self, name: &str) -> String {
        format!("{}/practice/{name}", self.registration.base_url)
    }
}
