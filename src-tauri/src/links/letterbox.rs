//! Where other copies of the app put what they were started for. A copy hands that over as soon as this
//! one has its name on the bus, which is long before there is a keeper to read a link; so it waits here.
//! Several can come at once, and any of them may be the one that is wanted.

use std::sync::{Arc, Mutex, PoisonError};

use amiqus_core::head_and_tail::HeadAndTail;
use tokio::sync::oneshot;

use super::start::Start;

/// So many of the first are kept, and so many of the newest, as the core keeps links while its vault is
/// closed.
const ENDS: usize = 64;

/// Follows a start, and says where it will tell that it has done so.
type Reader = Arc<dyn Fn(Start) -> Followed + Send + Sync>;

/// Tells that a start was followed. One that is dropped unsaid belongs to an app that is ending.
pub(crate) type Followed = oneshot::Receiver<()>;

/// What became of a start.
#[derive(Debug)]
pub(crate) enum Put {
    /// It waits for somebody to read it.
    Waits,
    /// It was read, and is being followed.
    Read(Followed),
    /// Nobody reads any more.
    Closed,
}

/// Keeps starts until somebody reads them, and hands them on from then on.
#[derive(Clone, Default)]
pub(crate) struct Letterbox(Arc<Mutex<Slot>>);

enum Slot {
    Waiting(HeadAndTail<Start, ENDS>),
    Read(Reader),
    Closed,
}

impl Default for Slot {
    fn default() -> Self {
        Self::Waiting(HeadAndTail::default())
    }
}

impl Letterbox {
    /// Takes a start in.
    pub(crate) fn put(&self, start: Start) -> Put {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Slot::Waiting(starts) => {
                if starts.push(start) {
                    tracing::warn!("there is no room for another start: one is dropped");
                }
            }
            Slot::Read(read) => return Put::Read(read(start)),
            Slot::Closed => return Put::Closed,
        }
        Put::Waits
    }

    /// From now on somebody reads; what came before comes first.
    pub(crate) fn read(&self, reader: impl Fn(Start) -> Followed + Send + Sync + 'static) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reader: Reader = Arc::new(reader);
        if let Slot::Waiting(starts) =
            std::mem::replace(&mut *slot, Slot::Read(Arc::clone(&reader)))
        {
            for start in starts {
                // Whoever brought it was told when it was put here.
                drop(reader(start));
            }
        }
    }

    /// From now on nobody reads: the app is ending. Whoever has something tries again and finds this
    /// process gone.
    pub(crate) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Slot::Closed;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use amiqus_core::redirect::ReceivedLink;
    use amiqus_core::registration::SCHEME;

    use super::*;
    use crate::links::start::{Launch, StartRequest};

    fn link(name: &str) -> String {
        format!("{SCHEME}://oauth/callback?code={name}&state=s")
    }

    fn put(letterbox: &Letterbox, link: &str) -> Put {
        letterbox.put(Start {
            request: StartRequest::Link(ReceivedLink::new(link.to_owned())),
            launch: Launch::default(),
        })
    }

    /// Reads all that is in it, and all that comes.
    fn read(letterbox: &Letterbox) -> mpsc::Receiver<String> {
        let (heard, hear) = mpsc::channel();
        letterbox.read(move |start| {
            if let StartRequest::Link(received) = start.request {
                let _ = heard.send(received.expose().to_owned());
            }
            oneshot::channel().1
        });
        hear
    }

    /// Shows check 17.
    #[test]
    fn links_that_come_before_anybody_reads_them_are_all_read_in_their_order() {
        let letterbox = Letterbox::default();
        assert!(matches!(put(&letterbox, &link("first")), Put::Waits));
        assert!(matches!(put(&letterbox, &link("second")), Put::Waits));
        let heard = read(&letterbox);
        assert!(matches!(put(&letterbox, &link("third")), Put::Read(_)));
        let all: Vec<_> = heard.try_iter().collect();
        assert_eq!(all, [link("first"), link("second"), link("third")]);
    }

    #[test]
    fn a_flood_of_links_is_not_kept() {
        let letterbox = Letterbox::default();
        for _ in 0..10_000 {
            put(&letterbox, &link("again"));
        }
        assert_eq!(read(&letterbox).try_iter().count(), 2 * ENDS);
    }

    #[test]
    fn closed_letterbox_says_that_nobody_reads() {
        let letterbox = Letterbox::default();
        let heard = read(&letterbox);
        letterbox.close();
        assert!(matches!(put(&letterbox, &link("late")), Put::Closed));
        assert_eq!(heard.try_iter().count(), 0);
    }
}
