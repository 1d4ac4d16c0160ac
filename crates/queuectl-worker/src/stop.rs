//! Stops the workers of a store on this machine.

use std::thread;
use std::time::{Duration, Instant};

use queuectl_process::os;
use queuectl_store::{Location, StopMode, Store, StoreError, Worker};

use crate::rescue::{Watch, rescue_dead};
use crate::{DataFolder, Happening, Liveness, Observer, liveness, registry};

/// How workers are to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopOrder {
    /// How, at first.
    pub mode: StopMode,
    /// After how long those that still run are told to end what they run.
    pub force_after: Option<Duration>,
}

/// Stops all workers of the store at `location` that live on this machine, waits
/// for their end, and returns how many there were. Jobs of workers that have
/// died are put back.
///
/// Without a store, the background workers are found through `workers.json`.
///
/// # Errors
///
/// Fails if the store does; workers that have been told to stop do so all the same.
pub fn stop(
    data: &DataFolder,
    location: &Location,
    mut store: Option<&mut dyn Store>,
    order: &StopOrder,
) -> Result<usize, StoreError> {
    let targets = match &mut store {
        Some(store) => known_to_the_store(*store)?,
        None => known_on_this_machine(data, location),
    };
    tell(&targets, &mut store, order.mode)?;
    let deadline = order.force_after.map(|length| Instant::now() + length);
    if !wait(&targets, deadline) {
        tell(&targets, &mut store, StopMode::Now)?;
        wait(&targets, None);
    }
    if let Some(store) = store {
        // One that was killed before it could obey may have left jobs behind.
        rescue_dead(store, None, Watch::All, &Nobody)?;
    }
    // The list may name some that have just ended; it does no harm if it goes on doing so.
    let _ = registry::prune(data, None);
    Ok(targets.len())
}

/// A worker that is to be stopped.
enum Target {
    Known(Worker),
    Listed(registry::Entry),
}

impl Target {
    fn pid(&self) -> u32 {
        match self {
            Self::Known(worker) => worker.pid,
            Self::Listed(entry) => entry.pid,
        }
    }

    fn lives(&self) -> bool {
        match self {
            // It lets go of its life a moment before its process has closed the store and gone.
            Self::Known(worker) => {
                liveness(worker) == Liveness::Alive || os::is_alive(worker.pid, worker.pid_started)
            }
            Self::Listed(entry) => entry.is_alive(),
        }
    }
}

fn known_to_the_store(store: &mut dyn Store) -> Result<Vec<Target>, StoreError> {
    let workers = store.workers()?.into_iter().map(|info| info.worker);
    let living = workers.filter(|worker| liveness(worker) == Liveness::Alive);
    Ok(living.map(Target::Known).collect())
}

fn known_on_this_machine(data: &DataFolder, location: &Location) -> Vec<Target> {
    let location = location.to_string();
    let listed = registry::read(data).into_iter();
    let ours = listed.filter(|entry| entry.store == location);
    ours.map(Target::Listed).collect()
}

fn tell(
    targets: &[Target],
    store: &mut Option<&mut dyn Store>,
    mode: StopMode,
) -> Result<(), StoreError> {
    if let Some(store) = store {
        let ids: Vec<_> = targets
            .iter()
            .filter_map(|target| match target {
                Target::Known(worker) => Some(worker.id.clone()),
                Target::Listed(_) => None,
            })
            .collect();
        store.request_stop(&ids, mode)?;
    }
    for target in targets.iter().filter(|target| target.lives()) {
        // The signal makes it look at the store at once, or stands in for the
        // store. It may have ended by itself since.
        let _ = os::ask_to_stop(target.pid(), mode == StopMode::Now);
    }
    Ok(())
}

/// Waits for the end of all; says whether it came before the deadline.
fn wait(targets: &[Target], deadline: Option<Instant>) -> bool {
    while targets.iter().any(Target::lives) {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

struct Nobody;

impl Observer for Nobody {
    fn notice(&self, _: &Happening<'_>) {}
}
