//! Where other copies of the app put the links that they were started with. A copy hands its link over
//! as soon as this one has its name on the bus, which is long before there is a keeper to read it; so
//! links wait here. Several can come at once, and any of them may be the one that is wanted.

use std::sync::{Arc, Mutex, PoisonError};

use amiqus_core::redirect::Received;
use amiqus_core::registration::SCHEME;

/// As many links are kept as the core keeps while its vault is closed: more are a flood.
const ROOM: usize = 16;

type Reader = Arc<dyn Fn(Received) + Send + Sync>;

/// Keeps links until somebody reads them, and hands them on from then on.
#[derive(Clone, Default)]
pub(crate) struct Letterbox(Arc<Mutex<Slot>>);

enum Slot {
    Waiting(Vec<Received>),
    Read(Reader),
}

impl Default for Slot {
    fn default() -> Self {
        Self::Waiting(Vec::new())
    }
}

impl Letterbox {
    /// Takes the link out of a copy's arguments. As with the link that starts the app, it is the only
    /// one: the system's handlers give no other.
    pub(crate) fn put(&self, arguments: Vec<String>) {
        let Some(link) = the_link(arguments) else {
            return;
        };
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Slot::Waiting(links) if links.len() < ROOM => links.push(link),
            Slot::Waiting(_) => tracing::warn!("there is no room for another link: ignored"),
            Slot::Read(read) => read(link),
        }
    }

    /// From now on somebody reads; what came before comes first.
    pub(crate) fn read(&self, reader: impl Fn(Received) + Send + Sync + 'static) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reader: Reader = Arc::new(reader);
        if let Slot::Waiting(links) = std::mem::replace(&mut *slot, Slot::Read(Arc::clone(&reader)))
        {
            for link in links {
                reader(link);
            }
        }
    }
}

fn the_link(arguments: Vec<String>) -> Option<Received> {
    let [_program, link] = <[String; 2]>::try_from(arguments).ok()?;
    let is_ours = link
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME));
    is_ours.then(|| Received::new(link))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn link(name: &str) -> String {
        format!("{SCHEME}://oauth/callback?code={name}&state=s")
    }

    fn put(letterbox: &Letterbox, arguments: &[&str]) {
        let program = ["sign-in-with-amiqus"].iter();
        letterbox.put(program.chain(arguments).map(|&it| it.to_owned()).collect());
    }

    /// Reads all that is in it, and all that comes.
    fn read(letterbox: &Letterbox) -> mpsc::Receiver<String> {
        let (heard, hear) = mpsc::channel();
        letterbox.read(move |received| {
            let _ = heard.send(received.expose().to_owned());
        });
        hear
    }

    /// Shows check 17.
    #[test]
    fn links_that_come_before_anybody_reads_them_are_all_read_in_their_order() {
        let letterbox = Letterbox::default();
        put(&letterbox, &[&link("first")]);
        put(&letterbox, &[&link("second")]);
        let heard = read(&letterbox);
        put(&letterbox, &[&link("third")]);
        let all: Vec<_> = heard.try_iter().collect();
        assert_eq!(all, [link("first"), link("second"), link("third")]);
    }

    #[test]
    fn a_flood_of_links_is_not_kept() {
        let letterbox = Letterbox::default();
        for _ in 0..10_000 {
            put(&letterbox, &[&link("again")]);
        }
        assert_eq!(read(&letterbox).try_iter().count(), ROOM);
    }

    /// Shows check 16.
    #[test]
    fn what_is_no_link_of_ours_is_left() {
        let letterbox = Letterbox::default();
        let heard = read(&letterbox);
        for arguments in [
            &[][..],
            &[""],
            &["--in-the-tray"],
            &["/etc/passwd"],
            &["https://evil.example/?code=stolen"],
            &[SCHEME],
            &["--url", &link("second")],
            &[&link("first"), "--quiet"],
        ] {
            put(&letterbox, arguments);
        }
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [""; 0]);
    }
}
