//! Tells when a keychain comes, is unlocked, gets an item, or answers at last. The bus tells of it;
//! nothing polls.

use futures_util::StreamExt as _;
use zbus::MessageStream;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;

use super::system::{Heard, NAME, names, signals};

/// Calls `changed` at each change, for as long as the session bus lives. The first call comes as soon as
/// the keychain answers at all.
pub(crate) async fn watch(changed: impl Fn()) -> zbus::Result<()> {
    let bus = Builder::session()?.build().await?;
    let mut messages = MessageStream::from(&bus);
    let rules = DBusProxy::new(&bus).await?;
    for rule in signals()? {
        rules.add_match_rule(rule).await?;
    }
    // Without a deadline, so that one that hangs is heard when it goes on.
    let names = (names(),);
    let answer = bus.call_method(
        Some(NAME),
        "/org/freedesktop/secrets",
        Some("org.freedesktop.Secret.Service"),
        "SearchItems",
        &names,
    );
    let mut answer = Box::pin(answer);
    let mut is_answered = false;
    loop {
        tokio::select! {
            answered = &mut answer, if !is_answered => {
                is_answered = true;
                if answered.is_ok() {
                    changed();
                }
            }
            message = messages.next() => match message {
                Some(message) => {
                    if Heard::in_message(&message?) == Heard::Change {
                        changed();
                    }
                }
                None => return Ok(()),
            },
        }
    }
}
