//! Who lives: every worker holds a file locked for its life.
//!
//! The system lets go of a lock when its holder ends, however it ends. So who
//! can take the lock knows, at once and without a clock, that the worker is
//! dead; and keeps others from thinking that they should rescue it meanwhile.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use queuectl_process::{Machine, os, since_heartbeat};
use queuectl_store::{Worker, WorkerInfo};

/// Whether a worker lives, as far as this machine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It lives.
    Alive,
    /// It has died.
    Dead,
    /// It runs on another machine, or did when it was last heard of.
    Elsewhere,
    /// Its lease is over: wherever it is, what it held is no longer its own.
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
        Err(liveness) => liveness,
    }
}

/// Whether the process of a worker runs on this machine.
pub(crate) fn is_running_here(worker: &Worker) -> bool {
    Place::of(worker) == Place::Here && os::is_alive(worker.pid, worker.pid_started)
}

/// A worker with an older heartbeat doesn't look after others. This is several ticks.
const STALE: Duration = Duration::from_millis(1500);

/// Returns true if a living worker of this machine looks after others: it isn't frozen, and its loop doesn't hang.
pub(crate) fn looks_after_others(worker: &Worker) -> bool {
    since_heartbeat(&Life::roster_of(&worker.life)).is_some_and(|since| since < STALE)
}

/// The extension of the folder for the scripts of a worker's jobs.
pub(crate) const SCRATCH: &str = "scratch";

/// A living worker's hold on its file. When it is dropped, nothing is left to be found.
pub(crate) struct Life {
    path: PathBuf,
    locked: Option<File>,
}

impl Life {
    /// Creates and locks the file at `path`, then creates the folder for scripts: without a locked file beside it, it would look
    /// like a dead worker's.
    pub(crate) fn take(path: PathBuf) -> io::Result<Self> {
        loop {
            let mut how = OpenOptions::new();
            let file = os::create_private(&path, how.write(true).create(true).truncate(false))?;
            file.lock()?;
            // Who cleans up may have taken it for one that was left behind, before it was locked.
            if path.try_exists()? {
                os::private_dir(&Self::scratch_of(&path))?;
                return Ok(Self {
                    path,
                    locked: Some(file),
                });
            }
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The roster that lies beside the life file at `path`.
    pub(crate) fn roster_of(path: &Path) -> PathBuf {
        path.with_extension("pids")
    }

    /// The folder for the scripts of the worker's jobs, beside the life file at `path`.
    pub(crate) fn scratch_of(path: &Path) -> PathBuf {
        path.with_extension(SCRATCH)
    }

    /// Ends it as a crash would: others find the files, and that nobody holds them.
    pub(crate) fn leave(mut self) {
        self.locked = None;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.locked.is_some() {
            remove_files(&self.path);
        }
    }
}

/// What a dead worker left, held by who takes care of it. While it is held, all
/// others take the worker for alive, and leave it alone.
pub(crate) struct Remains {
    life: PathBuf,
    _locked: Option<File>,
}

impl Remains {
    /// The remains of a worker, if it is dead.
    pub(crate) fn of(info: &WorkerInfo) -> Result<Self, Liveness> {
        let worker = &info.worker;
        let remains = |locked| Self {
            life: worker.life.clone(),
            _locked: locked,
        };
        let place = Place::of(worker);
        let alive = match info.lease_left {
            Some(Duration::ZERO) => Liveness::Lapsed,
            // The store is on a server, and the file of another machine's worker isn't here; if
            // there is one by its name, on a disk that both have, its lock may tell nothing.
            Some(_) if place != Place::Here => Liveness::Elsewhere,
            _ => Liveness::Alive,
        };
        if info.lease_left.is_some() && place != Place::Here {
            return Err(alive);
        }
        match OpenOptions::new().write(true).open(&worker.life) {
            Ok(file) => match file.try_lock() {
                Ok(()) => Ok(remains(Some(file))),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => Err(alive),
            },
            // If this process can open no file, that says nothing about the worker.
            Err(error) if os::is_out_of_room(&error) => Err(alive),
            // Without the file, the process itself has to tell, if it can be asked from here.
            Err(_) => match place {
                Place::Elsewhere => Err(Liveness::Elsewhere),
                Place::Here if os::is_alive(worker.pid, worker.pid_started) => Err(alive),
                Place::Here | Place::BeforeARestart => Ok(remains(None)),
            },
        }
    }

    /// The remains of whoever held the file at `life`, if that was left behind.
    pub(crate) fn at(life: PathBuf) -> Option<Self> {
        let file = OpenOptions::new().write(true).open(&life).ok()?;
        file.try_lock().ok()?;
        Some(Self {
            life,
            _locked: Some(file),
        })
    }

    /// The dead worker's roster.
    pub(crate) fn roster(&self) -> PathBuf {
        Life::roster_of(&self.life)
    }

    /// Clears the files away.
    pub(crate) fn remove(self) {
        remove_files(&self.life);
    }
}

/// Where a worker is, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On this machine.
    Here,
    /// On this machine, before it was started anew.
    BeforeARestart,
    /// Where its pid means nothing here.
    Elsewhere,
}

impl Place {
    pub(crate) fn of(worker: &Worker) -> Self {
        let same_name = worker.host == hostname();
        let this = Machine::this();
        match Machine::parse(&worker.machine) {
            Some(machine) if machine == this => Self::Here,
            Some(machine) if same_name && !machine.is_same_boot(&this) => Self::BeforeARestart,
            // An older version told no more than the name.
            None if same_name => Self::Here,
            _ => Self::Elsewhere,
        }
    }
}

fn remove_files(life: &Path) {
    // What can't be removed does no harm: a lock nobody holds, a list of
    // processes that have ended, and scripts that nobody runs.
    let _ = std::fs::remove_file(Life::roster_of(life));
    let _ = std::fs::remove_dir_all(Life::scratch_of(life));
    let _ = std::fs::remove_file(life);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cleared_away_while_it_is_waited_for_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.lock");
        for _ in 0..200 {
            std::fs::write(&path, "").unwrap();
            let left_behind = Remains::at(path.clone()).unwrap();
            std::thread::scope(|scope| {
                let taker = scope.spawn(|| Life::take(path.clone()).unwrap());
                std::thread::yield_now();
                left_behind.remove();
                let life = taker.join().unwrap();
                assert!(path.exists(), "nobody can see that it is held");
                assert!(Remains::at(path.clone()).is_none(), "nobody holds it");
                drop(life);
            });
        }
    }
}
