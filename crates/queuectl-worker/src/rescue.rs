//! What to do when another worker has died: end what it left running, then put its jobs back.

use queuectl_domain::{Job, WorkerId};
use queuectl_process::end_orphans;
use queuectl_store::{Store, StoreError, WorkerInfo};

use crate::life::{Liveness, Remains};
use crate::slot::{fences, worker_tag};
use crate::{Happening, Observer};

/// Which of the other workers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// All of them.
    All,
    /// Only the next ones in the ring of all workers in the order of their ids, up
    /// to the second that lives. So each worker is watched by two others, one
    /// of which may be frozen, and looking costs the same with three workers as with many.
    Next,
}

/// How many living workers each worker watches.
const WATCHED: usize = 2;

/// What was seen of other workers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// There is none, dead or alive.
    pub(crate) alone: bool,
    /// Jobs of dead ones were put back.
    pub(crate) rescued: bool,
}

/// Rescues the jobs of workers on this machine that have died.
pub(crate) fn rescue_dead(
    store: &mut dyn Store,
    me: Option<&WorkerId>,
    watch: Watch,
    observer: &dyn Observer,
) -> Result<Seen, StoreError> {
    let mut others = store.workers()?;
    others.retain(|info| Some(&info.worker.id) != me);
    others.sort_by(|a, b| a.worker.id.cmp(&b.worker.id));
    let after_me = others.partition_point(|info| Some(&info.worker.id) < me);
    others.rotate_left(after_me);
    let mut rescued = false;
    let mut living = 0;
    for info in &others {
        match Remains::of(&info.worker) {
            Ok(remains) => rescued |= rescue(store, info, remains, observer)?,
            Err(Liveness::Alive) => living += 1,
            Err(_) => {}
        }
        if watch == Watch::Next && living == WATCHED {
            break;
        }
    }
    let alone = others.is_empty();
    Ok(Seen { alone, rescued })
}

/// Rescues the jobs of one dead worker; says whether there were any.
pub(crate) fn rescue(
    store: &mut dyn Store,
    dead: &WorkerInfo,
    remains: Remains,
    observer: &dyn Observer,
) -> Result<bool, StoreError> {
    let worker = &dead.worker.id;
    let tag = worker_tag(worker.as_str());
    let orphans = match end_orphans(&remains.roster(), &tag) {
        Ok(orphans) => orphans,
        Err(error) => {
            // Two copies of a job must never run side by side: its jobs stay where they are.
            let error = &error;
            observer.notice(&Happening::RescueFailed { worker, error });
            return Ok(false);
        }
    };
    let begun = orphans.running.map(fences);
    let jobs: Vec<Job> = store.rescue(worker, begun.as_deref())?;
    remains.remove();
    observer.notice(&Happening::Rescued {
        worker,
        jobs: &jobs,
        orphans: orphans.ended,
    });
    Ok(!jobs.is_empty())
}
