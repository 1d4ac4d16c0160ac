//! Where programs keep what a user has set for them.

use std::path::PathBuf;

/// Where programs keep what a user has set for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserSettings {
    /// In files and folders of the home folder, whose names begin with a dot.
    Home(PathBuf),
    /// In a folder for each program, in this one.
    Roaming(PathBuf),
}
