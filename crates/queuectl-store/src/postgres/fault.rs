//! What went wrong inside, what can be tried again, and what is said of it outside.

use std::error::Error as _;
use std::io;

use queuectl_domain::InvalidValue;
use tokio_postgres::error::SqlState;

use super::trouble;
use crate::{ServerTrouble, StoreError};

/// An error on its way out of a transaction.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server's, or that of the connection to it.
    Sql(tokio_postgres::Error),
    /// It has taken the connection, and says nothing.
    Silence,
    /// One that is said already.
    Said(StoreError),
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// What `queuectl.expect` says when somebody came in between.
const CAME_BETWEEN: &str = "QC001";

/// What the server says when it ends a session since its transaction stood still, or lasted, for too long.
const ENDED_BY_TIMEOUT: [&str; 2] = ["25P03", "25P04"];

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
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

impl Fault {
    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Sql(error) => error.code(),
            Self::Silence | Self::Said(_) => None,
        }
    }

    /// Whether the connection is of no use any more: it broke, the server ends it, or it isn't what it was.
    pub(super) fn is_loss(&self) -> bool {
        let Self::Sql(error) = self else {
            return false;
        };
        let Some(code) = error.code() else {
            // Not the server's words, so it is about the way to it, or about a value that doesn't fit.
            let is_io = error
                .source()
                .and_then(|source| source.downcast_ref::<io::Error>());
            return error.is_closed() || is_io.is_some();
        };
        let code_text = code.code();
        code_text.starts_with("08")
            || code_text.starts_with("57P")
            // The transaction stood still, or lasted, for longer than the session is given.
            || ENDED_BY_TIMEOUT.contains(&code_text)
            // It was the server that is written to, and isn't any more.
            || *code == SqlState::READ_ONLY_SQL_TRANSACTION
            // A statement that was prepared isn't any more, or the tables have changed.
            || *code == SqlState::INVALID_SQL_STATEMENT_NAME
            || *code == SqlState::FEATURE_NOT_SUPPORTED
    }

    /// Whether a COMMIT that ended like this may have been done all the same: not if the server has said something else than that it
    /// crashes. Who is told by it to go isn't told so in the middle of one, and what fails before one isn't committed by it.
    pub(super) fn leaves_doubt(&self) -> bool {
        let may_be_done =
            |code: &SqlState| code.code().starts_with("08") || *code == SqlState::CRASH_SHUTDOWN;
        self.is_loss() && self.code().is_none_or(may_be_done)
    }

    /// Whether the same may go well if it is tried again: others came in between, or took a name that was free.
    pub(super) fn is_collision(&self) -> bool {
        self.code().is_some_and(|code| {
            *code == SqlState::T_R_SERIALIZATION_FAILURE
                || *code == SqlState::T_R_DEADLOCK_DETECTED
                // A statement or a lock took longer than the session is given, or was cancelled by hand.
                || *code == SqlState::QUERY_CANCELED
                || *code == SqlState::LOCK_NOT_AVAILABLE
                || *code == SqlState::UNIQUE_VIOLATION
                || code.code() == CAME_BETWEEN
        })
    }

    /// What is said of it.
    pub(super) fn said(self, location: &str) -> StoreError {
        match self {
            Self::Said(error) => error,
            Self::Sql(error) => say(&error, location),
            Self::Silence => StoreError::Server {
                location: location.to_owned(),
                reason: "the server does not answer".into(),
                trouble: ServerTrouble::Unreached,
            },
        }
    }
}

fn say(error: &tokio_postgres::Error, location: &str) -> StoreError {
    let reason = trouble::words(error);
    let server = |reason| StoreError::Server {
        location: location.to_owned(),
        reason,
        trouble: trouble::kind(error),
    };
    let Some(code) = error.code() else {
        let source = error.source();
        let is_io = source.is_some_and(|source| source.is::<io::Error>());
        return if is_io || error.is_closed() {
            server(reason)
        } else {
            StoreError::Internal(format!("{error}: {reason}"))
        };
    };
    match *code {
        SqlState::DISK_FULL => StoreError::Full,
        SqlState::LOCK_NOT_AVAILABLE => StoreError::Locked,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Corrupt(reason),
        SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME => {
            StoreError::NotAStore(location.to_owned())
        }
        SqlState::INSUFFICIENT_PRIVILEGE | SqlState::READ_ONLY_SQL_TRANSACTION => server(reason),
        _ if ENDED_BY_TIMEOUT.contains(&code.code()) => server(reason),
        _ => match code.code().get(..2) {
            Some("08" | "28" | "3D" | "40" | "53" | "57" | "58" | "QC") => server(reason),
            _ => StoreError::Internal(reason),
        },
    }
}
