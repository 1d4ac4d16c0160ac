//! Why there is no cluster.

use std::io;
use std::path::PathBuf;

use crate::programs::OLDEST;

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nothing was found that could make one.
    #[error(
        "PostgreSQL {OLDEST} or newer isn't installed; `cargo xtask test` installs it, or says how that is done"
    )]
    NotInstalled,
    /// There is no pooler.
    #[error("PgBouncer isn't installed; `cargo xtask test` installs it, or says how that is done")]
    NoPooler,
    /// A file or folder can't be used.
    #[error("can't {what} `{}`: {source}", .path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program isn't there, or can't be run.
    #[error("can't run `{program}`: {source}")]
    Run {
        /// Which one.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// One of PostgreSQL's programs ended with anything but success.
    #[error("`{program}` failed:\n{said}")]
    Failed {
        /// Which one.
        program: String,
        /// What it said, and the server's log if that was about the server.
        said: String,
    },
}
