//! The files by which others know a worker: its life file, and the file of its store. Both may be deleted, moved or replaced
//! while it holds them open, and it would work on unseen.

use std::path::PathBuf;

use queuectl_process::os;
use queuectl_store::StoreFile;

use crate::life::Life;

/// Where the files of a worker were when it began.
pub(crate) struct Premises(Vec<StoreFile>);

impl Premises {
    /// Those of a worker with this hold on its life file, and with a store in this file; none if that is on a server.
    pub(crate) fn new(life: &Life, store: Option<&StoreFile>) -> Self {
        let life = StoreFile {
            path: life.path().to_owned(),
            identity: life.identity(),
        };
        Self(std::iter::once(life).chain(store.cloned()).collect())
    }

    /// Where one of the files isn't any more: there is none, or another one. One that can't be looked at is taken to be there.
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
