//! Where a backup goes, how far it has come, and whether it is still wanted.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a backup goes.
#[derive(Debug, Clone)]
pub struct BackupTo<'a> {
    /// The file that it will be.
    pub path: &'a Path,
    /// Whether a file that is there already is replaced.
    pub replace: bool,
    /// Whether somebody has called it off meanwhile.
    pub interrupted: Interrupted,
}

/// Whether something that takes a while was called off; asked again and again while it goes on, on any thread.
#[derive(Clone)]
pub struct Interrupted(Arc<dyn Fn() -> bool + Send + Sync>);

impl Interrupted {
    /// It is called off as soon as `asked` says so.
    pub fn when(asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(asked))
    }

    /// It goes on to its end.
    pub fn never() -> Self {
        Self::when(|| false)
    }

    /// Whether it was called off.
    pub fn is_asked(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interrupted({})", self.is_asked())
    }
}

/// How far a backup has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes are copied.
    pub done: u64,
    /// How many there are to copy.
    pub total: u64,
}
