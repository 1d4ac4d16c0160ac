//! Why the storm can't go on. A promise that is broken is no trouble, but a finding.

use std::io;

use queuectl_store::StoreError;

/// Why the storm can't go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("can't {what}: {source}")]
    Io {
        what: &'static str,
        source: io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Wrong(String),
}

/// Says what was tried when the system refused.
pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Trouble {
    move |source| Trouble::Io { what, source }
}
