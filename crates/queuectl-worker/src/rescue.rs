//! What to do when another worker has died: end what it left running, then put its jobs back.

use queuectl_domain::{Job, WorkerId};
use queuectl_process::end_orphans;
use queuectl_store::{Store, StoreError, WorkerInfo};

use crate::life::{Liveness, Remains};
use crate::slot::worker_tag;
use crate::{Happening, Observer};

/// Which of the other workers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// All of them.
    All,
    /// Only the next in the ring of all workers in the order of their ids, and
    /// those after it up to the first that lives. So each worker is watched by
    /// one other, and looking costs no more with many workers than with two.
    Next,
}

/// Rescues the jobs of workers on this machine that have died; says whether there were any.
pub(crate) fn rescue_dead(
    store: &mut dyn Store,
    me: Option<&WorkerId>,
    watch: Watch,
    observer: &dyn Observer,
) -> Result<bool, StoreError> {
    let mut others = store.workers()?;
    others.retain(|info| Some(&info.worker.id) != me);
    others.sort_by(|a, b| a.worker.id.cmp(&b.worker.id));
    let after_me = others.partition_point(|info| Some(&info.worker.id) < me);
    others.rotate_left(after_me);
    let mut any = false;
    for info in &others {
        match Remains::of(&info.worker) {
            Ok(remains) => any |= rescue(store, info, remains, observer)?,
            Err(Liveness::Alive) if watch == Watch::Next => break,
            Err(_) => {}
        }
    }
    Ok(any)
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
        Ok(orphans) => orphans.ended,
        Err(error) => {
            // Two copies of a job must never run side by side: its jobs stay where they are.
            let error = &error;
            observer.notice(&Happening::RescueFailed { worker, error });
            return Ok(false);
        }
    };
    let jobs: Vec<Job> = store.rescue(worker, None)?;
    remains.remove();
    observer.notice(&Happening::Rescued {
        worker,
        jobs: &jobs,
        orphans,
    });
    Ok(!jobs.is_empty())
}
