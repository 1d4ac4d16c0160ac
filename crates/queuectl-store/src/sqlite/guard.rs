//! Refuses a place where a store would be in danger, before anything is read from it: another user who can write to
//! a store can run commands as the user of its workers.

use std::path::{Path, PathBuf};

use queuectl_process::{OtherPath, Others, Owner, os};

use super::SIDE_FILES;
use super::session::beside;
use crate::StoreError;

/// Refuses the place of a store if locks don't hold there, if other users own it or may write to it, or if its file has a second path.
///
/// A place that can't be checked passes: opening the store tells what is wrong.
pub(super) fn admit(path: &Path) -> Result<(), StoreError> {
    // Links are followed, as SQLite does.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Some(there) = real.ancestors().find(|place| place.exists())
        && let Ok(Some(kind)) = os::network_file_system(there)
    {
        return Err(StoreError::Network {
            location: path.display().to_string(),
            kind,
        });
    }
    let folder = real.parent().map(Path::to_owned);
    folder
        .into_iter()
        .chain(files(&real))
        .try_for_each(in_hand)?;
    has_one_path(real)
}

/// Refuses a file that can be opened by a second path. SQLite's log and our lock lie beside the path by which the file is opened, so
/// processes with different paths would write to different logs, and lose what the others wrote.
fn has_one_path(path: PathBuf) -> Result<(), StoreError> {
    match os::other_path(&path) {
        Ok(Some(OtherPath::HardLink)) => Err(StoreError::Linked { path }),
        Ok(Some(OtherPath::Mount)) => Err(StoreError::Mounted { path }),
        Ok(None) | Err(_) => Ok(()),
    }
}

/// The file of the store at `path` and those beside it, whether they are there or not.
pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    let sides = SIDE_FILES.iter().map(|suffix| beside(path, suffix));
    std::iter::once(path.to_owned()).chain(sides).collect()
}

fn in_hand(path: PathBuf) -> Result<(), StoreError> {
    let Ok(access) = os::access(&path) else {
        return Ok(());
    };
    match access.owner {
        Owner::Another(user) => Err(StoreError::Foreign { path, user }),
        Owner::Me | Owner::Root if access.others == Others::Everything => {
            Err(StoreError::Exposed { path })
        }
        Owner::Me | Owner::Root => Ok(()),
    }
}
