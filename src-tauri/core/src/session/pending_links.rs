//! Addresses that arrive before the vault is open, when no pending attempt is known yet.

use url::form_urlencoded;

use super::LinkOrigin;
use crate::authorization::State;
use crate::head_and_tail::HeadAndTail;
use crate::redirect::{MAX_REDIRECT_BYTES, ReceivedLink};

/// How many of the first and how many of the newest addresses are stored. To push out the genuine
/// answer, an attacker must send this many before it and this many after it, with different
/// `state`s.
const MAX_AT_EACH_END: usize = 64;

/// The addresses that wait for the vault, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct PendingLinks(HeadAndTail<PendingLink, MAX_AT_EACH_END>);

#[derive(Debug)]
struct PendingLink {
    /// The `state` parameter of the address, which isn't validated yet.
    state: State,
    received: ReceivedLink,
    origin: LinkOrigin,
}

impl PendingLinks {
    /// Adds an address, in place of an earlier one with the same `state`.
    pub(super) fn push(&mut self, received: ReceivedLink, origin: LinkOrigin) {
        if received.expose().len() > MAX_REDIRECT_BYTES {
            tracing::warn!(?origin, "pending link: ignored, too long");
            return;
        }
        let state = state_of(&received);
        self.0.retain(|earlier| !earlier.state.matches(&state));
        let link = PendingLink {
            state,
            received,
            origin,
        };
        if self.0.push(link) {
            tracing::warn!("pending link: one dropped, too many wait for the vault");
        }
    }

    pub(super) fn into_addresses(self) -> impl Iterator<Item = (ReceivedLink, LinkOrigin)> {
        let links = self.0.into_iter();
        links.map(|link| (link.received, link.origin))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The `state` parameter. Addresses without one share an empty `state`: none of them is an answer.
fn state_of(received: &ReceivedLink) -> State {
    let query = received
        .expose()
        .split_once('?')
        .map_or("", |(_, query)| query);
    let state = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state");
    State::new(state.map_or(String::new(), |(_, state)| state.into_owned()))
}
