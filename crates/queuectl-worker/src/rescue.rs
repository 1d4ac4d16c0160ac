//! What to do when another worker has died: end what it left running, then put its jobs back.

use queuectl_domain::{Job, WorkerId};
use queuectl_process::end_orphans;
use queuectl_store::{Store, StoreError, WorkerInfo};

use crate::life::{Liveness, Remains, liveness};
use crate::others::{WATCHED, Watch};
use crate::slot::{fences, worker_tag};
use crate::{Happening, Observer};

/// What was seen of other workers.
#[derive(Debug)]
pub(crate) struct Seen {
    /// There is none, dead or alive.
    pub(crate) none: bool,
    /// Jobs of some that are gone were put back.
    pub(crate) rescued: bool,
    /// Those that live on this machine, the next after whoever looks first.
    pub(crate) here: Vec<WorkerInfo>,
}

/// Rescues the jobs of workers on this machine that have died and, if `lapsed` ones are to be looked after, of those anywhere
/// whose leases are over.
pub(crate) fn rescue_gone(
    store: &mut dyn Store,
    me: Option<&WorkerId>,
    watch: Watch,
    lapsed: bool,
    observer: &dyn Observer,
) -> Result<Seen, StoreError> {
    let mut others = store.workers()?;
    others.retain(|info| Some(&info.worker.id) != me);
    others.sort_by(|a, b| a.worker.id.cmp(&b.worker.id));
    let after_me = others.partition_point(|info| Some(&info.worker.id) < me);
    others.rotate_left(after_me);
    let none = others.is_empty();
    let enough = |living| watch == Watch::Next && living >= WATCHED;
    let mut rescued = false;
    if lapsed {
        let mut living = 0;
        for info in &others {
            if enough(living) {
                break;
            }
            match liveness(info) {
                Liveness::Lapsed => rescued |= rescue_lapsed(store, info, observer)?,
                Liveness::Alive | Liveness::Elsewhere => living += 1,
                Liveness::Dead => {}
            }
        }
    }
    let mut here = Vec::new();
    for info in others {
        if enough(here.len()) {
            break;
        }
        match Remains::of(&info) {
            Ok(remains) => rescued |= rescue(store, &info, remains, observer)?,
            Err(Liveness::Alive) => here.push(info),
            Err(_) => {}
        }
    }
    Ok(Seen {
        none,
        rescued,
        here,
    })
}

/// Rescues the jobs of a worker whose lease is over, wherever it is; says whether there were any. What it ran it has ended
/// itself, or whoever watches over it on its machine.
fn rescue_lapsed(
    store: &mut dyn Store,
    gone: &WorkerInfo,
    observer: &dyn Observer,
) -> Result<bool, StoreError> {
    let worker = &gone.worker.id;
    let Some(jobs) = store.rescue_lapsed(worker)? else {
        return Ok(false);
    };
    observer.notice(&Happening::Rescued {
        worker,
        jobs: &jobs,
        orphans: 0,
    });
    Ok(!jobs.is_empty())
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
