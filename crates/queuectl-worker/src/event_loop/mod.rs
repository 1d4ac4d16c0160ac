//! The loop of a worker: tell the store what has happened, do what it says, wait.
//!
//! It waits for events, never for time to pass in small steps: an attempt has
//! ended, the bell was rung, someone wants it to stop. A slow tick looks after
//! running jobs and other workers.

mod alarms;
mod endure;
mod farewell;
mod rings;
mod turn;
mod unable;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use queuectl_process::os;
use queuectl_store::{StopMode, Store, Worker};

use self::alarms::Alarms;
use self::farewell::Farewell;
use self::rings::Rings;
use self::unable::Reported;
use crate::backlog::Backlog;
use crate::lease::Lease;
use crate::others::{Others, Watch};
use crate::rescuer::Tried;
use crate::retention::Retention;
use crate::run::{Options, RunError};
use crate::signal::{Cause, Signal};
use crate::slots::Slots;
use crate::trouble::Trouble;
use crate::wake::Wake;
use crate::{Control, Happening, Observer};

pub(crate) struct EventLoop<'a> {
    store: &'a mut dyn Store,
    me: &'a Worker,
    options: &'a Options,
    control: &'a Control,
    observer: &'a dyn Observer,
    slots: Slots<'a>,
    others: Others<'a>,
    /// What is told in the next turn.
    backlog: Backlog,
    attempts: u64,
    /// How many jobs there were to do after the last turn.
    unfinished: u64,
    stop: Option<StopMode>,
    /// The path of a file by which others know this worker and that was deleted, moved or replaced.
    displaced: Option<PathBuf>,
    /// Set while the store fails.
    trouble: Option<Trouble>,
    /// Who has been told what keeps this worker from starting jobs.
    unable: Reported,
    farewell: Farewell,
    rings: Rings,
    alarms: Alarms,
    retention: Retention,
}

impl<'a> EventLoop<'a> {
    pub(crate) fn new(
        store: &'a mut dyn Store,
        me: &'a Worker,
        options: &'a Options,
        control: &'a Control,
        observer: &'a dyn Observer,
        slots: Slots<'a>,
        wake: Wake,
    ) -> Self {
        let leased = slots.surroundings().lease.is_limited();
        let signals = slots.signals();
        Self {
            store,
            me,
            options,
            control,
            observer,
            slots,
            others: Others::new(me, &options.data, leased, signals),
            backlog: Backlog::default(),
            attempts: 0,
            unfinished: 0,
            stop: None,
            displaced: None,
            trouble: None,
            unable: Reported::default(),
            farewell: Farewell::default(),
            rings: Rings::new(wake),
            alarms: Alarms::new(),
            retention: Retention::new(),
        }
    }

    /// Works until the worker has been stopped, or has nothing left to do.
    pub(crate) fn run(&mut self, signals: &Receiver<Signal>) -> Result<(), RunError> {
        let result = self.work(signals);
        if result.is_err() {
            self.end_all(signals);
        }
        if signals
            .try_iter()
            .any(|signal| matches!(signal, Signal::Rung))
        {
            self.rings.ring();
        }
        result
    }

    /// How many attempts it has run.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts
    }

    fn work(&mut self, signals: &Receiver<Signal>) -> Result<(), RunError> {
        self.look_after_others(Watch::All)?;
        let mut cause = Some(Cause::Woken);
        loop {
            if let Some(cause) = cause {
                self.turn(cause)?;
            }
            self.tell_ability()?;
            if self.is_done() {
                return self
                    .displaced
                    .take()
                    .map_or(Ok(()), |path| Err(RunError::Displaced(path)));
            }
            self.sees_to_its_farewell();
            self.give_up()?;
            cause = self.wait(signals)?;
        }
    }

    /// Whether the worker has been stopped, or has nothing left to do, and owes nothing.
    fn is_done(&self) -> bool {
        // Otherwise the jobs of a dead worker would wait until another worker looks.
        if self.stop == Some(StopMode::Drain) && self.others.are_being_rescued() {
            return false;
        }
        self.stop.is_some() && self.slots.are_empty() && !self.owes_the_store()
    }

    /// Returns true if the store still has to be told something, or has to sync it.
    fn owes_the_store(&self) -> bool {
        !self.backlog.is_empty() || self.alarms.owes_sync()
    }

    /// Waits until there is a reason for a turn, if there is one before the next event.
    fn wait(&mut self, signals: &Receiver<Signal>) -> Result<Option<Cause>, RunError> {
        if self.takes_jobs() {
            self.rings.arm();
        }
        if self.rings.asks_again() && self.trouble.is_none() {
            return Ok(Some(Cause::Woken));
        }
        let first = match signals.recv_timeout(self.patience()) {
            Ok(signal) => Some(signal),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => unreachable!("the slots hold a sender"),
        };
        let mut cause = None;
        for signal in first.into_iter().chain(signals.try_iter()) {
            cause = cause.max(self.take_in(signal)?);
        }
        if self.take_ended() | self.take_back() {
            cause = cause.max(Some(Cause::Ended));
        }
        let now = Instant::now();
        if self.alarms.is_tick(now) && self.tick(now)? {
            return Ok(Some(Cause::Tick));
        }
        if self.alarms.is_due(now) || self.trouble.is_some() {
            cause = cause.max(Some(Cause::Woken));
        }
        if cause.is_none() && self.alarms.is_sync(now) {
            self.sync()?;
        }
        Ok(cause)
    }

    /// Returns true if the worker may claim more jobs.
    fn may_claim(&self) -> bool {
        self.stop.is_none() && !self.observer.is_behind()
    }

    /// Returns true if a slot is free and may be given a job.
    fn takes_jobs(&self) -> bool {
        self.may_claim() && self.slots.any_idle()
    }

    /// How long there is nothing to do unless something happens.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let next = match &self.trouble {
            Some(trouble) => {
                let until = trouble.until();
                self.gives_up_at().map_or(until, |at| at.min(until))
            }
            None => {
                let settle = self.slots.settle_within().map(|length| now + length);
                let alarm = self.alarms.next(self.takes_jobs());
                settle.map_or(alarm, |settle| settle.min(alarm))
            }
        };
        next.saturating_duration_since(now)
    }

    fn take_in(&mut self, signal: Signal) -> Result<Option<Cause>, RunError> {
        Ok(match signal {
            Signal::Ended => None,
            Signal::Rung => self.rings.rung(self.takes_jobs()),
            Signal::Able | Signal::CaughtUp | Signal::StopAsked => Some(Cause::Woken),
            Signal::Tried(tried) => self.take_rescued(*tried)?.then_some(Cause::Woken),
        })
    }

    /// Puts back the jobs of a dead worker once nothing of it runs any more. Returns true if there were any.
    fn take_rescued(&mut self, tried: Tried) -> Result<bool, RunError> {
        let Some((dead, orphans)) = self.others.tried(tried, self.observer) else {
            return Ok(false);
        };
        if self.trouble.is_some() {
            // The dead worker is found again when the store answers.
            return Ok(false);
        }
        match dead.put_back(self.store, orphans, self.observer) {
            Ok(0) => Ok(false),
            Ok(_) => {
                self.rings.ring();
                Ok(true)
            }
            Err(error) => self.endure(error).map(|()| false),
        }
    }

    /// Takes in what has ended; says whether that was anything.
    fn take_ended(&mut self) -> bool {
        let ended = self.slots.take_ended();
        let any = !ended.is_empty();
        for done in ended {
            if done.lost {
                self.slots.forget(done.entry);
                self.observer.notice(&Happening::JobLost { job: &done.job });
            } else {
                self.backlog.end(done);
            }
        }
        if self.trouble.is_some() {
            self.backlog.bound();
        }
        any
    }

    /// Takes back what has waited for a slot for too long, or couldn't be started; says whether that was anything.
    fn take_back(&mut self) -> bool {
        let mut back = self.slots.take_refused();
        back.extend(self.slots.recall_overdue());
        let any = !back.is_empty();
        self.backlog.release(back);
        any
    }

    /// Looks after others. Returns true if it is also time for a turn with the store.
    fn tick(&mut self, now: Instant) -> Result<bool, RunError> {
        self.see_whether_displaced();
        os::look_after_orphans();
        self.look_after_others(Watch::Next)?;
        let leased = self.lease().is_limited();
        let idle = self.slots.are_empty() && (self.others.are_none() || leased);
        self.alarms.ticked(now, idle);
        let is_too_soon = self.alarms.is_too_soon_to_ask(now) && !self.lease().is_to_renew();
        Ok(!(idle && leased && is_too_soon))
    }

    /// Stops if others can't know of this worker any more: no other worker could rescue its jobs, and its results may be lost.
    fn see_whether_displaced(&mut self) {
        if self.displaced.is_some() {
            return;
        }
        if let Some(path) = self.slots.surroundings().premises.missing() {
            self.observer.notice(&Happening::Displaced { path: &path });
            self.displaced = Some(path);
            self.heed(Some(StopMode::Drain));
        }
    }

    fn look_after_others(&mut self, watch: Watch) -> Result<(), RunError> {
        if self.trouble.is_some() || self.displaced.is_some() {
            return Ok(());
        }
        match self.others.look(self.store, watch, self.observer) {
            Ok(rescued) => {
                if rescued && watch == Watch::Next {
                    self.rings.ring();
                }
                // Without a heartbeat, others look past this worker, which does no harm.
                let _ = self.slots.surroundings().roster.heartbeat();
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }

    /// Does what was asked for in this process, and lets others see it.
    fn heed_control(&mut self) {
        let asked = self.control.asked();
        if let Some(mode) = asked.filter(|_| asked > self.stop) {
            self.heed(asked);
            if self.trouble.is_none() {
                // If the store can't take it now, the worker stops all the same.
                let me = std::slice::from_ref(&self.me.id);
                let _ = self.store.request_stop(me, mode);
            }
        }
    }

    fn heed(&mut self, asked: Option<StopMode>) {
        if asked <= self.stop {
            return;
        }
        self.backlog.release(self.slots.recall());
        if self.stop.is_none() {
            self.observer.notice(&Happening::Stopping);
        }
        self.stop = asked;
        // During a call to the store it notices neither a second stop nor the end of its patience.
        self.store.set_patience(farewell::PATIENCE_OF_A_CALL);
        self.rings.retire();
        if asked == Some(StopMode::Now) {
            self.slots.stop();
        }
    }

    fn lease(&self) -> &'a Lease {
        &self.slots.surroundings().lease
    }

    /// Ends everything, since the worker can't go on.
    fn end_all(&mut self, signals: &Receiver<Signal>) {
        self.slots.recall();
        self.slots.stop();
        loop {
            self.slots.take_ended();
            if self.slots.are_empty() || signals.recv().is_err() {
                return;
            }
        }
    }
}
