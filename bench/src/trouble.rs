//! Why something can't be measured.

use std::process::{Command, ExitStatus};

use queuectl_store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("can't {what}: {source}")]
    Io {
        what: &'static str,
        source: std::io::Error,
    },
    #[error("`{command}` failed ({status})")]
    Failed { command: String, status: ExitStatus },
    #[error(transparent)]
    Cluster(#[from] queuectl_cluster::Trouble),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Wrong(String),
}

pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Trouble {
    move |source| Trouble::Io { what, source }
}

/// An error unless the program ended with success.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> Result<(), Trouble> {
    if status.success() {
        return Ok(());
    }
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    Err(Trouble::Failed {
        command: words.join(" "),
        status,
    })
}
