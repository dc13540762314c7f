//! The webhooks of a team.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::moment;
use crate::random;

/// A subscription of a team to events. The practice service delivers none.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    id: u64,
    url: &'static str,
    events: &'static [&'static str],
    is_enabled: bool,
    created_at: Timestamp,
}

impl Webhook {
    /// The webhook with the secret that signs its deliveries.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "object": "webhook",
            "id": self.id,
            "uuid": Uuid::from_u128(u128::from(self.id)),
            "url": self.url,
            "secret": random::sha256_hex(&format!("webhook {}", self.id)),
            "events": self.events,
            "is_enabled": self.is_enabled,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        })
    }
}

/// The webhooks of a demo team.
pub(super) fn demo(team_id: u64) -> Vec<Webhook> {
    vec![
        Webhook {
            id: team_id * 25,
            url: "https://example.org/incoming/webhooks/amiqus",
            events: &["client.*", "record.*"],
            is_enabled: true,
            created_at: moment(5),
        },
        Webhook {
            id: team_id * 25 + 1,
            url: "https://beta.example.org/webhooks/incoming",
            events: &["*"],
            is_enabled: false,
            created_at: moment(77),
        },
    ]
}
