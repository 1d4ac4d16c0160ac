//! Where a store is.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::postgres::{rooted_url, rooted_variables};
use crate::{StoreError, Target, sqlite};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A schema of a database on a PostgreSQL server.
    Postgres(Box<Target>),
}

impl Location {
    /// Reads what a user gave: a path, `sqlite:PATH`, or the URL of a server. What such a URL leaves open
    /// is asked of `variable`, the environment.
    ///
    /// # Errors
    ///
    /// What looks like the URL of a server that this program can't talk to is refused,
    /// so that it doesn't become a file of that name.
    pub fn parse(
        text: &OsStr,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, StoreError> {
        let Some(known) = text.to_str() else {
            return Ok(Self::Sqlite(PathBuf::from(text)));
        };
        let path = known.strip_prefix("sqlite:").unwrap_or(known);
        if path.is_empty() {
            return Err(StoreError::BadLocation("the path is empty".into()));
        }
        let before = path.split_once("://").map(|(scheme, _)| scheme);
        // A path may have `://` in the name of one of its folders.
        if let Some(scheme) = before.filter(|scheme| !scheme.contains(['/', '\\'])) {
            if ["postgres", "postgresql"].contains(&scheme) {
                return Ok(Self::Postgres(Box::new(Target::parse(path, variable)?)));
            }
            return Err(StoreError::BadLocation(format!(
                "`{scheme}://` isn't a kind of store that this version knows"
            )));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl Location {
    /// Returns the URL of a server, and those of its variables that change, with absolute paths: so they
    /// mean the same to a process in another folder. Relative paths count from `folder`.
    pub fn hand_on_server(
        url: &OsStr,
        variable: &dyn Fn(&str) -> Option<OsString>,
        folder: &Path,
    ) -> (OsString, Vec<(&'static str, OsString)>) {
        let rooted = url.to_str().map(|url| rooted_url(url, folder));
        (
            rooted.map_or_else(|| url.to_owned(), OsString::from),
            rooted_variables(variable, folder),
        )
    }

    /// Whether there is something at it. Of a server only who asks it knows, so that counts as there.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }

    /// The files of the store on this machine, as far as they are there: of one on a server those that open the way to
    /// it, which nobody else may have.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Sqlite(path) => {
                let real = path.canonicalize().unwrap_or_else(|_| path.clone());
                let mut files = sqlite::files(&real);
                files.retain(|file| file.exists());
                files
            }
            Self::Postgres(target) => target.secret_files(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_whatever_its_folders_are_called() {
        let parse = |text: &str| Location::parse(text.as_ref(), &|_| None);
        for path in ["/srv/x://y.db", "a/b://c", "./postgres://x", r"C:\x://y"] {
            assert_eq!(parse(path).unwrap(), Location::Sqlite(path.into()));
        }
        assert!(matches!(
            parse("mysql://h/d").unwrap_err(),
            StoreError::BadLocation(_)
        ));
        assert!(matches!(
            parse("postgres://h/d").unwrap(),
            Location::Postgres(_)
        ));
    }
}
