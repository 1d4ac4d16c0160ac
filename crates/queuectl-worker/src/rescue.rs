//! What to do when another worker has died: end what it left running, then put its jobs back.
//!
//! A process that hangs in the kernel may take long to end. So a worker waits for that beside its loop (see
//! [`rescuer`](crate::rescuer)), and a command waits for a few seconds at most.

use std::io;
use std::time::{Duration, Instant};

use queuectl_domain::WorkerId;
use queuectl_process::Orphans;
use queuectl_store::{Store, StoreError, WorkerInfo};

use crate::life::{Liveness, Place, liveness, looks_after_others};
use crate::others::{WATCHED, Watch};
use crate::remains::Remains;
use crate::slot::fences;
use crate::{Happening, Observer};

/// How long a command waits for the processes of dead workers to end: in all, and at least for each worker. What was killed is
/// gone within a moment, unless it hangs in the kernel.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(100));

/// A worker that has died, and the lock on its life file: while this is held, all others take the worker for alive.
pub(crate) struct Dead {
    pub(crate) worker: WorkerId,
    pub(crate) remains: Remains,
}

/// What was seen of other workers.
pub(crate) struct Seen {
    /// There is no other worker, dead or alive.
    pub(crate) none: bool,
    /// Jobs were put back of workers whose leases were over.
    pub(crate) rescued: bool,
    /// Those that live on this machine, the next after the worker that looks first.
    pub(crate) here: Vec<WorkerInfo>,
    /// Those that have died on this machine.
    pub(crate) dead: Vec<Dead>,
}

/// How to look at other workers.
pub(crate) struct Look<'a> {
    /// The worker that looks, if it is one.
    pub(crate) me: Option<&'a WorkerId>,
    pub(crate) watch: Watch,
    /// Whether to rescue the jobs of workers whose leases are over, wherever they are.
    pub(crate) lapsed: bool,
    /// Returns true for a dead worker to leave alone for now.
    pub(crate) leave: &'a dyn Fn(&WorkerId) -> bool,
}

impl Look<'_> {
    /// Looks at all `workers` but this one, in the order of the ring.
    pub(crate) fn at(
        &self,
        workers: Vec<WorkerInfo>,
        store: &mut dyn Store,
        observer: &dyn Observer,
    ) -> Result<Seen, StoreError> {
        let mut others = workers;
        others.retain(|info| Some(&info.worker.id) != self.me);
        others.sort_by(|a, b| a.worker.id.cmp(&b.worker.id));
        let after_me = others.partition_point(|info| Some(&info.worker.id) < self.me);
        others.rotate_left(after_me);
        let none = others.is_empty();
        let rescued = self.lapsed && self.rescue_lapsed(store, &others, observer)?;
        let (here, dead) = self.walk(others);
        Ok(Seen {
            none,
            rescued,
            here,
            dead,
        })
    }

    /// Returns true if enough watchers were met: they look after those that come next in the ring.
    fn is_enough(&self, watchers: usize) -> bool {
        self.watch == Watch::Next && watchers >= WATCHED
    }

    fn rescue_lapsed(
        &self,
        store: &mut dyn Store,
        others: &[WorkerInfo],
        observer: &dyn Observer,
    ) -> Result<bool, StoreError> {
        let (mut watchers, mut rescued) = (0, false);
        for info in others {
            if self.is_enough(watchers) {
                break;
            }
            if (self.leave)(&info.worker.id) {
                // A thread of ours may hold its lock, so the lock says nothing about it.
                continue;
            }
            match liveness(info) {
                Liveness::Lapsed => rescued |= rescue_lapsed(store, info, observer)?,
                Liveness::Alive => watchers += usize::from(looks_after_others(&info.worker)),
                Liveness::Elsewhere => watchers += 1,
                Liveness::Dead | Liveness::OutOfSight => {}
            }
        }
        Ok(rescued)
    }

    /// Returns those that live on this machine, and those that have died. A frozen worker lives but looks after no other, so
    /// the walk goes on past it.
    fn walk(&self, others: Vec<WorkerInfo>) -> (Vec<WorkerInfo>, Vec<Dead>) {
        let (mut here, mut dead) = (Vec::new(), Vec::new());
        let mut watchers = 0;
        for info in others {
            if self.is_enough(watchers) {
                if info.lease_left.is_none() {
                    // Without leases, all workers are read again at each tick.
                    break;
                }
                if Place::of(&info.worker) == Place::Here {
                    here.push(info);
                }
                continue;
            }
            if (self.leave)(&info.worker.id) {
                continue;
            }
            match Remains::of(&info) {
                Ok(remains) => dead.push(Dead {
                    worker: info.worker.id,
                    remains,
                }),
                Err(Liveness::Alive) => {
                    watchers += usize::from(looks_after_others(&info.worker));
                    here.push(info);
                }
                Err(_) => {}
            }
        }
        (here, dead)
    }
}

/// Rescues the jobs of workers on this machine that have died and, if `lapsed`, of those anywhere whose leases are over. What
/// can't be ended soon is left to the next command or worker.
pub(crate) fn rescue_gone(
    store: &mut dyn Store,
    lapsed: bool,
    observer: &dyn Observer,
) -> Result<(), StoreError> {
    let look = Look {
        me: None,
        watch: Watch::All,
        lapsed,
        leave: &|_| false,
    };
    let mut patience = Patience::new();
    let workers = store.workers()?;
    for dead in look.at(workers, store, observer)?.dead {
        rescue(store, dead, &mut patience, observer)?;
    }
    Ok(())
}

/// Rescues the jobs of a worker whose lease is over, wherever it is; says whether there were any. What it ran it has ended
/// itself, or its guard on its machine.
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

/// How long a command still waits for killed processes, over all dead workers.
pub(crate) struct Patience(Instant);

impl Patience {
    pub(crate) fn new() -> Self {
        Self(Instant::now() + PATIENCE.0)
    }

    /// How long to wait for the next dead worker.
    pub(crate) fn left(&self) -> Duration {
        let left = self.0.saturating_duration_since(Instant::now());
        left.max(PATIENCE.1)
    }
}

/// Rescues the jobs of one dead worker, here and now.
pub(crate) fn rescue(
    store: &mut dyn Store,
    dead: Dead,
    patience: &mut Patience,
    observer: &dyn Observer,
) -> Result<(), StoreError> {
    match dead.end_orphans(patience.left()) {
        Ok(orphans) => dead.put_back(store, orphans, observer).map(drop),
        Err(error) => {
            dead.failed(&error, observer);
            Ok(())
        }
    }
}

impl Dead {
    /// Ends what it left running, within `patience`.
    ///
    /// # Errors
    ///
    /// Fails if some of it doesn't end in time, or can't be ended or looked for from here.
    pub(crate) fn end_orphans(&self, patience: Duration) -> io::Result<Orphans> {
        self.remains.end(&self.worker, patience)
    }

    /// Puts its jobs back, now that nothing of it runs any more, and returns how many they were.
    pub(crate) fn put_back(
        self,
        store: &mut dyn Store,
        orphans: Orphans,
        observer: &dyn Observer,
    ) -> Result<usize, StoreError> {
        let worker = &self.worker;
        let begun = orphans.running.map(fences);
        let jobs = store.rescue(worker, begun.as_deref())?;
        self.remains.remove();
        observer.notice(&Happening::Rescued {
            worker,
            jobs: &jobs,
            orphans: orphans.ended,
        });
        Ok(jobs.len())
    }

    /// Tells that it can't be rescued now. Its jobs stay where they are, because two copies of a job must never run side by side.
    pub(crate) fn failed(self, error: &io::Error, observer: &dyn Observer) {
        let worker = &self.worker;
        observer.notice(&Happening::RescueFailed { worker, error });
    }
}
