//! What keeps jobs from their ends: processes that belong to another user. Each worker notes it in its roster, so it is known on
//! the worker's machine only.

use std::fmt;

use queuectl_domain::{Fence, WorkerId};
use queuectl_process::{holdouts, holdouts_of_dead};
use queuectl_store::WorkerInfo;

use crate::life::{Life, Liveness, Place, liveness};

/// A run that has to end, and a process that can't be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldUp {
    /// Whose run it is. That worker may have died.
    pub worker: WorkerId,
    /// The claim under which it runs.
    pub fence: Fence,
    /// The process.
    pub process: u32,
}

impl fmt::Display for HeldUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let process = self.process;
        write!(
            f,
            "process {process} belongs to another user, who has to end it"
        )
    }
}

/// The runs of a worker that are held up, as far as that can be told from this machine.
pub fn held_up(info: &WorkerInfo) -> Vec<HeldUp> {
    let worker = &info.worker;
    if Place::of(worker) != Place::Here {
        return Vec::new();
    }
    let roster = Life::roster_of(&worker.life);
    let found = match liveness(info) {
        Liveness::Dead => holdouts_of_dead(&roster),
        _ => holdouts(&roster),
    };
    // A roster that has just been cleared away names nothing.
    let found = found.unwrap_or_default().into_iter();
    let held_up = found.map(|holdout| HeldUp {
        worker: worker.id.clone(),
        fence: Fence(holdout.label.cast_signed()),
        process: holdout.pid,
    });
    held_up.collect()
}
