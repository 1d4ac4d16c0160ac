//! The scene of the SQLite store: a file in a folder of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use queuectl_domain::Timestamp;
use queuectl_store::{Clock, Location, Options, Store};

use crate::scene::{Damage, Scene};

pub(crate) struct SqliteScene {
    folder: tempfile::TempDir,
    clock: Arc<HandClock>,
}

impl Scene for SqliteScene {
    const LEASES: bool = false;

    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(HandClock(AtomicI64::new(1_700_000_000_000_000))),
        }
    }

    fn open(&self) -> Box<dyn Store> {
        self.open_at(&self.folder.path().join("queue.db"))
    }

    fn restore(&self, backup: &Path) -> Box<dyn Store> {
        let place = self.folder.path().join("restored.db");
        std::fs::copy(backup, &place).unwrap();
        self.open_at(&place)
    }

    fn damage(&self, damage: Damage) {
        let file = rusqlite::Connection::open(self.folder.path().join("queue.db")).unwrap();
        file.execute_batch(match damage {
            Damage::Miscounted => "UPDATE counters SET pending = pending + 7",
            Damage::JobNumbersInUse => "UPDATE counters SET last_job = 0",
            Damage::FencesInUse => "UPDATE counters SET last_fence = 0",
            Damage::Ownerless => "DELETE FROM workers",
            Damage::Leftovers => {
                "INSERT INTO attempts VALUES (99, 99, 1, 'w', 0, 0, 0, 0, NULL, NULL, 0);
                 INSERT INTO output VALUES (99, 0, 1, x'00');
                 INSERT INTO commands VALUES (99, 'true', NULL, NULL, x'2f');
                 UPDATE counters SET last_fence = 99"
            }
            Damage::CommandLost => "DELETE FROM commands WHERE seq = (SELECT max(seq) FROM jobs)",
        })
        .unwrap();
    }

    fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }

    fn set(&self, now: Timestamp) {
        self.clock.0.store(now.0, Ordering::SeqCst);
    }
}

impl SqliteScene {
    fn open_at(&self, path: &Path) -> Box<dyn Store> {
        let location = Location::Sqlite(path.to_owned());
        let options = Options {
            clock: self.clock.clone(),
            patience: Duration::from_secs(30),
        };
        queuectl_store::open(&location, &options).unwrap()
    }
}

/// A clock that is moved by hand.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
