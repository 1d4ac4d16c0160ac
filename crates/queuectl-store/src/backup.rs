//! Where a backup goes, and how far it has come.

use std::path::Path;

/// Where a backup goes.
#[derive(Debug, Clone, Copy)]
pub struct BackupTo<'a> {
    /// The file that it will be.
    pub path: &'a Path,
    /// Whether a file that is there already is replaced.
    pub replace: bool,
}

/// How far a backup has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes are copied.
    pub done: u64,
    /// How many there are to copy.
    pub total: u64,
}
