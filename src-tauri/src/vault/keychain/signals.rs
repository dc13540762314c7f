//! The signals that report changes of a keychain on the session bus.

use zbus::message::Type;

/// The Secret Service's name on the bus.
pub(super) const BUS_NAME: &str = "org.freedesktop.secrets";

/// Rules that match a keychain's own signals, and its start and end.
pub(super) fn match_rules() -> zbus::Result<[zbus::MatchRule<'static>; 2]> {
    let own_signals = zbus::MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS_NAME)?
        .build();
    let owner_changes = zbus::MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .add_arg(BUS_NAME)?
        .build();
    Ok([own_signals, owner_changes])
}

/// What a message on the bus reports of a keychain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeychainSignal {
    /// The prompt with this path was answered or dismissed.
    PromptCompleted(String),
    /// Something was created, removed, locked or unlocked, or a keychain started.
    Changed,
    /// The keychain stopped.
    Stopped,
    /// Something else.
    Other,
}

impl KeychainSignal {
    pub(super) fn from_message(message: &zbus::Message) -> Self {
        let header = message.header();
        if message.message_type() != Type::Signal {
            return Self::Other;
        }
        match header.member().map(zbus::names::MemberName::as_str) {
            Some("NameOwnerChanged") => {
                let body = message.body();
                match body.deserialize::<(String, String, String)>() {
                    Ok((name, _, owner)) if name == BUS_NAME => {
                        if owner.is_empty() {
                            Self::Stopped
                        } else {
                            Self::Changed
                        }
                    }
                    _ => Self::Other,
                }
            }
            Some("Completed") => header
                .path()
                .map_or(Self::Other, |path| Self::PromptCompleted(path.to_string())),
            Some(
                "PropertiesChanged" | "CollectionCreated" | "CollectionDeleted"
                | "CollectionChanged" | "ItemCreated" | "ItemDeleted" | "ItemChanged",
            ) => Self::Changed,
            _ => Self::Other,
        }
    }
}
