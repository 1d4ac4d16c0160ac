//! Which workers live: every worker holds a file locked for its life.
//!
//! The system releases a lock when its holder ends, however it ends. So a process that can take the lock knows, at once and
//! without a clock, that the worker is dead; while it holds the lock, no other process rescues the same worker.
//!
//! A free lock is no proof by itself. Files are copied, replaced by those of an archive, and shared by containers that don't
//! see each other's processes. The roster beside the life file names both files, the worker, the store, and the boot and pid
//! namespace of its pids. A lock counts only if all of that agrees, and never against a process that is seen to live.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::WorkerId;
use queuectl_process::{Head, Machine, Mark, fingerprint, os, since_heartbeat};
use queuectl_store::{Worker, WorkerInfo};

use crate::remains::Remains;

/// Whether a worker lives, as far as this machine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It lives.
    Alive,
    /// It has died. Its jobs go back to the queue once what it left running has ended, or with its lease.
    Dead,
    /// It runs on another machine: its lease holds.
    Elsewhere,
    /// Nothing tells whether it lives, or whether anything of it runs: it has no lease, and ran where this process can't see, or it
    /// works for the store of which this one is a copy.
    OutOfSight,
    /// Its lease is over: wherever it is, its claims are void.
    Lapsed,
}

/// The name of this machine.
pub fn hostname() -> String {
    os::hostname()
}

/// Whether a worker lives.
pub fn liveness(info: &WorkerInfo) -> Liveness {
    match Remains::of(info) {
        Ok(_) => Liveness::Dead,
        Err(Liveness::Alive) if has_ended(info) => Liveness::Dead,
        Err(liveness) => liveness,
    }
}

/// Returns true if the process of a worker of this pid namespace has certainly ended. That doesn't tell what it has left running.
pub(crate) fn has_ended(info: &WorkerInfo) -> bool {
    let worker = &info.worker;
    let is_alive = || os::is_alive(worker.pid, worker.pid_started);
    Place::of(worker) == Place::Here && os::sees_all_processes() && !is_alive()
}

/// Returns true if a dead worker of this pid namespace is being rescued: another process holds its files.
pub(crate) fn is_being_rescued(info: &WorkerInfo) -> bool {
    is_held(&info.worker.life) && has_ended(info)
}

/// Returns true if the process of a worker runs in our pid namespace, and works for the store that knows the worker.
pub(crate) fn is_running_here(info: &WorkerInfo) -> bool {
    let worker = &info.worker;
    Place::of(worker) == Place::Here
        && os::is_alive(worker.pid, worker.pid_started)
        && !Papers::are_for_another_store(info)
}

/// A worker with an older heartbeat doesn't look after others. Several ticks long.
const STALE: Duration = Duration::from_millis(1500);

/// Returns true if a living worker of this machine looks after others: it isn't frozen, and its loop doesn't hang.
pub(crate) fn looks_after_others(worker: &Worker) -> bool {
    since_heartbeat(&Life::roster_of(&worker.life)).is_some_and(|since| since < STALE)
}

/// Returns true if some process holds the life file at `path` locked.
pub(crate) fn is_held(path: &Path) -> bool {
    let file = OpenOptions::new().write(true).open(path);
    file.is_ok_and(|file| file.try_lock().is_err())
}

/// The extension of the folder for the scripts of a worker's jobs.
pub(crate) const SCRATCH: &str = "scratch";

/// How long a worker waits for its own life file, which another process may lock to look at it. A worker of the same name would
/// hold it for longer.
const LOOKED_AT: Duration = Duration::from_secs(2);
/// How often it tries to lock it.
const TRY: Duration = Duration::from_millis(5);

/// A living worker's lock on its life file. Dropping it removes the worker's files.
pub(crate) struct Life {
    path: PathBuf,
    /// What tells the locked file from all others: its disk, and its number there.
    file: [u64; 2],
    locked: Option<File>,
}

impl Life {
    /// Creates the file at `path` and locks it; then creates the folder for scripts, which others thus see only beside a locked file.
    ///
    /// # Errors
    ///
    /// Fails if another worker holds the file.
    pub(crate) fn take(path: PathBuf) -> io::Result<Self> {
        let began = Instant::now();
        loop {
            let mut how = OpenOptions::new();
            let file = os::create_private(&path, how.write(true).create(true).truncate(false))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if began.elapsed() < LOOKED_AT => {
                    thread::sleep(TRY);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let taken = "a worker of this name holds it";
                    return Err(io::Error::new(ErrorKind::AlreadyExists, taken));
                }
            }
            // Before it was locked, a clean-up may have taken it for one that was left behind, and removed it.
            let held = os::open_file_identity(&file)?;
            if os::file_identity(&path).is_ok_and(|there| there == held) {
                os::private_dir(&Self::scratch_of(&path))?;
                return Ok(Self {
                    path,
                    file: held,
                    locked: Some(file),
                });
            }
        }
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What tells the file from all others: its disk, and its number there.
    pub(crate) fn identity(&self) -> [u64; 2] {
        self.file
    }

    /// Returns true if the file at its path is still the locked one.
    fn is_in_place(&self) -> bool {
        os::file_identity(&self.path).is_ok_and(|there| there == self.file)
    }

    /// The mark for the roster beside it: the worker, the file of its store, and this file.
    pub(crate) fn mark(&self, worker: &WorkerId, store: Option<[u64; 2]>) -> Mark {
        Papers {
            worker: fingerprint(worker.as_str()),
            store,
            life: self.file,
        }
        .mark()
    }

    /// The roster that lies beside the life file at `path`.
    pub(crate) fn roster_of(path: &Path) -> PathBuf {
        path.with_extension("pids")
    }

    /// The folder for the scripts of the worker's jobs, beside the life file at `path`.
    pub(crate) fn scratch_of(path: &Path) -> PathBuf {
        path.with_extension(SCRATCH)
    }

    /// Releases the lock as a crash would: the files stay, and others find that no process holds them.
    pub(crate) fn leave(mut self) {
        self.locked = None;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // Files that have taken the place of its own stay.
        if self.locked.is_some() && self.is_in_place() {
            remove_files(&self.path);
        }
    }
}

/// What the mark of a roster says of itself and of the life file beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Papers {
    /// The fingerprint of the worker's name.
    pub(crate) worker: u64,
    /// The file of its store, by disk and number; none if the store is on a server.
    pub(crate) store: Option<[u64; 2]>,
    /// The life file, by disk and number.
    pub(crate) life: [u64; 2],
}

impl Papers {
    fn mark(self) -> Mark {
        let [disk, number] = self.store.unwrap_or_default();
        [self.worker, disk, number, self.life[0], self.life[1]]
    }

    pub(crate) fn of(head: &Head) -> Self {
        let [worker, disk, number, life @ ..] = head.mark();
        Self {
            worker,
            store: Some([disk, number]).filter(|store| *store != [0, 0]),
            life,
        }
    }

    /// Returns true if a worker's own files name another store than the one that knows the worker: then that one is a copy.
    pub(crate) fn are_for_another_store(info: &WorkerInfo) -> bool {
        let head = Head::read(&Life::roster_of(&info.worker.life));
        head.filter(Head::is_original).is_some_and(|head| {
            let papers = Self::of(&head);
            papers.worker == fingerprint(info.worker.id.as_str()) && papers.store != info.store
        })
    }
}

/// Where a worker is, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On this machine.
    Here,
    /// On this machine, before it was restarted.
    BeforeARestart,
    /// Where its pid means nothing here: on another machine, or in another container of this one.
    Elsewhere,
}

impl Place {
    pub(crate) fn of(worker: &Worker) -> Self {
        let same_name = worker.host == hostname();
        let this = Machine::this();
        match Machine::parse(&worker.machine) {
            Some(machine) if machine.shares_pids(this) => Self::Here,
            Some(machine) if same_name && !machine.is_same_boot(this) => Self::BeforeARestart,
            _ => Self::Elsewhere,
        }
    }
}

pub(crate) fn remove_files(life: &Path) {
    // What can't be removed does no harm: a free lock, a list of processes that have ended, and scripts that no job runs.
    let _ = std::fs::remove_file(Life::roster_of(life));
    let _ = std::fs::remove_dir_all(Life::scratch_of(life));
    let _ = std::fs::remove_file(life);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_another_worker_holds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.lock");
        let life = Life::take(path.clone()).unwrap();
        let twin = Life::take(path.clone()).map(|_| ()).unwrap_err();
        assert_eq!(twin.kind(), ErrorKind::AlreadyExists);
        drop(life);
        assert!(!path.exists());
    }

    #[test]
    fn what_has_taken_the_place_of_a_file_is_left_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.lock");
        let life = Life::take(path.clone()).unwrap();
        std::fs::rename(&path, folder.path().join("moved")).unwrap();
        std::fs::write(&path, "").unwrap();
        drop(life);
        assert!(path.exists());
    }
}
