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
    /// Whether the backup has been called off.
    pub interrupted: Interrupted,
}

/// Tells a long operation whether it has been called off. It is asked again and again, on any thread.
#[derive(Clone)]
pub struct Interrupted(Arc<dyn Fn() -> bool + Send + Sync>);

impl Interrupted {
    /// The operation is called off as soon as `asked` returns true.
    pub fn when(asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(asked))
    }

    /// The operation goes on to its end.
    pub fn never() -> Self {
        Self::when(|| false)
    }

    /// Returns true if the operation has been called off.
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
