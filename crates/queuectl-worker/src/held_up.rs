//! Jobs that have to end, but wait for processes of another user, or for ones that don't end though they were killed. Each worker notes
//! such processes in its roster, so they are known on the worker's machine only.

use std::fmt;

use queuectl_domain::{Fence, WorkerId};
use queuectl_process::{holdouts, holdouts_of_dead, os};
use queuectl_store::WorkerInfo;

use crate::life::{Life, Liveness, Place, liveness};

/// A run that has to end, and the process of it for which that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldUp {
    /// The worker that runs it. It may have died.
    pub worker: WorkerId,
    /// The claim under which it runs.
    pub fence: Fence,
    /// The pid of the process.
    pub process: u32,
}

impl fmt::Display for HeldUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&os::why_it_goes_on(self.process))
    }
}

/// The runs of a worker that are held up. None of them are known if the worker ran outside our pid namespace.
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
    // A roster that can't be read, such as one that has just been removed, names none.
    let found = found.unwrap_or_default().into_iter();
    let held_up = found.map(|holdout| HeldUp {
        worker: worker.id.clone(),
        fence: Fence(holdout.label.cast_signed()),
        process: holdout.pid,
    });
    held_up.collect()
}
