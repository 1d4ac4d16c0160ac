//! What a dead worker left, and how certain it is that the worker is dead.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use queuectl_domain::WorkerId;
use queuectl_process::{
    Head, Machine, Orphans, Written, begun, end_orphans, fingerprint, orphans, os, tagged,
};
use queuectl_store::{StoreFile, Worker, WorkerInfo};

use crate::life::{Life, Liveness, Papers, Place, has_ended, remove_files};
use crate::slot::{claim_tags, worker_tag};

/// How long the kernel may take to end a pid namespace whose process 1 has let go of its files.
const NAMESPACE_ENDS: Duration = Duration::from_secs(1);
/// The pid of the process with which a pid namespace begins and ends.
const FIRST: u32 = 1;

/// What a dead worker left, and the lock on its life file. While this is held, all other processes take the worker for alive, and
/// leave it alone.
pub(crate) struct Remains {
    life: PathBuf,
    _locked: Option<File>,
    left: Left,
}

/// What a dead worker may have left running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// The sessions of the leaders in its roster, and processes with the tag of a claim that had begun by the roster.
    Noted,
    /// Nothing, since the machine has been restarted, or since it has no trustworthy roster and held no job.
    Nothing,
    /// Nothing, since the worker was process 1 of its pid namespace, which the kernel ends with it.
    EndedWithIt,
    /// Nothing of this store: the worker worked for the store of which this one is a copy. Neither its files nor its processes are
    /// ours to touch.
    AnotherStores,
}

/// Whose the files of a worker are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// They are its own, and it works for this store.
    Own(Papers),
    /// They are its own, and it works for another store.
    AnotherStores,
    /// There are none, or they are copies.
    Nothing,
}

impl Said {
    fn by(info: &WorkerInfo) -> Self {
        let worker = &info.worker;
        let head = Head::read(&Life::roster_of(&worker.life)).filter(Head::is_original);
        let papers = head.as_ref().map(Papers::of);
        match papers.filter(|papers| papers.worker == fingerprint(worker.id.as_str())) {
            None => Self::Nothing,
            Some(papers) if papers.store != info.store => Self::AnotherStores,
            Some(papers) => Self::Own(papers),
        }
    }
}

impl Remains {
    /// Returns the remains of a worker if it is dead, or else whether it lives.
    pub(crate) fn of(info: &WorkerInfo) -> Result<Self, Liveness> {
        let worker = &info.worker;
        let place = Place::of(worker);
        let alive = match info.lease_left {
            Some(Duration::ZERO) => Liveness::Lapsed,
            // The store is on a server, and the life file of another machine's worker isn't here. If there is one of its name,
            // on a shared disk, its lock may tell nothing.
            Some(_) if place != Place::Here => Liveness::Elsewhere,
            _ => Liveness::Alive,
        };
        if info.lease_left.is_some() && place != Place::Here {
            return Err(alive);
        }
        let file = match OpenOptions::new().write(true).open(&worker.life) {
            Ok(file) if file.try_lock().is_ok() => Some(file),
            Ok(_) if Papers::are_for_another_store(info) => return Err(Liveness::OutOfSight),
            Ok(_) => return Err(alive),
            // A process that can open no file has seen nothing.
            Err(error) if os::is_out_of_room(&error) => return Err(alive),
            Err(_) => None,
        };
        let lives = place == Place::Here && os::is_alive(worker.pid, worker.pid_started);
        let left = match (place, Said::by(info)) {
            (Place::Here, Said::AnotherStores) if lives => return Err(Liveness::OutOfSight),
            (Place::Here, _) if lives => return Err(alive),
            (Place::Here | Place::BeforeARestart, Said::AnotherStores) => Left::AnotherStores,
            (Place::BeforeARestart, _) => Left::Nothing,
            (Place::Here, Said::Own(_)) => Left::Noted,
            // Its files may be those of another user, who hides its processes, too. Its lease tells when it is dead.
            (Place::Here, Said::Nothing) if info.lease_left.is_some() => return Err(alive),
            // What it ran isn't known. If it holds jobs, its files were deleted, damaged or moved, and they may still run.
            (Place::Here, Said::Nothing) if info.running > 0 => return Err(Liveness::OutOfSight),
            // Jobs that had ended have left nothing. What shows their tags has only inherited their environment, as from `at`.
            (Place::Here, Said::Nothing) => Left::Nothing,
            (Place::Elsewhere, Said::Own(papers))
                if ended_with_its_namespace(worker, &papers, file.as_ref()) =>
            {
                Left::EndedWithIt
            }
            (Place::Elsewhere, _) => return Err(Liveness::OutOfSight),
        };
        Ok(Self {
            life: worker.life.clone(),
            _locked: file.filter(|_| left != Left::AnotherStores),
            left,
        })
    }

    /// Returns the remains of a worker that the store in `store` doesn't know, if it certainly left the file at `life` behind. None if
    /// the worker may live, or works for another store.
    pub(crate) fn at(life: PathBuf, worker: &WorkerId, store: Option<&StoreFile>) -> Option<Self> {
        let file = OpenOptions::new().write(true).open(&life).ok()?;
        file.try_lock().ok()?;
        let left = match Head::read(&Life::roster_of(&life)) {
            // The worker was killed before it had a roster, and so before it could run anything.
            None => Left::Nothing,
            Some(head) => {
                let papers = Papers::of(&head);
                let is_own = head.is_original()
                    && papers.worker == fingerprint(worker.as_str())
                    && is_held_as(&file, &papers);
                match head.written() {
                    Written::BeforeARestart => Left::Nothing,
                    Written::Elsewhere => return None,
                    Written::Here if head.keeper_lives() => return None,
                    Written::Here if !is_own => Left::Nothing,
                    Written::Here if papers.store != store.map(|file| file.identity) => {
                        return None;
                    }
                    Written::Here => Left::Noted,
                }
            }
        };
        Some(Self {
            life,
            _locked: Some(file),
            left,
        })
    }

    /// Ends what the worker left running.
    ///
    /// # Errors
    ///
    /// Fails if some of it doesn't end within `patience`, or can't be ended from here.
    pub(crate) fn end(&self, worker: &WorkerId, patience: Duration) -> io::Result<Orphans> {
        let none = |running| Orphans { ended: 0, running };
        Ok(match self.left {
            Left::Noted => end_orphans(&self.roster(), &claim_tags(worker.as_str()), patience)?,
            // The thread that asks can't wait.
            Left::EndedWithIt if patience.is_zero() => return Err(io::ErrorKind::TimedOut.into()),
            Left::EndedWithIt => {
                // Process 1 closes its files a moment before the kernel kills the rest of its namespace.
                thread::sleep(NAMESPACE_ENDS);
                none(begun(&self.roster()))
            }
            Left::Nothing => none(None),
            Left::AnotherStores => match tagged(&worker_tag(worker.as_str()))?.is_empty() {
                true => none(None),
                false => {
                    let why = "its jobs still run, for the store of which this one is a copy";
                    return Err(io::Error::other(why));
                }
            },
        })
    }

    /// The pids of what the worker left running.
    pub(crate) fn running(&self, worker: &WorkerId) -> io::Result<Vec<u32>> {
        match self.left {
            Left::Noted => orphans(&self.roster(), &claim_tags(worker.as_str())),
            Left::Nothing | Left::EndedWithIt | Left::AnotherStores => Ok(Vec::new()),
        }
    }

    /// Removes the files of a worker that was out of sight and is given up, if no process holds them.
    pub(crate) fn remove_of(info: &WorkerInfo) {
        let life = OpenOptions::new().write(true).open(&info.worker.life);
        let free = life.ok().filter(|life| life.try_lock().is_ok());
        let is_its_own = |free: &File| match Said::by(info) {
            Said::Own(papers) => is_held_as(free, &papers),
            // Its roster is lost. What has its name is of no use to any other worker.
            Said::Nothing => has_ended(info),
            Said::AnotherStores => false,
        };
        if free.as_ref().is_some_and(is_its_own) {
            remove_files(&info.worker.life);
        }
    }

    /// Removes its files.
    pub(crate) fn remove(self) {
        if self.left != Left::AnotherStores {
            remove_files(&self.life);
        }
    }

    fn roster(&self) -> PathBuf {
        Life::roster_of(&self.life)
    }
}

/// Returns true if a worker was process 1 of another pid namespace of this machine, and has released its life file, which is `free`
/// here. One kernel keeps the locks of both namespaces.
fn ended_with_its_namespace(worker: &Worker, papers: &Papers, free: Option<&File>) -> bool {
    let there = Machine::parse(&worker.machine);
    worker.pid == FIRST
        && there.is_some_and(|there| there.is_same_boot(Machine::this()))
        && free.is_some_and(|free| is_held_as(free, papers))
}

/// Returns true if a life file is the one that its worker held, and no copy.
fn is_held_as(life: &File, papers: &Papers) -> bool {
    os::open_file_identity(life).is_ok_and(|found| found == papers.life)
}

#[cfg(test)]
mod tests {
    use queuectl_domain::Timestamp;

    use super::*;

    /// A worker of which there are no files, and whose process can't be seen.
    fn unseen(running: u64, lease_left: Option<Duration>) -> WorkerInfo {
        WorkerInfo {
            worker: Worker {
                id: "worker".parse().unwrap(),
                pid: u32::MAX,
                pid_started: 1,
                host: crate::hostname(),
                machine: Machine::this().to_string(),
                version: String::new(),
                slots: 1,
                life: "/no/such/worker.lock".into(),
            },
            running,
            started_at: Timestamp(0),
            heartbeat_at: Timestamp(0),
            stop: None,
            trouble: None,
            lease_left,
            store: None,
        }
    }

    /// On a server it may be another user's, which sees to it that neither its files nor its processes are seen.
    #[test]
    fn a_worker_of_which_nothing_is_seen_is_only_dead_if_it_has_nothing_to_lose() {
        let seen =
            |running, lease| Remains::of(&unseen(running, lease)).map(|remains| remains.left);
        let lease = Some(Duration::from_secs(9));
        assert_eq!(seen(0, None).ok(), Some(Left::Nothing));
        assert_eq!(seen(1, None).err(), Some(Liveness::OutOfSight));
        assert_eq!(seen(0, lease).err(), Some(Liveness::Alive));
        assert_eq!(seen(1, lease).err(), Some(Liveness::Alive));
        assert_eq!(seen(1, Some(Duration::ZERO)).err(), Some(Liveness::Lapsed));
    }

    #[test]
    fn a_file_that_is_cleared_away_while_it_is_waited_for_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.lock");
        let worker: WorkerId = "worker".parse().unwrap();
        for _ in 0..200 {
            std::fs::write(&path, "").unwrap();
            let left_behind = Remains::at(path.clone(), &worker, None).unwrap();
            std::thread::scope(|scope| {
                let taker = scope.spawn(|| Life::take(path.clone()).unwrap());
                std::thread::yield_now();
                left_behind.remove();
                let life = taker.join().unwrap();
                assert!(path.exists(), "the held life file is gone");
                assert!(
                    Remains::at(path.clone(), &worker, None).is_none(),
                    "the life file isn't held"
                );
                drop(life);
            });
        }
    }
}
