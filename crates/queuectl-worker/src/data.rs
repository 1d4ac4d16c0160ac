//! The data folder: which file is where.

use std::io;
use std::path::{Path, PathBuf};

use queuectl_domain::WorkerId;
use queuectl_process::os;

/// The folder that holds what belongs to this machine: workers' locks, logs and lists.
#[derive(Debug, Clone)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at `path`, made for the owner alone if it isn't there.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        os::private_dir(&path.join("workers"))?;
        Ok(Self(path))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The list of background workers started on this machine.
    pub fn registry(&self) -> PathBuf {
        self.0.join("workers.json")
    }

    /// The folder of the workers' own files.
    pub fn workers(&self) -> PathBuf {
        self.0.join("workers")
    }

    /// Held locked by a worker for as long as it lives.
    pub fn life(&self, worker: &WorkerId) -> PathBuf {
        self.workers().join(format!("{worker}.lock"))
    }

    /// What a background worker has to say.
    pub fn log(&self, worker: &WorkerId) -> PathBuf {
        self.workers().join(format!("{worker}.log"))
    }
}
