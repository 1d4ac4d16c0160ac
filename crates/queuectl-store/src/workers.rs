//! What a store knows of workers.

use std::path::PathBuf;
use std::time::Duration;

use queuectl_domain::{JobId, Life, Timestamp, WorkerId};

/// A worker that makes itself known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its name.
    pub id: WorkerId,
    /// Its process.
    pub pid: u32,
    /// When that process started, in the system's own unit, to tell it from
    /// another that gets the same pid later.
    pub pid_started: u64,
    /// The name of the machine it runs on.
    pub host: String,
    /// The boot and pid namespace in which its pid means something. Empty if an older version has
    /// written it.
    pub machine: String,
    /// The version of its program. Empty if an older version has written it.
    pub version: String,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// The file that it holds locked for as long as it lives.
    pub life: PathBuf,
}

/// A worker, as a store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerInfo {
    /// What it said of itself.
    pub worker: Worker,
    /// How many jobs it runs now.
    pub running: u64,
    /// Since when.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub heartbeat_at: Timestamp,
    /// How it was asked to stop, if it was.
    pub stop: Option<StopMode>,
    /// Why it can start no jobs, if it has reported that.
    pub trouble: Option<StartTrouble>,
    /// For how long its lease still holds by the store's clock, zero if it is over. None in a store
    /// that gives no leases.
    pub lease_left: Option<Duration>,
    /// The file of the store that knows it: its disk, and its number there. None in a store on a server.
    pub store: Option<[u64; 2]>,
}

/// The file of an open store. By now its path may have another file, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFile {
    /// Its path when it was opened.
    pub path: PathBuf,
    /// What tells it from all others: its disk, and its number there.
    pub identity: [u64; 2],
}

/// Why a worker can start no jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartTrouble {
    /// What its machine, or its process, lacks.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// How a worker is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopMode {
    /// Finish what runs, start nothing new.
    Drain,
    /// End what runs; it goes back to the queue, and no attempt is consumed.
    Now,
}

/// A job that was given back since its worker had gone.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenBack {
    /// Its name.
    pub id: JobId,
    /// How far it has come: it waits, or is dead.
    pub life: Life,
}
