//! The service as a whole: the books, the clock and everything that is not kept.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::limits::Limits;
use crate::records::Records;
use crate::requests::RequestLog;
use crate::sessions::Sessions;
use crate::settings::{DEFAULT_REDIRECT_URL, Generation, Settings};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) log: RequestLog,
    pub(crate) sessions: Sessions,
    records: Mutex<Records>,
    generation: Mutex<Generation>,
    skips_consent: AtomicBool,
}

impl Service {
    /// The service with the books from its state file, or with new ones.
    pub(crate) fn open(settings: Settings) -> std::io::Result<Self> {
        let saved = settings
            .state_file
            .as_deref()
            .map(Records::load)
            .transpose()?
            .flatten();
        let records = match saved {
            Some(mut records) => {
                if let Some(client) = records.clients.first_mut() {
                    for url in &settings.redirect_urls {
                        if !client.redirect_urls.contains(url) {
                            client.redirect_urls.push(url.clone());
                        }
                    }
                }
                records
            }
            None if settings.redirect_urls.is_empty() => {
                Records::first_day(vec![DEFAULT_REDIRECT_URL.to_owned()])
            }
            None => Records::first_day(settings.redirect_urls.clone()),
        };
        if let Some(path) = &settings.state_file {
            records.save(path)?;
        }
        Ok(Self {
            clock: Clock::ahead_by(records.clock_ahead_ms),
            faults: Faults::default(),
            limits: Limits::default(),
            log: RequestLog::default(),
            sessions: Sessions::default(),
            records: Mutex::new(records),
            generation: Mutex::new(settings.generation),
            skips_consent: AtomicBool::new(settings.skip_consent_when_connected),
            settings,
        })
    }

    /// Looks something up in the books.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Records) -> R) -> R {
        look(&self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the books, and saves them before anybody sees the change.
    ///
    /// The file is written while the books are held: a practice service has few users, and an answer
    /// must never be sent before what it says is true.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Records) -> R) -> R {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut records);
        if let Some(path) = &self.settings.state_file
            && let Err(error) = records.save(path)
        {
            complain_about_file(path, &error);
        }
        result
    }

    pub(crate) fn generation(&self) -> Generation {
        *self
            .generation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_generation(&self, generation: Generation) {
        *self
            .generation
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = generation;
    }

    pub(crate) fn skips_consent(&self) -> bool {
        self.skips_consent.load(Ordering::SeqCst)
    }

    pub(crate) fn set_skips_consent(&self, skips: bool) {
        self.skips_consent.store(skips, Ordering::SeqCst);
    }

    /// Turns the clock forward, for good.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.change(|records| records.clock_ahead_ms = self.clock.ahead_ms());
    }

    /// Back to the first day, except that API clients stay as they are: no codes, no tokens, nobody
    /// logged in, no faults, an empty log, the real time, the settings of the start.
    pub(crate) fn reset(&self) {
        self.clock.reset();
        self.faults.clear();
        self.limits.reset();
        self.log.clear();
        self.sessions.clear();
        self.set_generation(self.settings.generation);
        self.set_skips_consent(self.settings.skip_consent_when_connected);
        self.change(|records| {
            let clients = std::mem::take(&mut records.clients);
            *records = Records {
                clients,
                ..Records::first_day(Vec::new())
            };
        });
    }
}

/// Says on standard error that the state could not be saved; the service goes on without.
fn complain_about_file(path: &Path, error: &std::io::Error) {
    // If standard error is gone as well, there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "cannot save {}: {error}", path.display());
}
