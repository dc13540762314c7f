//! Reports when a keychain starts, is unlocked, gets an item, or answers at last. It listens to signals on
//! the bus and never polls.

use futures_util::StreamExt as _;
use zbus::MessageStream;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;

use super::secret_service::{SERVICE_INTERFACE, SERVICE_PATH, attributes};
use super::signals::BUS_NAME;
use super::signals::{KeychainSignal, match_rules};

/// Calls `changed` at each change of the keychain until the session bus ends. The first call comes as soon
/// as the keychain answers.
pub(crate) async fn watch(changed: impl Fn()) -> zbus::Result<()> {
    let bus = Builder::session()?.build().await?;
    let mut messages = MessageStream::from(&bus);
    let dbus = DBusProxy::new(&bus).await?;
    for rule in match_rules()? {
        dbus.add_match_rule(rule).await?;
    }
    // Without a timeout: a keychain that hangs answers when it resumes.
    let body = (attributes(),);
    let answer = bus.call_method(
        Some(BUS_NAME),
        SERVICE_PATH,
        Some(SERVICE_INTERFACE),
        "SearchItems",
        &body,
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
                    if KeychainSignal::from_message(&message?) == KeychainSignal::Changed {
                        changed();
                    }
                }
                None => return Ok(()),
            },
        }
    }
}
