//! What a worker's loop and its slots share: the jobs that wait for a slot, those that run, those that have ended.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use queuectl_domain::{Ending, Fence, Job, Outcome};
use queuectl_process::{Step, StopSignal, Unable};
use queuectl_store::{Settled, Ticket};

use super::ability::Ability;
use crate::Happening;
use crate::capture::{Capture, SharedCapture};
use crate::lease::Lease;
use crate::pace::Pace;
use crate::signal::Signal;
use crate::slot::Surroundings;

/// What the loop and the slots share.
pub(crate) struct Table {
    pub(super) state: Mutex<State>,
    /// A job waits for a slot, or the table has been closed.
    pub(super) changed: Condvar,
    pub(super) signals: Sender<Signal>,
    /// Whether starts are refused, or were a short time ago. Read without the lock.
    pub(super) troubled: AtomicBool,
}

pub(super) struct State {
    pub(super) places: Vec<Place>,
    pub(super) waiting: VecDeque<Assignment>,
    pub(super) ended: Vec<Done>,
    /// Claims of jobs whose start the machine has refused.
    pub(super) refused: Vec<Ticket>,
    pub(super) ability: Ability,
    pub(super) pace: Pace,
    /// How many jobs were to be claimed ahead in the last turn.
    pub(super) lead: usize,
    /// Entries of the roster that stand for no job.
    pub(super) free_entries: Vec<usize>,
    /// The loop has been told of an end, and hasn't looked since.
    pub(super) told: bool,
    pub(super) closed: bool,
}

/// One slot.
pub(super) struct Place {
    pub(super) capture: SharedCapture,
    pub(super) stop: Arc<StopSignal>,
    pub(super) stop_given: bool,
    pub(super) running: Option<Running>,
}

pub(super) struct Running {
    pub(super) ticket: Ticket,
    pub(super) job: Arc<Job>,
    pub(super) entry: usize,
    pub(super) lost: bool,
    /// A user wants it ended.
    pub(super) to_end: bool,
    /// It is being ended since the lease is about to be over.
    pub(super) cut_off: bool,
}

/// A job to be run.
pub(crate) struct Assignment {
    pub(crate) ticket: Ticket,
    pub(crate) job: Arc<Job>,
    pub(crate) grace: Duration,
    /// Where it is noted in the roster.
    pub(crate) entry: usize,
    pub(super) output_limit: u64,
    pub(super) claimed_at: Instant,
}

/// What a slot is to do next.
pub(crate) enum Task {
    /// Run a job.
    Attempt(Assignment),
    /// Try whether this step of a start is possible again.
    Trial(Step),
}

/// What has become of a slot's task.
pub(crate) enum Report {
    /// The attempt has ended.
    Ended(Settled),
    /// The attempt never began: the machine has no room for it.
    Refused(Unable),
    /// The trial has ended.
    Tried(Result<(), Unable>),
}

/// An attempt that has ended.
pub(crate) struct Done {
    pub(crate) settled: Settled,
    pub(crate) job: Arc<Job>,
    pub(crate) lost: bool,
    /// Where it is noted in the roster, until the store knows of its end.
    pub(crate) entry: usize,
}

impl Table {
    /// Takes in a slot's report, waits for its next task and returns that; `None` if the table is closed.
    pub(crate) fn next(&self, slot: usize, report: Option<Report>, lease: &Lease) -> Option<Task> {
        let mut state = self.state();
        match report {
            None => {}
            Some(Report::Ended(settled)) => state.end(slot, settled, lease),
            Some(Report::Refused(why)) => {
                state.refuse(slot, why);
                self.troubled.store(true, Ordering::Relaxed);
            }
            Some(Report::Tried(result)) => {
                let may_claim = state.ability.tried(result, Instant::now());
                if may_claim {
                    self.tell(Signal::Able);
                }
            }
        }
        let mut next = state.begin(slot, lease).map(Task::Attempt);
        if state.should_tell() {
            state.told = true;
            drop(state);
            self.tell(Signal::Ended);
            state = self.state();
        }
        while next.is_none() && !state.closed {
            let job = state.begin(slot, lease).map(Task::Attempt);
            next = job.or_else(|| state.ability.try_now(Instant::now()).map(Task::Trial));
            if next.is_none() {
                state = self.wait(state);
            }
        }
        next
    }

    /// Waits until something has changed, or it is time for a trial.
    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        match state.ability.pause(Instant::now()) {
            None => self.changed.wait(state),
            Some(pause) => {
                let waited = self.changed.wait_timeout(state, pause);
                waited
                    .map(|(state, _)| state)
                    .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0))
            }
        }
        .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a job's command runs.
    pub(crate) fn started(&self, fence: Fence) {
        // Without trouble there is nothing to note, and the lock would cost short jobs time.
        if self.troubled.load(Ordering::Relaxed) && self.state().ability.started(fence) {
            self.tell(Signal::Able);
        }
    }

    fn tell(&self, signal: Signal) {
        // A loop that has gone doesn't want to know.
        let _ = self.signals.send(signal);
    }

    /// Ends everything that runs, by force after `grace`: the lease is about to be over.
    pub(super) fn cut_off(&self, grace: Duration, surroundings: &Surroundings<'_>) {
        let mut state = self.state();
        let mut running = 0;
        for place in &mut state.places {
            if let Some(one) = &mut place.running {
                one.cut_off = true;
                running += 1;
                place.stop_within(grace);
            }
        }
        drop(state);
        if running > 0 {
            surroundings.observer.notice(&Happening::CutOff { running });
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn running(&self) -> impl Iterator<Item = &Running> {
        self.places
            .iter()
            .filter_map(|place| place.running.as_ref())
    }

    pub(super) fn idle(&self) -> usize {
        self.places.len() - self.running().count()
    }

    /// Takes out jobs that wait for a slot.
    pub(super) fn take_waiting(&mut self, is_wanted: impl Fn(Fence) -> bool) -> Vec<Assignment> {
        let waiting = self.waiting.drain(..);
        let (taken, kept): (Vec<_>, Vec<_>) =
            waiting.partition(|waiting| is_wanted(waiting.ticket.fence));
        self.waiting = kept.into();
        for assignment in &taken {
            self.free_entries.push(assignment.entry);
            self.ability.settled(assignment.ticket.fence);
        }
        taken
    }

    /// The next job of a slot. None is begun without a lease that lasts, or on a machine without room.
    fn begin(&mut self, slot: usize, lease: &Lease) -> Option<Assignment> {
        if self.waiting.is_empty() || !lease.is_held() || !self.ability.may_begin() {
            return None;
        }
        let place = self.places.get_mut(slot)?;
        let assignment = self.waiting.pop_front()?;
        *place.capture.lock() = Capture::new(assignment.output_limit);
        if place.stop_given {
            // It was meant for the job before this one.
            place.stop.reset();
            place.stop_given = false;
        }
        place.running = Some(Running {
            ticket: assignment.ticket,
            job: Arc::clone(&assignment.job),
            entry: assignment.entry,
            lost: false,
            to_end: false,
            cut_off: false,
        });
        Some(assignment)
    }

    fn end(&mut self, slot: usize, mut settled: Settled, lease: &Lease) {
        let place = self.places.get_mut(slot);
        let Some(running) = place.and_then(|place| place.running.take()) else {
            return;
        };
        let cut_off = match settled.ending.outcome {
            Outcome::Stopped => running.cut_off,
            // A worker that was frozen may find its jobs ended by others.
            Outcome::Killed => !lease.is_held(),
            _ => false,
        };
        if cut_off {
            settled.ending = Ending::cut_off(settled.ending.exec_time);
        }
        self.pace.saw(settled.ending.exec_time);
        self.ability.settled(settled.ticket.fence);
        self.ended.push(Done {
            settled,
            job: running.job,
            lost: running.lost,
            entry: running.entry,
        });
    }

    /// Takes the job from a slot, because the machine refused to start it.
    fn refuse(&mut self, slot: usize, why: Unable) {
        self.ability.refused(why);
        let place = self.places.get_mut(slot);
        if let Some(running) = place.and_then(|place| place.running.take()) {
            self.free_entries.push(running.entry);
            self.refused.push(running.ticket);
        }
    }

    /// Whether the loop should hear now that something has ended.
    fn should_tell(&self) -> bool {
        let is_time = !self.ended.is_empty() && self.waiting.len() <= self.lead / 2;
        !self.told && (is_time || !self.refused.is_empty())
    }
}

impl Place {
    pub(super) fn stop(&mut self) {
        if self.running.is_some() {
            self.stop.handle().stop();
            self.stop_given = true;
        }
    }

    pub(super) fn stop_within(&mut self, grace: Duration) {
        if self.running.is_some() {
            self.stop.handle().stop_within(grace);
            self.stop_given = true;
        }
    }
}
