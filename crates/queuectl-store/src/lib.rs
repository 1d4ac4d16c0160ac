//! The store: everything the queue remembers.
//!
//! [`Store`] says what a store can do; [`sqlite`](self) keeps it in one file.
//! A store loads rows, lets the lifecycle decide, and saves: no SQL decides a
//! state. Nothing of a driver is seen from outside.

mod backup;
mod check;
mod clock;
mod error;
mod legacy;
mod location;
mod nothing;
mod postgres;
mod records;
mod sqlite;
mod store;
mod turn;
mod workers;

pub use backup::{BackupTo, Interrupted, Progress};
pub use check::{Check, Checked, Finding};
pub use clock::{Clock, SystemClock};
pub use error::{ErrorKind, ServerTrouble, StoreError};
pub use legacy::{Legacy, LegacyError, LegacyJob, Untaken};
pub use location::Location;
pub use postgres::Target;
pub use store::{Batch, Bell, Clear, Counts, Existing, Page, Query, Selection, Store};
pub use turn::{Claimed, Printed, Reply, Settled, Ticket, Turn};
pub use workers::{GivenBack, StartTrouble, StopMode, StoreFile, Worker, WorkerInfo};

use std::sync::Arc;
use std::time::Duration;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// What the time is. (A store on a server goes by the server's clock.)
    pub clock: Arc<dyn Clock>,
    /// How long to wait for others that write, before giving up with
    /// [`StoreError::Locked`].
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            patience: Duration::from_secs(5),
        }
    }
}

/// What to do if the store to open doesn't exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Create it.
    Made,
    /// Fail, and create nothing.
    Refused,
}

/// Opens the store at `location`; makes it if there is none, and brings an older
/// one up to date.
///
/// # Errors
///
/// Says what is wrong with the place if it can't be opened.
pub fn open(location: &Location, options: &Options) -> Result<Box<dyn Store>, StoreError> {
    open_or(Missing::Made, location, options)
}

/// Opens an existing store at `location`, and brings an older one up to date. Creates none.
///
/// # Errors
///
/// Fails with [`StoreError::Missing`] if there is none, or says what is wrong with the place if it can't be opened.
pub fn open_existing(location: &Location, options: &Options) -> Result<Box<dyn Store>, StoreError> {
    open_or(Missing::Refused, location, options)
}

fn open_or(
    missing: Missing,
    location: &Location,
    options: &Options,
) -> Result<Box<dyn Store>, StoreError> {
    Ok(match location {
        Location::Sqlite(path) => Box::new(sqlite::SqliteStore::open(path, missing, options)?),
        Location::Postgres(target) => {
            Box::new(postgres::PostgresStore::open(target, missing, options)?)
        }
    })
}

/// Returns a stand-in for the missing store at `location`. It answers like an empty store, and creates nothing.
pub fn nothing(location: &Location) -> Box<dyn Store> {
    Box::new(nothing::Nothing {
        location: location.to_string(),
    })
}
