//! Where a store is.

use std::fmt;
use std::path::PathBuf;

use crate::{StoreError, Target, sqlite};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A schema of a PostgreSQL database.
    Postgres(Target),
}

impl Location {
    /// Reads what a user gave: a path, `sqlite:PATH`, or the URL of a server.
    ///
    /// # Errors
    ///
    /// What looks like the URL of a server that this program can't talk to is refused,
    /// so that it doesn't become a file of that name.
    pub fn parse(text: &std::ffi::OsStr) -> Result<Self, StoreError> {
        let Some(known) = text.to_str() else {
            return Ok(Self::Sqlite(PathBuf::from(text)));
        };
        let path = known.strip_prefix("sqlite:").unwrap_or(known);
        if path.is_empty() {
            return Err(StoreError::BadLocation("the path is empty".into()));
        }
        if let Some((scheme, _)) = path.split_once("://") {
            if matches!(scheme, "postgres" | "postgresql") {
                return Ok(Self::Postgres(Target::parse(known, &|_| None)?));
            }
            return Err(StoreError::BadLocation(format!(
                "`{scheme}://` isn't a kind of store that this version knows"
            )));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl Location {
    /// Whether there is something at it.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }

    /// The files of the store on this machine, as far as they are there.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Sqlite(path) => {
                let real = path.canonicalize().unwrap_or_else(|_| path.clone());
                let mut files = sqlite::files(&real);
                files.retain(|file| file.exists());
                files
            }
            Self::Postgres(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Location {
    /// The location as it may be shown: never with a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(target) => target.fmt(f),
        }
    }
}
