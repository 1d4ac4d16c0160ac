//! The files by which other processes know a worker: its life file, and the file of its store. If one is deleted, moved or replaced
//! while the worker holds it open, the worker would work on unseen.

use std::path::PathBuf;

use queuectl_process::os;
use queuectl_store::StoreFile;

use crate::life::Life;

/// The files of a worker, as they were when it began.
pub(crate) struct Premises(Vec<StoreFile>);

impl Premises {
    /// The files of the worker that holds `life`. `store` is none if the store is on a server.
    pub(crate) fn new(life: &Life, store: Option<&StoreFile>) -> Self {
        let life = StoreFile {
            path: life.path().to_owned(),
            identity: life.identity(),
        };
        Self(std::iter::once(life).chain(store.cloned()).collect())
    }

    /// The path of a file that is gone or was replaced. None if all are in place; a file that can't be checked counts as in place.
    pub(crate) fn missing(&self) -> Option<PathBuf> {
        let is_missing = |file: &&StoreFile| match os::file_identity(&file.path) {
            Ok(found) => found != file.identity,
            Err(error) => matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ),
        };
        self.0.iter().find(is_missing).map(|file| file.path.clone())
    }
}
