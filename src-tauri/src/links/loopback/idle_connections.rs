//! Connections that have sent no request yet, the oldest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long a connection may be idle though others wait for its permit.
const MIN_IDLE_TIME: Duration = Duration::from_millis(100);

/// All idle connections.
#[derive(Default)]
pub(super) struct IdleConnections(Arc<Mutex<VecDeque<Connection>>>);

struct Connection {
    since: Instant,
    close: Arc<watch::Sender<bool>>,
}

/// An idle connection, until it sends a request or ends.
pub(super) struct IdleGuard {
    all: Arc<Mutex<VecDeque<Connection>>>,
    close: Arc<watch::Sender<bool>>,
}

fn lock(connections: &Mutex<VecDeque<Connection>>) -> MutexGuard<'_, VecDeque<Connection>> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}

impl IdleConnections {
    /// Adds a new connection.
    pub(super) fn add(&self) -> IdleGuard {
        let close = Arc::new(watch::Sender::new(false));
        lock(&self.0).push_back(Connection {
            since: Instant::now(),
            close: Arc::clone(&close),
        });
        IdleGuard {
            all: Arc::clone(&self.0),
            close,
        }
    }

    /// Closes the connection that has been idle for longest, once it has been for [`MIN_IDLE_TIME`]. Never
    /// returns where none is idle.
    pub(super) async fn close_oldest(&self) {
        let oldest = lock(&self.0).front().map(|connection| connection.since);
        let Some(since) = oldest else {
            return std::future::pending().await;
        };
        sleep_until(since + MIN_IDLE_TIME).await;
        let is_still_idle = |connection: &mut Connection| connection.since == since;
        if let Some(connection) = lock(&self.0).pop_front_if(is_still_idle) {
            connection.close.send_replace(true);
        }
    }
}

impl Drop for IdleGuard {
    fn drop(&mut self) {
        self.end();
    }
}

impl IdleGuard {
    /// Notes that the connection has sent a request: it is no longer closed for being idle.
    pub(super) fn end(&self) {
        lock(&self.all).retain(|connection| !Arc::ptr_eq(&connection.close, &self.close));
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn closed(&self) {
        // The guard owns the sender.
        let _ = self.close.subscribe().wait_for(|is_so| *is_so).await;
    }
}
