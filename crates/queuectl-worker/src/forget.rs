//! Forgets workers that are out of sight, on the word of a user that they are dead.

use std::time::Duration;

use queuectl_domain::WorkerId;
use queuectl_process::tagged;
use queuectl_store::{Store, StoreError, WorkerInfo};

use crate::life::{Liveness, Papers, Place};
use crate::remains::Remains;
use crate::rescue::{Dead, Patience};
use crate::slot::worker_tag;
use crate::stop::Nobody;

/// What has become of a worker that was forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Its name.
    pub worker: WorkerId,
    /// How many jobs it held.
    pub jobs: usize,
    /// True if it is certain that none of these jobs runs any more.
    pub is_dead: bool,
}

/// Why a worker isn't forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The store has failed, or doesn't know the worker.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It lives: its lock is held, its process runs, or its lease holds.
    #[error("{}", lives(.worker, *.lease_left))]
    Lives {
        /// The worker.
        worker: WorkerId,
        /// For how long its lease holds, if it has one.
        lease_left: Option<Duration>,
    },
    /// It has died, and what it left running can't be ended.
    #[error("worker '{worker}' has died, but what it left running can't be ended: {reason}")]
    Runs {
        /// The worker.
        worker: WorkerId,
        /// Why.
        reason: String,
    },
}

fn lives(worker: &WorkerId, lease_left: Option<Duration>) -> String {
    match lease_left {
        Some(left) => format!(
            "worker '{worker}' lives: its lease holds for {} s",
            left.as_secs()
        ),
        None => format!("worker '{worker}' lives"),
    }
}

/// Forgets these workers and puts their jobs back, each with one more crash. A worker that lives after all learns at its next call to
/// the store that it was forgotten, and ends what it runs; until then its jobs may run twice.
///
/// # Errors
///
/// Forgets none of them if one isn't known or is seen to live. If one is dead and what it left running can't be ended, or if the store
/// fails, those before it in the list have been forgotten.
pub fn forget(store: &mut dyn Store, workers: &[WorkerId]) -> Result<Vec<Forgotten>, ForgetError> {
    let known = store.workers()?;
    let mut found = Vec::new();
    for worker in workers {
        let info = known.iter().find(|info| info.worker.id == *worker);
        let info = info.ok_or_else(|| StoreError::NoSuchWorker(worker.clone()))?;
        look(info)?;
        found.push(info);
    }
    let mut patience = Patience::new();
    let forgotten = found
        .into_iter()
        .map(|info| one(store, info, &mut patience));
    forgotten.collect()
}

/// Why a worker may be forgotten.
enum Gone {
    Dead(Remains),
    Lapsed,
    OutOfSight,
}

fn look(info: &WorkerInfo) -> Result<Gone, ForgetError> {
    match Remains::of(info) {
        Ok(remains) => Ok(Gone::Dead(remains)),
        Err(Liveness::Lapsed) => Ok(Gone::Lapsed),
        Err(Liveness::OutOfSight) => Ok(Gone::OutOfSight),
        Err(Liveness::Alive | Liveness::Elsewhere | Liveness::Dead) => Err(ForgetError::Lives {
            worker: info.worker.id.clone(),
            lease_left: info.lease_left,
        }),
    }
}

/// What is seen to run of a worker of this pid namespace whose roster is lost. Of a worker of another store, such as the one that
/// this store was copied from, nothing is this store's.
fn still_runs(info: &WorkerInfo) -> Option<String> {
    let worker = &info.worker;
    if Place::of(worker) != Place::Here || Papers::are_for_another_store(info) {
        return None;
    }
    match tagged(&worker_tag(worker.id.as_str())) {
        Ok(pids) => Some(format!("process {} of its jobs runs", pids.first()?)),
        Err(error) => Some(error.to_string()),
    }
}

fn one(
    store: &mut dyn Store,
    info: &WorkerInfo,
    patience: &mut Patience,
) -> Result<Forgotten, ForgetError> {
    let worker = info.worker.id.clone();
    // It may have come back since the first look.
    let gone = look(info)?;
    let is_dead = matches!(gone, Gone::Dead(_));
    let jobs = match gone {
        Gone::Dead(remains) => {
            let worker = worker.clone();
            let dead = Dead { worker, remains };
            match dead.end_orphans(patience.left()) {
                Ok(orphans) => dead.put_back(store, orphans, &Nobody)?,
                Err(error) => {
                    return Err(ForgetError::Runs {
                        worker: dead.worker,
                        reason: error.to_string(),
                    });
                }
            }
        }
        Gone::Lapsed => store.rescue_lapsed(&worker)?.map_or(0, |jobs| jobs.len()),
        Gone::OutOfSight => {
            if let Some(reason) = still_runs(info) {
                return Err(ForgetError::Runs { worker, reason });
            }
            let jobs = store.rescue(&worker, None)?;
            Remains::remove_of(info);
            jobs.len()
        }
    };
    Ok(Forgotten {
        worker,
        jobs,
        is_dead,
    })
}
