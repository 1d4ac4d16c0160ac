//! Stops the workers of a store: those of this machine, or all there are.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::WorkerId;
use queuectl_process::os;
use queuectl_store::{Location, StopMode, Store, StoreError, WorkerInfo};

use crate::life::is_running_here;
use crate::rescue::rescue_gone;
use crate::{DataFolder, Happening, Liveness, Observer, liveness, registry};

/// How often to look whether workers of this machine have ended.
const LOOK: Duration = Duration::from_millis(5);
/// How often to ask the store whether others have.
const ASK: Duration = Duration::from_millis(200);

/// Which workers are to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// All of this machine.
    Here,
    /// All, on whatever machine.
    Everywhere,
    /// This one, on whatever machine.
    One(WorkerId),
}

/// How workers are to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopOrder {
    /// Which.
    pub whom: Whom,
    /// How, at first.
    pub mode: StopMode,
    /// After how long those that still run are told to end what they run.
    pub force_after: Option<Duration>,
}

/// What has become of workers that were to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stopped {
    /// So many have ended.
    pub ended: usize,
    /// So many are out of reach: they aren't heard of for longer than their leases. They end when they come back.
    pub out_of_reach: usize,
}

/// Stops workers of the store at `location`, waits for the end of those that are within reach, and returns how many there were.
/// Jobs of workers of this machine that have died are put back.
///
/// Without a store, the background workers of this machine are found through `workers.json`.
///
/// # Errors
///
/// Fails if the store does; workers that have been told to stop do so all the same.
/// [`StoreError::NoSuchWorker`] if one is to stop that isn't there.
pub fn stop(
    data: &DataFolder,
    location: &Location,
    mut store: Option<&mut dyn Store>,
    order: &StopOrder,
) -> Result<Stopped, StoreError> {
    let mut targets = match &mut store {
        Some(store) => known_to_the_store(*store, &order.whom)?,
        None => known_on_this_machine(data, location, &order.whom),
    };
    let told: HashSet<_> = targets.iter().filter_map(Target::id).cloned().collect();
    let count = targets.len();
    tell(&targets, &mut store, order.mode)?;
    let mut away = HashSet::new();
    if let Some(store) = &mut store {
        away = out_of_reach(*store, data, &order.whom)?;
        let ids: Vec<_> = away.iter().cloned().collect();
        store.request_stop(&ids, order.mode)?;
    }
    let deadline = order.force_after.map(|length| Instant::now() + length);
    if !wait(&mut targets, &mut store, deadline)? {
        tell(&targets, &mut store, StopMode::Now)?;
        wait(&mut targets, &mut store, None)?;
    }
    if let Some(store) = store {
        // One that was killed before it could obey may have left jobs behind.
        rescue_gone(store, false, &Nobody)?;
        // Others were cut off while they were waited for.
        let cut_off = out_of_reach(store, data, &order.whom)?;
        away.extend(cut_off.into_iter().filter(|id| told.contains(id)));
    }
    // The list may name some that have just ended; it does no harm if it goes on doing so.
    let _ = registry::prune(data, None);
    Ok(Stopped {
        ended: count - away.intersection(&told).count(),
        out_of_reach: away.len(),
    })
}

/// The workers that may be at work on a store. The jobs of those that are gone, from this machine or for longer than
/// their leases, are put back first.
///
/// # Errors
///
/// Fails if the store does.
pub fn at_work(store: &mut dyn Store) -> Result<Vec<WorkerInfo>, StoreError> {
    let known = store.workers()?;
    if known.is_empty() {
        return Ok(known);
    }
    rescue_gone(store, true, &Nobody)?;
    store.workers()
}

/// A worker that is to be stopped.
enum Target {
    Known(Box<WorkerInfo>),
    Listed(registry::Entry),
}

impl Target {
    /// The process, if it runs on this machine.
    fn process(&self) -> Option<u32> {
        match self {
            Self::Known(info) => is_running_here(&info.worker).then_some(info.worker.pid),
            Self::Listed(entry) => entry.is_alive().then_some(entry.pid),
        }
    }

    fn id(&self) -> Option<&WorkerId> {
        match self {
            Self::Known(info) => Some(&info.worker.id),
            Self::Listed(_) => None,
        }
    }

    /// Whether it lives; none if the store has to be asked.
    fn lives(&self) -> Option<bool> {
        if self.process().is_some() {
            // It lets go of its life a moment before its process has closed the store and gone.
            return Some(true);
        }
        match self {
            Self::Known(info) => match liveness(info) {
                Liveness::Alive => Some(true),
                Liveness::Dead => Some(false),
                Liveness::Elsewhere | Liveness::Lapsed => None,
            },
            Self::Listed(_) => Some(false),
        }
    }
}

fn known_to_the_store(store: &mut dyn Store, whom: &Whom) -> Result<Vec<Target>, StoreError> {
    let mut workers = store.workers()?;
    if let Whom::One(id) = whom {
        workers.retain(|info| info.worker.id == *id);
        if workers.is_empty() && !store.lost_workers()?.contains(id) {
            return Err(StoreError::NoSuchWorker(id.clone()));
        }
    }
    workers.retain(|info| match liveness(info) {
        Liveness::Alive => true,
        Liveness::Dead => false,
        Liveness::Elsewhere => *whom != Whom::Here,
        Liveness::Lapsed => is_running_here(&info.worker),
    });
    let known = |info| Target::Known(Box::new(info));
    Ok(workers.into_iter().map(known).collect())
}

/// Those of `whom` that can't hear of it now: whose leases are over, and who were forgotten or run elsewhere. Of others it is
/// known by their processes.
fn out_of_reach(
    store: &mut dyn Store,
    data: &DataFolder,
    whom: &Whom,
) -> Result<HashSet<WorkerId>, StoreError> {
    let mut away: HashSet<_> = store.lost_workers()?.into_iter().collect();
    for info in store.workers()? {
        if liveness(&info) == Liveness::Lapsed && !is_running_here(&info.worker) {
            away.insert(info.worker.id);
        }
    }
    match whom {
        Whom::Everywhere => {}
        Whom::One(id) => away.retain(|one| one == id),
        Whom::Here => {
            let here = registry::read(data);
            away.retain(|one| here.iter().any(|entry| entry.id == one.as_str()));
        }
    }
    Ok(away)
}

fn known_on_this_machine(data: &DataFolder, location: &Location, whom: &Whom) -> Vec<Target> {
    let location = location.to_string();
    let listed = registry::read(data).into_iter();
    let ours = listed.filter(|entry| {
        let wanted = match whom {
            Whom::One(id) => entry.id == id.as_str(),
            Whom::Here | Whom::Everywhere => true,
        };
        wanted && entry.store == location
    });
    ours.map(Target::Listed).collect()
}

fn tell(
    targets: &[Target],
    store: &mut Option<&mut dyn Store>,
    mode: StopMode,
) -> Result<(), StoreError> {
    if let Some(store) = store {
        let ids: Vec<_> = targets.iter().filter_map(Target::id).cloned().collect();
        store.request_stop(&ids, mode)?;
    }
    for pid in targets.iter().filter_map(Target::process) {
        // The signal makes it look at the store at once, or stands in for the
        // store. It may have ended by itself since.
        let _ = os::ask_to_stop(pid, mode == StopMode::Now);
    }
    Ok(())
}

/// Waits for the end of all; says whether it came before the deadline. Those that have ended are no targets any more.
fn wait(
    targets: &mut Vec<Target>,
    store: &mut Option<&mut dyn Store>,
    deadline: Option<Instant>,
) -> Result<bool, StoreError> {
    loop {
        targets.retain(|target| target.lives() != Some(false));
        let elsewhere = targets.iter().any(|target| target.lives().is_none());
        if let Some(store) = store.as_mut().filter(|_| elsewhere) {
            let known = store.workers()?.into_iter();
            let living = known.filter(|info| liveness(info) == Liveness::Elsewhere);
            let living: HashSet<_> = living.map(|info| info.worker.id).collect();
            targets.retain(|target| {
                target.lives() == Some(true) || target.id().is_some_and(|id| living.contains(id))
            });
        }
        if targets.is_empty() {
            return Ok(true);
        }
        let pause = if elsewhere { ASK } else { LOOK };
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(false);
        }
        thread::sleep(left.map_or(pause, |left| left.min(pause)));
    }
}

struct Nobody;

impl Observer for Nobody {
    fn notice(&self, _: &Happening<'_>) {}
}
