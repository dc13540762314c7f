//! Addresses that arrived before the vault was open: whose they are can't be told until then.

use url::form_urlencoded;

use super::LinkOrigin;
use crate::authorization::State;
use crate::head_and_tail::HeadAndTail;
use crate::redirect::{MAX_REDIRECT_BYTES, ReceivedLink};

/// So many of the first addresses are kept, and so many of the newest. Whoever would push out the one
/// that a person just allowed must send as many before it as after it, of different `state`s.
const ENDS: usize = 64;

/// The addresses, in their order.
#[derive(Debug, Default)]
pub(super) struct PendingLinks(HeadAndTail<Arrived, ENDS>);

#[derive(Debug)]
struct Arrived {
    /// The `state` as it stands in the address, before anything is judged.
    state: State,
    received: ReceivedLink,
    origin: LinkOrigin,
}

impl PendingLinks {
    /// Takes an address in, in place of an earlier one of the same `state`.
    pub(super) fn put(&mut self, received: ReceivedLink, origin: LinkOrigin) {
        if received.expose().len() > MAX_REDIRECT_BYTES {
            tracing::warn!(
                ?origin,
                "an address is too long to wait for the vault: ignored"
            );
            return;
        }
        let state = state_of(&received);
        self.0.retain(|earlier| !earlier.state.matches(&state));
        let arrived = Arrived {
            state,
            received,
            origin,
        };
        if self.0.push(arrived) {
            tracing::warn!("too many addresses wait for the vault: one is dropped");
        }
    }

    /// Takes them out.
    pub(super) fn into_addresses(self) -> impl Iterator<Item = (ReceivedLink, LinkOrigin)> {
        let arrived = self.0.into_iter();
        arrived.map(|arrived| (arrived.received, arrived.origin))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Those without one count as of one `state`: none of them is an answer.
fn state_of(received: &ReceivedLink) -> State {
    let query = received
        .expose()
        .split_once('?')
        .map_or("", |(_, query)| query);
    let state = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state");
    State::new(state.map_or(String::new(), |(_, state)| state.into_owned()))
}
