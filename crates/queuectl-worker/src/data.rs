//! The data folder: which file is where.

use std::io;
use std::path::{Path, PathBuf};

use queuectl_domain::WorkerId;
use queuectl_process::{Others, Owner, os};

/// The folder that holds what belongs to this machine: workers' locks, logs and lists.
#[derive(Debug, Clone)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at `path`, made for the owner alone if it isn't there.
    ///
    /// # Errors
    ///
    /// Refuses one that is in the hands of others: what lies in it decides which processes are ended.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        os::private_dir(&path.join("workers"))?;
        Self::open(path)
    }

    /// The folder at `path`. A missing folder isn't made, and counts as empty.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let real = match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(path)),
            real => real?,
        };
        let access = os::access(&real)?;
        let refused = |why: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        match access.owner {
            Owner::Another(user) => refused(format!("it belongs to user {user}")),
            _ if access.others == Others::Everything => {
                refused("everybody may change it".to_owned())
            }
            _ => Ok(Self(path)),
        }
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
