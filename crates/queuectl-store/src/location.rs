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
    /// Refuses what looks like a URL that this program can't use, or like a name by which SQLite means no file (`:memory:`), so that no
    /// file of such a name is created.
    pub fn parse(
        text: &OsStr,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, StoreError> {
        let Some(known) = text.to_str() else {
            return Ok(Self::Sqlite(PathBuf::from(text)));
        };
        if known.starts_with("postgres://") || known.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(Target::parse(known, variable)?)));
        }
        let path = known.strip_prefix("sqlite:").unwrap_or(known);
        match no_path(path, path.len() < known.len()) {
            Some(why) => Err(StoreError::BadLocation(why)),
            None => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

/// Schemes that never begin the name of a file, whatever follows their colon.
const SCHEMES: [&str; 12] = [
    "amqp",
    "file",
    "http",
    "https",
    "jdbc",
    "mariadb",
    "mongodb",
    "mysql",
    "postgres",
    "postgresql",
    "redis",
    "sqlite",
];

/// Why a text can't be the path of a file; none if it can.
fn no_path(text: &str, follows_prefix: bool) -> Option<String> {
    if text.is_empty() {
        return Some("the path is empty".into());
    }
    if text == ":memory:" || text.starts_with(":memory:?") {
        return Some(
            "a store in memory would end with each command; name a file, which all commands share"
                .into(),
        );
    }
    if follows_prefix && text.starts_with("//") {
        return Some("after `sqlite:` comes the path itself, as in `sqlite:jobs.db` or `sqlite:/srv/jobs.db`".into());
    }
    let (scheme, rest) = text.split_once(':')?;
    // One letter is a drive of Windows. After a folder, as in `./http:/x`, any name is allowed.
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let small = scheme.to_ascii_lowercase();
    if !is_scheme || !(rest.starts_with('/') || SCHEMES.contains(&&*small)) {
        return None;
    }
    Some(match &*small {
        "postgres" | "postgresql" => format!("the URL of a server begins with `{small}://`"),
        "file" | "sqlite" => {
            format!("`{scheme}:` can't stand before a path here; give the path alone")
        }
        _ => {
            let slashes = if rest.starts_with("//") { "//" } else { "" };
            format!("`{scheme}:{slashes}` isn't a kind of store that this version knows")
        }
    })
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

    /// The files of the store that exist on this machine. For a store on a server those are the secret files for the connection, which
    /// no other user may read.
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
        for path in [
            "/srv/x://y.db",
            "a/b://c",
            "./postgres://x",
            "./http:/x",
            "./:memory:",
            r"C:\x://y",
            "c:/jobs.db",
            "c:jobs.db",
            "jobs:2026.db",
            "a b:/c",
            "memory",
        ] {
            assert_eq!(parse(path).unwrap(), Location::Sqlite(path.into()));
        }
        assert_eq!(
            parse("sqlite:/a:/b").unwrap(),
            Location::Sqlite("/a:/b".into())
        );
        assert!(matches!(
            parse("postgres://h/d").unwrap(),
            Location::Postgres(_)
        ));
    }

    #[test]
    fn what_is_meant_for_no_file_becomes_none() {
        let refused = |text: &str| match Location::parse(text.as_ref(), &|_| None) {
            Err(StoreError::BadLocation(why)) => why,
            other => panic!("{text}: {other:?}"),
        };
        for memory in [":memory:", "sqlite::memory:", ":memory:?cache=shared"] {
            assert!(refused(memory).contains("in memory"), "{memory}");
        }
        for of_sqlite in ["sqlite://z", "sqlite:///srv/z"] {
            assert!(
                refused(of_sqlite).contains("`sqlite:/srv/jobs.db`"),
                "{of_sqlite}"
            );
        }
        for uri in [
            "file:x?mode=memory",
            "file:/x",
            "FILE:x",
            "SQLite:x",
            "sqlite:file:x",
        ] {
            assert!(refused(uri).contains("give the path alone"), "{uri}");
        }
        for server in [
            "postgresql:h",
            "postgres:/h",
            "POSTGRES://h/d",
            "Postgresql:",
            "sqlite:postgres://h",
        ] {
            assert!(
                refused(server).contains("begins with `postgres"),
                "{server}"
            );
        }
        for other in [
            "mysql://h/d",
            "http:/x",
            "https:x",
            "nats:/h",
            "s3://bucket/jobs.db",
        ] {
            assert!(refused(other).contains("isn't a kind of store"), "{other}");
        }
    }
}
