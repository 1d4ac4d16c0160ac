//! The bell: a wake-up between processes on a file beside the database.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use queuectl_process::os::{self, Wake};

use crate::Bell;

/// A handle on the bell.
pub(super) struct WakeBell {
    wake: Arc<Wake>,
    path: PathBuf,
}

impl WakeBell {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let wake = Arc::new(Wake::open(&path)?);
        Ok(Self { wake, path })
    }
}

impl Bell for WakeBell {
    fn wait(&mut self) -> io::Result<()> {
        self.wake.wait()
    }

    fn ring(&self) {
        ring(&self.path);
    }

    fn another(&self) -> io::Result<Box<dyn Bell>> {
        Ok(Box::new(Self {
            wake: Arc::clone(&self.wake),
            path: self.path.clone(),
        }))
    }

    /// Nobody is on a list: a ring is heard by whoever waits.
    fn retire(&self) {}

    /// A ring has reached all when it is rung.
    fn close(&self) {}
}

/// Rings the bell at `path`. Who can't be woken looks by himself after a while.
pub(super) fn ring(path: &Path) {
    let _ = os::wake(path);
}
