//! The scene of the SQLite store: a file in a folder of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use queuectl_domain::Timestamp;
use queuectl_store::{Clock, Location, Options, Store};

use crate::scene::Scene;

pub(crate) struct SqliteScene {
    folder: tempfile::TempDir,
    clock: Arc<HandClock>,
}

impl Scene for SqliteScene {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(HandClock(AtomicI64::new(1_700_000_000_000_000))),
        }
    }

    fn open(&self) -> Box<dyn Store> {
        let location = Location::Sqlite(self.folder.path().join("queue.db"));
        let options = Options {
            clock: self.clock.clone(),
            patience: Duration::from_secs(30),
        };
        queuectl_store::open(&location, &options).unwrap()
    }

    fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }
}

/// A clock that is moved by hand.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
