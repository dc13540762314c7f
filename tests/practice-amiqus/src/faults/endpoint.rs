//! The endpoints that fault plans name.

use serde::{Deserialize, Serialize};

use crate::api;

/// An endpoint at which a fault can be injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `/oauth/authorize`: the consent page and its form.
    Authorize,
    /// `/oauth/token` with any grant type except `refresh_token`.
    TokenExchange,
    /// `/oauth/token` with the grant type `refresh_token`.
    TokenRefresh,
    /// `/api/v2/me`.
    Me,
    /// `/api/v2/me/teams`.
    MeTeams,
    /// `/api/v2/team`.
    Team,
    /// `/api/v2/team/me`.
    TeamMe,
    /// `/api/v2/status`.
    Status,
    /// `/api/v2/team/members`.
    TeamMembers,
    /// `/api/v2/credits`.
    Credits,
    /// `/api/v2/webhooks`.
    Webhooks,
    /// `/api/v2/clients`.
    Clients,
    /// `/api/v2/clients/{id}`.
    Client,
    /// `/api/v2/clients/{id}/files`.
    ClientFiles,
    /// `/api/v2/clients/{id}/files/{id}/download`.
    ClientFileDownload,
    /// `/api/v2/records`.
    Records,
    /// `/api/v2/records/{id}`.
    Record,
    /// `/api/v2/records/{id}/steps`.
    RecordSteps,
    /// `/api/v2/records/{id}/download`.
    RecordDownload,
    /// `/api/v2/checks/{id}`.
    Check,
    /// `/api/v2/cases`.
    Cases,
    /// `/api/v2/aggregates/case-status`.
    CaseStatus,
    /// Every endpoint above.
    Any,
}

impl Endpoint {
    /// All variants.
    pub const ALL: [Self; 23] = [
        Self::Authorize,
        Self::TokenExchange,
        Self::TokenRefresh,
        Self::Me,
        Self::MeTeams,
        Self::Team,
        Self::TeamMe,
        Self::Status,
        Self::TeamMembers,
        Self::Credits,
        Self::Webhooks,
        Self::Clients,
        Self::Client,
        Self::ClientFiles,
        Self::ClientFileDownload,
        Self::Records,
        Self::Record,
        Self::RecordSteps,
        Self::RecordDownload,
        Self::Check,
        Self::Cases,
        Self::CaseStatus,
        Self::Any,
    ];

    /// The endpoint of a request; `None` if no fault can be injected there.
    pub(crate) fn of_request(path: &str, form: &[(String, String)]) -> Option<Self> {
        match path {
            "/oauth/authorize" => Some(Self::Authorize),
            "/oauth/token" => {
                let is_refresh = form
                    .iter()
                    .any(|(name, value)| name == "grant_type" && value == "refresh_token");
                Some(if is_refresh {
                    Self::TokenRefresh
                } else {
                    Self::TokenExchange
                })
            }
            _ => Self::of_api_path(path.strip_prefix(api::ROOT)?),
        }
    }

    /// The endpoint of a path below the API's root.
    fn of_api_path(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match segments[..] {
            ["me"] => Self::Me,
            ["me", "teams"] => Self::MeTeams,
            ["team"] => Self::Team,
            ["team", "me"] => Self::TeamMe,
            ["team", "members"] => Self::TeamMembers,
            ["status"] => Self::Status,
            ["credits"] => Self::Credits,
            ["webhooks"] => Self::Webhooks,
            ["clients"] => Self::Clients,
            ["clients", _] => Self::Client,
            ["clients", _, "files"] => Self::ClientFiles,
            ["clients", _, "files", _, "download"] => Self::ClientFileDownload,
            ["records"] => Self::Records,
            ["records", _] => Self::Record,
            ["records", _, "steps"] => Self::RecordSteps,
            ["records", _, "download"] => Self::RecordDownload,
            ["checks", _] => Self::Check,
            ["cases"] => Self::Cases,
            ["aggregates", "case-status"] => Self::CaseStatus,
            _ => return None,
        })
    }
}
