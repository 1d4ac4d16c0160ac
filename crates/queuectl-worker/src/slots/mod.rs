//! The slots of a worker and its jobs: those that wait for a slot, those that run, those that have
//! ended.
//!
//! The worker's loop puts in what it has claimed and takes out what has ended. The slots take their
//! next job by themselves, and tell the loop of an end when it should act on it: at once, unless jobs
//! are short and enough are claimed ahead for them to go on with.

mod ability;
mod table;

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::Scope;
use std::time::{Duration, Instant};

use queuectl_domain::{Fence, Job, Settings};
use queuectl_process::{StopSignal, Unable};
use queuectl_store::{Claimed, Printed, Reply, Ticket};

use self::ability::Ability;
use self::table::{Place, State};
use crate::capture::SharedCapture;
use crate::pace::Pace;
use crate::signal::Signal;
use crate::slot::{Slot, Surroundings};

pub(crate) use self::table::{Assignment, Done, Report, Table, Task};

/// A worker's slots, as its loop sees them. Their threads end when this is dropped.
pub(crate) struct Slots<'scope> {
    table: Arc<Table>,
    surroundings: &'scope Surroundings<'scope>,
}

impl<'scope> Slots<'scope> {
    /// Starts a thread for each slot.
    pub(crate) fn start(
        count: usize,
        surroundings: &'scope Surroundings<'scope>,
        signals: Sender<Signal>,
        scope: &'scope Scope<'scope, '_>,
    ) -> io::Result<Self> {
        let pace = if surroundings.observer.is_watched() {
            Pace::in_step(count)
        } else {
            Pace::new(count)
        };
        let table = Arc::new(Table {
            state: Mutex::new(State {
                places: Vec::with_capacity(count),
                waiting: VecDeque::new(),
                ended: Vec::new(),
                refused: Vec::new(),
                ability: Ability::default(),
                pace,
                lead: 0,
                free_entries: (0..Self::entries(count)).rev().collect(),
                told: false,
                closed: false,
            }),
            changed: Condvar::new(),
            signals,
            troubled: AtomicBool::new(false),
        });
        let slots = Self {
            table,
            surroundings,
        };
        for number in 0..count {
            let capture = SharedCapture::default();
            let stop = Arc::new(StopSignal::new()?);
            slots.state().places.push(Place {
                capture: capture.clone(),
                stop: Arc::clone(&stop),
                stop_given: false,
                running: None,
            });
            let slot = Slot {
                number,
                surroundings,
                table: Arc::clone(&slots.table),
                stop,
                capture,
            };
            std::thread::Builder::new()
                .name(format!("slot {number}"))
                .stack_size(512 * 1024)
                .spawn_scoped(scope, move || slot.work())?;
        }
        if surroundings.lease.is_limited() {
            let table = Arc::clone(&slots.table);
            std::thread::Builder::new()
                .name("lease".into())
                .spawn_scoped(scope, move || {
                    let anything_runs = || table.state().running().next().is_some();
                    let end = |grace| table.cut_off(grace, surroundings);
                    surroundings.lease.keep(anything_runs, end);
                })?;
        }
        Ok(slots)
    }

    /// How many claims a worker with `count` slots holds at most.
    pub(crate) fn entries(count: usize) -> usize {
        count + Pace::most(count)
    }

    /// How many jobs more there is use for, when so many are to be done.
    pub(crate) fn wanted(&self, unfinished: u64) -> usize {
        let mut state = self.state();
        state.lead = state.pace.lead(unfinished);
        let held = state.waiting.len() + state.ended.len();
        let wanted = (state.idle() + state.lead).saturating_sub(held);
        wanted.min(state.ability.most())
    }

    /// Returns true if a slot is free and may be given a job.
    pub(crate) fn any_idle(&self) -> bool {
        let state = self.state();
        state.idle() > state.waiting.len() && state.ability.most() > 0
    }

    /// Whether nothing runs, waits for a slot, or has ended without the loop knowing.
    pub(crate) fn are_empty(&self) -> bool {
        let state = self.state();
        let nothing_runs = state.idle() == state.places.len();
        let nothing_ended = state.ended.is_empty() && state.refused.is_empty();
        nothing_runs && nothing_ended && state.waiting.is_empty()
    }

    /// Returns why the machine refuses to start jobs, or did a short time ago.
    pub(crate) fn unable(&self) -> Option<Unable> {
        if !self.table.troubled.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.state();
        let unable = state.ability.unable(Instant::now()).cloned();
        let is_troubled = unable.is_some();
        self.table.troubled.store(is_troubled, Ordering::Relaxed);
        unable
    }

    /// How long an end may be kept from the store. None while no jobs wait for a slot: then it isn't kept at all.
    pub(crate) fn settle_within(&self) -> Option<Duration> {
        let state = self.state();
        (!state.waiting.is_empty()).then(|| state.pace.settle_within())
    }

    /// Notes how long a turn with the store took.
    pub(crate) fn turn_took(&self, elapsed: Duration) {
        self.state().pace.turn_took(elapsed);
    }

    /// Puts in jobs that have been claimed.
    pub(crate) fn assign(&self, claimed: Vec<Claimed>, settings: &Settings) {
        if claimed.is_empty() {
            return;
        }
        let claimed_at = Instant::now();
        let mut state = self.state();
        for Claimed { ticket, job } in claimed {
            state.ability.claimed(ticket.fence);
            let entry = state.free_entries.pop();
            state.waiting.push_back(Assignment {
                ticket,
                job: Arc::new(job),
                grace: settings.kill_grace,
                entry: entry.expect("no more is claimed than is wanted"),
                output_limit: settings.output_limit,
                claimed_at,
            });
        }
        let to_wake = state.idle().min(state.waiting.len());
        drop(state);
        for _ in 0..to_wake {
            self.table.changed.notify_one();
        }
    }

    /// What all slots share.
    pub(crate) fn surroundings(&self) -> &'scope Surroundings<'scope> {
        self.surroundings
    }

    /// Returns a sender of signals to the worker's loop.
    pub(crate) fn signals(&self) -> Sender<Signal> {
        self.table.signals.clone()
    }

    /// Takes out what has ended.
    pub(crate) fn take_ended(&self) -> Vec<Done> {
        let mut state = self.state();
        state.told = false;
        std::mem::take(&mut state.ended)
    }

    /// The store knows of the end of a job that is noted in this entry of the roster.
    pub(crate) fn forget(&self, entry: usize) {
        // As in a slot: without it, more is taken for begun than was.
        let _ = self.surroundings.roster.clear(entry);
        self.state().free_entries.push(entry);
    }

    /// Takes out the claims of jobs whose start was refused, and, while none can be started, of those that wait.
    pub(crate) fn take_refused(&self) -> Vec<Ticket> {
        let mut state = self.state();
        let mut refused = std::mem::take(&mut state.refused);
        if !state.ability.may_begin() {
            let waiting = state.take_waiting(|_| true);
            refused.extend(waiting.into_iter().map(|one| one.ticket));
        }
        refused
    }

    /// Takes back the jobs that wait for a slot.
    pub(crate) fn recall(&self) -> Vec<Ticket> {
        let recalled = self.state().take_waiting(|_| true);
        recalled.into_iter().map(|one| one.ticket).collect()
    }

    /// The same, if the first of them has waited too long.
    pub(crate) fn recall_overdue(&self) -> Vec<Ticket> {
        let mut state = self.state();
        let first = state.waiting.front();
        let patience = state.pace.patience();
        if first.is_none_or(|first| first.claimed_at.elapsed() < patience) {
            return Vec::new();
        }
        state.pace.was_wrong();
        drop(state);
        self.recall()
    }

    /// The claims that are held.
    pub(crate) fn tickets(&self) -> Vec<Ticket> {
        let state = self.state();
        let running = state.running().filter(|running| !running.lost);
        let running = running.map(|running| running.ticket);
        let waiting = state.waiting.iter().map(|waiting| waiting.ticket);
        running.chain(waiting).collect()
    }

    /// What running jobs have printed since this was last asked.
    pub(crate) fn printed(&self) -> Vec<Printed> {
        let state = self.state();
        let printed = state.places.iter().filter_map(|place| {
            let running = place.running.as_ref().filter(|running| !running.lost)?;
            let chunks = place.capture.lock().take();
            let ticket = running.ticket;
            (!chunks.is_empty()).then_some(Printed { ticket, chunks })
        });
        printed.collect()
    }

    /// Puts back what [`printed`](Self::printed) took, if the store couldn't take it.
    pub(crate) fn unprint(&self, printed: Vec<Printed>) {
        let state = self.state();
        for Printed { ticket, chunks } in printed {
            let place = state.places.iter().find(|place| {
                let running = place.running.as_ref();
                running.is_some_and(|running| running.ticket == ticket)
            });
            if let Some(place) = place {
                place.capture.lock().put_back(chunks);
            }
        }
    }

    /// Ends everything that runs.
    pub(crate) fn stop(&self) {
        self.state().places.iter_mut().for_each(Place::stop);
    }

    /// Users want these runs ended: ends them, and takes back those that wait for a slot.
    pub(crate) fn end(&self, reply: &Reply) -> Vec<Ticket> {
        let is_to_end = |fence| reply.to_end.contains(&fence);
        let mut state = self.state();
        for place in &mut state.places {
            let Some(running) = &mut place.running else {
                continue;
            };
            if is_to_end(running.ticket.fence) && !running.to_end {
                running.to_end = true;
                place.stop();
            }
        }
        let unbegun = state.take_waiting(is_to_end);
        unbegun.into_iter().map(|one| one.ticket).collect()
    }

    /// Claims have been lost: ends what runs under them, and returns the jobs that won't be begun.
    pub(crate) fn lose(&self, is_lost: impl Fn(Fence) -> bool) -> Vec<Arc<Job>> {
        let surroundings = self.surroundings;
        let mut state = self.state();
        for place in &mut state.places {
            if let Some(running) = &mut place.running
                && is_lost(running.ticket.fence)
            {
                running.lost = true;
                if surroundings.lease.is_limited() {
                    // Another may run it by now.
                    place.stop_within(Duration::ZERO);
                } else {
                    place.stop();
                }
            }
        }
        let lost = state.take_waiting(is_lost);
        lost.into_iter().map(|assignment| assignment.job).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.table.state()
    }
}

impl Drop for Slots<'_> {
    fn drop(&mut self) {
        self.state().closed = true;
        self.table.changed.notify_all();
        self.surroundings.lease.close();
    }
}
