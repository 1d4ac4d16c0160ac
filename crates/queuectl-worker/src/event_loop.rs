//! The loop of a worker: tell the store what has happened, do what it says, wait.
//!
//! It waits for events, never for time to pass in small steps: an attempt has
//! ended, the bell was rung, someone wants it to stop. A slow tick looks after
//! running jobs and other workers.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use queuectl_domain::{Event, Fence};
use queuectl_store::{ErrorKind, Reply, Settled, StopMode, Store, StoreError, Turn, Worker};

use crate::backlog::Backlog;
use crate::lease::{Lease, Sent};
use crate::others::{Others, Watch};
use crate::retention::Retention;
use crate::run::{Options, RunError};
use crate::signal::{Cause, Signal};
use crate::slots::Slots;
use crate::trouble::Trouble;
use crate::wake::Wake;
use crate::{Control, Happening, Observer};

/// How often a worker looks after what it runs, and whether the next worker lives.
const TICK: Duration = Duration::from_millis(500);
/// The same for a worker that runs nothing and knows of no other. Whoever comes
/// and dies is still found within a second.
const IDLE_TICK: Duration = Duration::from_millis(900);
/// A worker that runs nothing leaves a server alone for so long: it may have hundreds of them. With a lease of ordinary length
/// that is when it renews it, too. Who is dead is found within five seconds after its lease all the same.
const ASK_IDLE: Duration = Duration::from_millis(4400);
/// How long a result may wait to be made safe from a power cut.
const SYNC_WITHIN: Duration = Duration::from_millis(50);

pub(crate) struct EventLoop<'a> {
    store: &'a mut dyn Store,
    me: &'a Worker,
    options: &'a Options,
    control: &'a Control,
    observer: &'a dyn Observer,
    slots: Slots<'a>,
    wake: Wake,
    /// What is told in the next turn.
    backlog: Backlog,
    attempts: u64,
    /// How many jobs there were to do after the last turn.
    unfinished: u64,
    stop: Option<StopMode>,
    /// Set while the store fails.
    trouble: Option<Trouble>,
    others: Others<'a>,
    retention: Retention,
    next_tick: Instant,
    /// When the last turn was sent.
    asked: Instant,
    /// The bell was rung for this worker since the last turn.
    rung: bool,
    /// Whether to ask once more what is left: on a server others may have told of their last ends in the same moment.
    ask_again: bool,
    sync_by: Option<Instant>,
    due: Option<Instant>,
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
        let leased = slots.lease().is_limited();
        Self {
            store,
            me,
            options,
            control,
            observer,
            slots,
            wake,
            backlog: Backlog::default(),
            attempts: 0,
            unfinished: 0,
            stop: None,
            trouble: None,
            others: Others::new(me, &options.data, leased),
            retention: Retention::new(),
            next_tick: Instant::now() + TICK,
            asked: Instant::now(),
            rung: false,
            ask_again: false,
            sync_by: None,
            due: None,
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
            self.wake.ring();
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
            if self.is_done() {
                return Ok(());
            }
            cause = self.wait(signals)?;
        }
    }

    /// One turn with the store, unless it has just failed.
    fn turn(&mut self, cause: Cause) -> Result<(), RunError> {
        self.heed_control();
        if !self.lease().is_held() {
            self.backlog.release(self.slots.recall());
        }
        if self.trouble.is_some_and(Trouble::is_fresh) || !self.renew()? {
            return Ok(());
        }
        // A store that has failed isn't taken for mended before it takes what it refused.
        let (output, held) = if cause == Cause::Tick || self.trouble.is_some() {
            (self.slots.printed(), self.slots.tickets())
        } else {
            (Vec::new(), Vec::new())
        };
        let turn = Turn {
            worker: &self.me.id,
            settled: self.backlog.settled(),
            released: self.backlog.released(),
            output: &output,
            free: if self.stop.is_none() {
                self.slots.wanted(self.unfinished)
            } else {
                0
            },
            held: &held,
            rung: std::mem::take(&mut self.rung),
        };
        self.asked = Instant::now();
        match self.store.turn(&turn) {
            Ok(reply) => {
                self.slots.turn_took(self.asked.elapsed());
                self.recovered();
                self.accept(reply, cause)
            }
            Err(StoreError::NoSuchWorker(_)) => self.start_anew(),
            Err(error) => {
                self.slots.unprint(output);
                self.endure(error)
            }
        }
    }

    /// Renews the lease if it is time to; false if that failed. It is done by itself, ahead of the turn: that may have to wait for
    /// others, and what runs isn't to be ended because they are slow.
    fn renew(&mut self) -> Result<bool, RunError> {
        if !self.lease().is_to_renew() {
            return Ok(true);
        }
        let sent = Sent::now();
        match self.store.renew(&self.me.id) {
            Ok(length) => {
                if let Some(length) = length {
                    self.lease().renewed(sent, length);
                }
                return Ok(true);
            }
            Err(StoreError::NoSuchWorker(_)) => self.start_anew()?,
            Err(error) => self.endure(error)?,
        }
        Ok(false)
    }

    /// Does what the store says.
    fn accept(&mut self, reply: Reply, cause: Cause) -> Result<(), RunError> {
        let has_settled = !self.backlog.settled().is_empty();
        if reply.unsynced && has_settled && self.observer.is_watched() {
            self.sync()?;
        }
        for (settled, owed) in self.backlog.take() {
            self.slots.forget(owed.entry);
            let job = &*owed.job;
            let Settled { ticket, ending, .. } = settled;
            let fence = ticket.fence;
            let settle = Event::Settle {
                fence,
                ending: ending.clone(),
            };
            match job.apply(settle, &reply.settings.policy, reply.now) {
                Ok(after) if !reply.lost.contains(&fence) => {
                    self.attempts += 1;
                    let (ending, after) = (&ending, &after);
                    self.observer
                        .notice(&Happening::JobEnded { job, ending, after });
                }
                _ => self.observer.notice(&Happening::JobLost { job }),
            }
        }
        if !reply.lost.is_empty() {
            self.lose(|fence| reply.lost.contains(&fence));
        }
        let unbegun = self.slots.end(&reply);
        self.backlog.release(unbegun);
        self.slots.assign(reply.claimed, &reply.settings);
        self.heed(reply.stop);
        let now = Instant::now();
        self.unfinished = reply.unfinished;
        if self.others.heard(reply.lapsed) {
            self.next_tick = now;
        }
        self.due = reply.due_in.and_then(|length| now.checked_add(length));
        self.sync_by = match (reply.unsynced, self.sync_by) {
            (true, None) => Some(now + SYNC_WITHIN),
            (true, earlier) => earlier,
            (false, _) => None,
        };
        // Whoever was woken for jobs that it can't take itself wakes the next.
        if reply.more && (cause != Cause::Ended || self.stop.is_some()) {
            self.wake.ring();
        }
        let has_ended = has_settled || std::mem::take(&mut self.ask_again);
        if has_settled && reply.unfinished > 0 {
            self.ask_again = self.lease().is_limited() && self.slots.are_empty();
        }
        if reply.unfinished == 0 {
            if self.options.until_idle {
                self.stop = self.stop.max(Some(StopMode::Drain));
                self.wake.retire();
            }
            // Others may be waiting for just that.
            if !self.others.are_none() && (has_ended || self.options.until_idle) {
                self.wake.ring();
            }
        }
        if cause == Cause::Tick && self.stop.is_none() {
            let (keep, now) = (reply.settings.keep, reply.now);
            let tidied = self.retention.tidy(self.store, keep, now);
            return tidied.or_else(|error| self.endure(error));
        }
        Ok(())
    }

    /// Whether the worker has been stopped, or has nothing left to do, and owes nothing.
    fn is_done(&self) -> bool {
        let owes_nothing = self.backlog.is_empty() && self.sync_by.is_none();
        // Told to stop at once, it doesn't wait for a store that fails: its results
        // are lost then, and their jobs run again, as after a crash.
        let gives_up = self.stop == Some(StopMode::Now) && self.trouble.is_some();
        self.stop.is_some() && self.slots.are_empty() && (owes_nothing || gives_up)
    }

    /// Waits until there is a reason for a turn, if there is one before the next event.
    fn wait(&mut self, signals: &Receiver<Signal>) -> Result<Option<Cause>, RunError> {
        if self.stop.is_none() && self.slots.any_idle() {
            self.wake.arm();
        }
        if self.ask_again && self.trouble.is_none() {
            return Ok(Some(Cause::Woken));
        }
        let first = match signals.recv_timeout(self.patience()) {
            Ok(signal) => Some(signal),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => unreachable!("the slots hold a sender"),
        };
        let mut cause = None;
        for signal in first.into_iter().chain(signals.try_iter()) {
            cause = cause.max(self.take_in(&signal));
        }
        if self.take_ended() {
            cause = cause.max(Some(Cause::Ended));
        }
        let overdue = self.slots.recall_overdue();
        if !overdue.is_empty() {
            self.backlog.release(overdue);
            cause = cause.max(Some(Cause::Ended));
        }
        let now = Instant::now();
        if now >= self.next_tick {
            self.look_after_others(Watch::Next)?;
            let nothing_runs = self.slots.are_empty();
            let leased = self.lease().is_limited();
            let idle = nothing_runs && (self.others.are_none() || leased);
            self.next_tick = now + if idle { IDLE_TICK } else { TICK };
            let is_too_soon = now < self.asked + ASK_IDLE && !self.lease().is_to_renew();
            if !(idle && leased && is_too_soon) {
                return Ok(Some(Cause::Tick));
            }
        }
        if self.due.is_some_and(|due| now >= due) || self.trouble.is_some() {
            cause = cause.max(Some(Cause::Woken));
        }
        if cause.is_none() && self.sync_by.is_some_and(|by| now >= by) {
            self.sync()?;
        }
        Ok(cause)
    }

    fn take_in(&mut self, signal: &Signal) -> Option<Cause> {
        match signal {
            Signal::Ended => None,
            Signal::Rung => {
                self.wake.rung();
                if !self.slots.any_idle() || self.stop.is_some() {
                    self.wake.ring();
                    return None;
                }
                self.rung = true;
                Some(Cause::Woken)
            }
            Signal::StopAsked => Some(Cause::Woken),
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

    /// How long there is nothing to do unless something happens.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let trouble = self.trouble.map(Trouble::until);
        let due = self
            .due
            .filter(|_| self.stop.is_none() && self.slots.any_idle());
        let settle = self.slots.settle_within().map(|length| now + length);
        let timers = match trouble {
            Some(until) => [Some(until), None, None, None],
            None => [Some(self.next_tick), self.sync_by, due, settle],
        };
        let next = timers.into_iter().flatten().min().unwrap_or(self.next_tick);
        next.saturating_duration_since(now)
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
        self.wake.retire();
        if asked == Some(StopMode::Now) {
            self.slots.stop();
        }
    }

    fn look_after_others(&mut self, watch: Watch) -> Result<(), RunError> {
        if self.trouble.is_some() {
            return Ok(());
        }
        match self.others.look(self.store, watch, self.observer) {
            Ok(rescued) => {
                if rescued && watch == Watch::Next {
                    self.wake.ring();
                }
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }

    fn sync(&mut self) -> Result<(), RunError> {
        match self.store.sync() {
            Ok(()) => {
                self.sync_by = None;
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }

    /// The store has failed: waits longer each time, unless waiting won't help.
    fn endure(&mut self, error: StoreError) -> Result<(), RunError> {
        if error.kind() != ErrorKind::Unavailable {
            return Err(error.into());
        }
        if self.trouble.is_none() {
            let error = &error;
            self.observer.notice(&Happening::StoreTrouble { error });
        }
        self.trouble = Some(Trouble::after(self.trouble));
        self.backlog.bound();
        Ok(())
    }

    fn recovered(&mut self) {
        if self.trouble.take().is_some() {
            self.others.let_come_back();
            self.observer.notice(&Happening::StoreRecovered);
        }
    }

    /// The store doesn't know this worker any more: it was taken for dead. What
    /// it runs isn't its own; it starts again with nothing.
    fn start_anew(&mut self) -> Result<(), RunError> {
        for (_, owed) in self.backlog.take() {
            self.slots.forget(owed.entry);
            self.observer.notice(&Happening::JobLost { job: &owed.job });
        }
        self.lose(|_| true);
        self.sync_by = None;
        let sent = Sent::now();
        match self.store.register(self.me) {
            Ok(lease) => {
                if let Some(length) = lease {
                    self.lease().renewed(sent, length);
                }
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }

    fn lease(&self) -> &'a Lease {
        self.slots.lease()
    }

    fn lose(&self, is_lost: impl Fn(Fence) -> bool) {
        for job in self.slots.lose(is_lost) {
            self.observer.notice(&Happening::JobLost { job: &job });
        }
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
