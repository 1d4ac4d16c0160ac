//! Why a database can't be read, in plain words.

use std::io;

use rusqlite::ErrorCode;

use crate::ErrorKind;

/// Why the database of the Python program can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LegacyError {
    /// The file can't be opened.
    #[error("{0}")]
    Open(io::Error),
    /// It is something else.
    #[error("it is no database of the Python program: {0}")]
    Other(String),
    /// It is a store of this program.
    #[error("it is no database of the Python program, but a store of this one")]
    Ours,
    /// Another program has it for itself.
    #[error("it is locked by another program")]
    Locked,
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// SQLite failed in another way.
    #[error("{0}")]
    Failed(String),
}

impl LegacyError {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open(_) | Self::Other(_) | Self::Ours => ErrorKind::Usage,
            Self::Locked | Self::Failed(_) => ErrorKind::Unavailable,
            Self::Damaged(_) => ErrorKind::Corrupt,
        }
    }
}

impl From<rusqlite::Error> for LegacyError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Other("it is no SQLite database".into()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(text),
            _ => Self::Failed(text),
        }
    }
}
