//! What a store knows of workers.

use std::path::PathBuf;

use queuectl_domain::{Timestamp, WorkerId};

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
    /// The machine it runs on.
    pub host: String,
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
}

/// How a worker is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopMode {
    /// Finish what runs, start nothing new.
    Drain,
    /// End what runs; it goes back to the queue, and no attempt is consumed.
    Now,
}
