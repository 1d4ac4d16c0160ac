//! What went wrong inside, and what is said of it outside: SQLite's codes in plain words.

use std::io;

use queuectl_domain::InvalidValue;
use rusqlite::{Connection, ErrorCode, ffi};

use crate::StoreError;

/// An error on its way out of a transaction.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite's.
    Sql(rusqlite::Error),
    /// One that is said already.
    Said(StoreError),
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Said(error)
    }
}

impl From<InvalidValue> for Fault {
    fn from(error: InvalidValue) -> Self {
        Self::Said(error.into())
    }
}

/// The file holds something that can't be.
pub(super) fn damaged(what: String) -> Fault {
    Fault::Said(StoreError::Corrupt(what))
}

impl Fault {
    /// What is said of it. `conn` is where it happened; it knows the system's own reason.
    pub(super) fn said(self, conn: &Connection, location: &str) -> StoreError {
        match self {
            Self::Said(error) => error,
            Self::Sql(error) => say(&error, system_reason(conn), location),
        }
    }
}

/// Says an error of SQLite's in plain words.
pub(super) fn say(
    error: &rusqlite::Error,
    reason: Option<io::Error>,
    location: &str,
) -> StoreError {
    use rusqlite::Error as E;
    let text = error.to_string();
    let failure = match error {
        E::SqliteFailure(failure, _) => failure,
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..) => {
            return StoreError::Corrupt(text);
        }
        _ => return StoreError::Internal(text),
    };
    let in_systems_words = || {
        reason
            .as_ref()
            .map_or_else(|| text.clone(), io::Error::to_string)
    };
    match failure.code {
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen if is_full(reason.as_ref()) => {
            StoreError::Full
        }
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen if is_too_large(reason.as_ref()) => {
            StoreError::TooLarge
        }
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => StoreError::Locked,
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly(text),
        ErrorCode::NotADatabase => StoreError::NotAStore(location.to_owned()),
        ErrorCode::DatabaseCorrupt => StoreError::Corrupt(text),
        ErrorCode::CannotOpen => StoreError::Open {
            location: location.to_owned(),
            reason: in_systems_words(),
        },
        ErrorCode::SystemIoFailure => StoreError::Io(in_systems_words()),
        _ => StoreError::Internal(text),
    }
}

/// Says an error of the file system's about the store or a file beside it.
pub(super) fn say_io(error: &io::Error, location: &str) -> StoreError {
    if is_full(Some(error)) {
        return StoreError::Full;
    }
    if is_too_large(Some(error)) {
        return StoreError::TooLarge;
    }
    StoreError::Open {
        location: location.to_owned(),
        reason: error.to_string(),
    }
}

/// Says an error of the file system's about a file that is open.
pub(super) fn failed(error: io::Error) -> StoreError {
    if is_full(Some(&error)) {
        StoreError::Full
    } else if is_too_large(Some(&error)) {
        StoreError::TooLarge
    } else {
        StoreError::Io(error.to_string())
    }
}

/// Some calls of SQLite's don't tell a full disk from a broken one; the system does.
pub(super) fn is_full(reason: Option<&io::Error>) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    reason.is_some_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

/// Returns true if a write failed because the file would have become too large.
pub(super) fn is_too_large(reason: Option<&io::Error>) -> bool {
    reason.is_some_and(|error| error.kind() == io::ErrorKind::FileTooLarge)
}

fn system_reason(conn: &Connection) -> Option<io::Error> {
    // SAFETY: the handle is that of an open connection, which this thread has to itself.
    let code = unsafe { ffi::sqlite3_system_errno(conn.handle()) };
    (code != 0).then(|| io::Error::from_raw_os_error(code))
}
