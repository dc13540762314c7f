//! The shared state of the service.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::browser_sessions::BrowserSessions;
use crate::clock::Clock;
use crate::database::Database;
use crate::faults::FaultPlans;
use crate::rate_limit::RateLimiter;
use crate::request_log::RequestLog;
use crate::resources::Resources;
use crate::settings::{DEFAULT_REDIRECT_URL, Generation, Settings};

/// The state that all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) fault_plans: FaultPlans,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) request_log: RequestLog,
    pub(crate) sessions: BrowserSessions,
    pub(crate) resources: Resources,
    db: Mutex<Database>,
    generation: Mutex<Generation>,
    skip_consent: AtomicBool,
    large_file_bytes: AtomicU64,
}

impl Service {
    /// Creates the service with the data of its state file, or with the demo data.
    pub(crate) fn open(settings: Settings) -> std::io::Result<Self> {
        let saved = settings
            .state_file
            .as_deref()
            .map(Database::load)
            .transpose()?
            .flatten();
        let db = match saved {
            Some(mut db) => {
                if let Some(client) = db.clients.first_mut() {
                    for url in &settings.redirect_urls {
                        if !client.has_redirect_url(url) {
                            client.redirect_urls.push(url.clone());
                        }
                    }
                }
                db
            }
            None if settings.redirect_urls.is_empty() => {
                Database::with_demo_data(vec![DEFAULT_REDIRECT_URL.to_owned()])
            }
            None => Database::with_demo_data(settings.redirect_urls.clone()),
        };
        if let Some(path) = &settings.state_file {
            db.save(path)?;
        }
        Ok(Self {
            clock: Clock::with_offset(db.clock_offset_ms),
            fault_plans: FaultPlans::default(),
            rate_limiter: RateLimiter::default(),
            request_log: RequestLog::default(),
            sessions: BrowserSessions::default(),
            resources: Resources::demo(&db.memberships),
            db: Mutex::new(db),
            generation: Mutex::new(settings.generation),
            skip_consent: AtomicBool::new(settings.skip_consent_when_connected),
            large_file_bytes: AtomicU64::new(settings.large_file_bytes),
            settings,
        })
    }

    /// Runs a closure with the data.
    pub(crate) fn read<R>(&self, query: impl FnOnce(&Database) -> R) -> R {
        query(&self.db.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a closure that changes the data, and saves the state file.
    ///
    /// The file is written while the lock is held, so that no response is sent before its change is
    /// on the disk. The service has too few users for this to be slow.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut Database) -> R) -> R {
        let mut db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut db);
        if let Some(path) = &self.settings.state_file
            && let Err(error) = db.save(path)
        {
            log_save_error(path, &error);
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

    pub(crate) fn skip_consent(&self) -> bool {
        self.skip_consent.load(Ordering::SeqCst)
    }

    pub(crate) fn set_skip_consent(&self, skip: bool) {
        self.skip_consent.store(skip, Ordering::SeqCst);
    }

    pub(crate) fn large_file_bytes(&self) -> u64 {
        self.large_file_bytes.load(Ordering::SeqCst)
    }

    pub(crate) fn set_large_file_bytes(&self, bytes: u64) {
        self.large_file_bytes.store(bytes, Ordering::SeqCst);
    }

    /// Advances the clock, and saves its offset.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.update(|db| db.clock_offset_ms = self.clock.offset_ms());
    }

    /// Restores the initial state and settings. API clients are kept.
    pub(crate) fn reset(&self) {
        self.clock.reset();
        self.fault_plans.clear();
        self.rate_limiter.reset();
        self.request_log.clear();
        self.sessions.clear();
        self.set_generation(self.settings.generation);
        self.set_skip_consent(self.settings.skip_consent_when_connected);
        self.set_large_file_bytes(self.settings.large_file_bytes);
        self.update(|db| {
            let clients = std::mem::take(&mut db.clients);
            *db = Database {
                clients,
                ..Database::with_demo_data(Vec::new())
            };
            self.resources.reset(&db.memberships);
        });
    }
}

/// Reports on standard error that the state file could not be written. The service continues.
fn log_save_error(path: &Path, error: &std::io::Error) {
    // A closed standard error leaves no other place to report to.
    let _ = writeln!(
        std::io::stderr(),
        "state file: save failed path={} error={error}",
        path.display()
    );
}
