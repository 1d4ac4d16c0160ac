//! Stops the workers of a store: those of this machine, or all there are.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::WorkerId;
use queuectl_process::os;
use queuectl_store::{ErrorKind, Location, StopMode, Store, StoreError, WorkerInfo};

use crate::life::{has_ended, is_running_here};
use crate::rescue::rescue_gone;
use crate::{DataFolder, Happening, HeldUp, Liveness, Observer, held_up, liveness, registry};

/// How often to look whether workers of this machine have ended.
const LOOK: Duration = Duration::from_millis(5);
/// How often to look for processes of another user for which jobs of this machine wait.
const TELL: Duration = Duration::from_secs(1);
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
    /// The worker that runs the job which gives this order, if one does.
    pub given_by: Option<WorkerId>,
}

/// What has become of workers that were to stop.
#[derive(Debug, Default)]
pub struct Stopped {
    /// How many have ended.
    pub ended: usize,
    /// How many are out of reach: they haven't been heard of for longer than their leases, or are out of sight. They end when they
    /// come back.
    pub out_of_reach: usize,
    /// The worker that runs the job which gave the order, if one does. It was asked to finish what it runs, and isn't waited for:
    /// it waits for that very job.
    pub asked: Option<WorkerId>,
    /// Why the store couldn't be used. Workers may have been found and told without it, and jobs of dead workers not put back.
    pub trouble: Option<StoreError>,
}

/// Stops workers of the store at `location`, waits for the end of those that are within reach, and returns how many there were.
/// Jobs of workers of this machine that have died are put back.
///
/// `waits` is called once for each process of another user for which one of their jobs waits.
///
/// Without a store, or if it fails, the background workers of this machine are found through `workers.json` and stopped by signals.
///
/// # Errors
///
/// Fails if the store does and there are workers that can't be stopped without it; workers that have been told to stop do so all
/// the same. [`StoreError::NoSuchWorker`] if the worker that is to stop isn't there.
pub fn stop(
    data: &DataFolder,
    location: &Location,
    store: Option<&mut dyn Store>,
    order: &StopOrder,
    waits: &dyn Fn(&HeldUp),
) -> Result<Stopped, StoreError> {
    let mut stopping = Stopping::find(data, location, store, order)?;
    let count = stopping.targets.len();
    stopping.tell_all(order.mode)?;
    let told: HashSet<_> = stopping.ids().collect();
    let mut away = stopping.tell_those_out_of_reach(data, order)?;
    let deadline = order.force_after.map(|length| Instant::now() + length);
    if !stopping.wait(deadline, waits)? {
        stopping.tell_all(StopMode::Now)?;
        stopping.wait(None, waits)?;
    }
    // One that was killed before it could obey may have left jobs behind.
    stopping.heed(|store| rescue_gone(store, false, &Nobody))?;
    // Others were cut off while they were waited for.
    let cut_off = stopping.heed(|store| out_of_reach(store, data, &order.whom))?;
    let cut_off = cut_off.unwrap_or_default().into_iter();
    away.extend(cut_off.filter(|id| told.contains(id)));
    // The list may name some that have just ended; it does no harm if it goes on doing so.
    let _ = registry::prune(data, None);
    Ok(Stopped {
        ended: count - away.intersection(&told).count(),
        out_of_reach: away.len(),
        asked: stopping.own.and_then(|own| own.id()),
        trouble: stopping.trouble,
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
            Self::Known(info) => is_running_here(info).then_some(info.worker.pid),
            Self::Listed(entry) => entry.is_alive().then_some(entry.pid),
        }
    }

    fn id(&self) -> Option<WorkerId> {
        match self {
            Self::Known(info) => Some(info.worker.id.clone()),
            Self::Listed(entry) => entry.id.parse().ok(),
        }
    }

    /// Whether it lives; none if the store has to be asked.
    fn lives(&self) -> Option<bool> {
        if self.process().is_some() {
            // It lets go of its life a moment before its process has closed the store and gone.
            return Some(true);
        }
        match self {
            Self::Known(info) if has_ended(info) => Some(false),
            Self::Known(info) => match liveness(info) {
                Liveness::Alive => Some(true),
                Liveness::Dead => Some(false),
                Liveness::Elsewhere | Liveness::Lapsed | Liveness::OutOfSight => None,
            },
            Self::Listed(_) => Some(false),
        }
    }

    /// Signals its process, if that runs on this machine. This makes the worker look at the store at once, or replaces the store.
    fn signal(&self, mode: StopMode) {
        if let Some(pid) = self.process() {
            // It may have ended by itself since.
            let _ = os::ask_to_stop(pid, mode == StopMode::Now);
        }
    }
}

/// Workers that are being stopped.
struct Stopping<'a> {
    /// `None` without a store, or once it has failed.
    store: Option<&'a mut dyn Store>,
    trouble: Option<StoreError>,
    targets: Vec<Target>,
    /// The worker that runs the job which gave the order.
    own: Option<Target>,
    /// The processes of another user that have been reported.
    held_up: Vec<HeldUp>,
}

impl<'a> Stopping<'a> {
    fn find(
        data: &DataFolder,
        location: &Location,
        store: Option<&'a mut dyn Store>,
        order: &StopOrder,
    ) -> Result<Self, StoreError> {
        let mut stopping = Self {
            store,
            trouble: None,
            targets: Vec::new(),
            own: None,
            held_up: Vec::new(),
        };
        let known = stopping.heed(|store| known_to_the_store(store, &order.whom))?;
        stopping.targets = match known {
            Some(known) => known,
            None => known_on_this_machine(data, location, &order.whom),
        };
        if stopping.targets.is_empty()
            && let Some(trouble) = stopping.trouble.take()
        {
            // There may be workers that only the store knows.
            return Err(trouble);
        }
        let is_own = |target: &Target| order.given_by.is_some() && target.id() == order.given_by;
        if let Some(at) = stopping.targets.iter().position(is_own) {
            stopping.own = Some(stopping.targets.remove(at));
        }
        Ok(stopping)
    }

    fn ids(&self) -> impl Iterator<Item = WorkerId> {
        self.targets.iter().filter_map(Target::id)
    }

    /// Calls the store, unless there is none or it has failed before: then the answer is `None`.
    fn heed<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn Store) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Some(store) = &mut self.store else {
            return Ok(None);
        };
        match ask(*store) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                self.store = None;
                self.trouble = Some(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells all of them to stop. The worker that runs the job which gave the order is always asked to finish what it runs: a stop
    /// at once would end that job, which would run again and give the same order.
    fn tell_all(&mut self, mode: StopMode) -> Result<(), StoreError> {
        self.targets.iter().for_each(|target| target.signal(mode));
        self.own.iter().for_each(|own| own.signal(StopMode::Drain));
        let ids: Vec<_> = self.ids().collect();
        let own: Vec<_> = self.own.iter().filter_map(Target::id).collect();
        for (ids, mode) in [(ids, mode), (own, StopMode::Drain)] {
            if !ids.is_empty() {
                self.heed(|store| store.request_stop(&ids, mode))?;
            }
        }
        if self.targets.iter().any(|target| target.lives().is_none()) {
            // Workers of other machines hear of it only from the store.
            return self.trouble.take().map_or(Ok(()), Err);
        }
        Ok(())
    }

    /// Leaves the order for workers that are out of reach, and returns them.
    fn tell_those_out_of_reach(
        &mut self,
        data: &DataFolder,
        order: &StopOrder,
    ) -> Result<HashSet<WorkerId>, StoreError> {
        let away = self.heed(|store| {
            let away = out_of_reach(store, data, &order.whom)?;
            let ids: Vec<_> = away.iter().cloned().collect();
            if !ids.is_empty() {
                store.request_stop(&ids, order.mode)?;
            }
            Ok(away)
        })?;
        Ok(away.unwrap_or_default())
    }

    fn tell_what_holds_up(&mut self, waits: &dyn Fn(&HeldUp)) {
        for target in &self.targets {
            let Target::Known(info) = target else {
                continue;
            };
            for held_up in held_up(info) {
                if !self.held_up.contains(&held_up) {
                    waits(&held_up);
                    self.held_up.push(held_up);
                }
            }
        }
    }

    /// Waits until all have ended; returns false if the deadline came first. Those that have ended are removed.
    fn wait(
        &mut self,
        deadline: Option<Instant>,
        waits: &dyn Fn(&HeldUp),
    ) -> Result<bool, StoreError> {
        let mut tell_at = Instant::now() + TELL;
        loop {
            if Instant::now() >= tell_at {
                self.tell_what_holds_up(waits);
                tell_at = Instant::now() + TELL;
            }
            self.targets.retain(|target| target.lives() != Some(false));
            let elsewhere = self.targets.iter().any(|target| target.lives().is_none());
            if elsewhere {
                let known = self.heed(|store| store.workers())?;
                let Some(known) = known else {
                    return self.trouble.take().map_or(Ok(true), Err);
                };
                let living = known
                    .into_iter()
                    .filter(|info| liveness(info) == Liveness::Elsewhere);
                let living: HashSet<_> = living.map(|info| info.worker.id).collect();
                self.targets.retain(|target| {
                    target.lives() == Some(true)
                        || target.id().is_some_and(|id| living.contains(&id))
                });
            }
            if self.targets.is_empty() {
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
        // The end of a worker that is out of sight can't be noticed, so it isn't waited for.
        Liveness::Dead | Liveness::OutOfSight => false,
        Liveness::Elsewhere => *whom != Whom::Here,
        Liveness::Lapsed => is_running_here(info),
    });
    let known = |info| Target::Known(Box::new(info));
    Ok(workers.into_iter().map(known).collect())
}

/// The workers of `whom` that can't hear of a stop now: those whose leases are over and that aren't seen to run here, those that the
/// store has given up, and those that are out of sight.
fn out_of_reach(
    store: &mut dyn Store,
    data: &DataFolder,
    whom: &Whom,
) -> Result<HashSet<WorkerId>, StoreError> {
    let mut away: HashSet<_> = store.lost_workers()?.into_iter().collect();
    for info in store.workers()? {
        let is_away = match liveness(&info) {
            Liveness::OutOfSight => *whom != Whom::Here,
            Liveness::Lapsed => !is_running_here(&info),
            Liveness::Alive | Liveness::Dead | Liveness::Elsewhere => false,
        };
        if is_away {
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

/// An observer that doesn't listen.
pub(crate) struct Nobody;

impl Observer for Nobody {
    fn notice(&self, _: &Happening<'_>) {}
}
