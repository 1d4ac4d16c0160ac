//! The loop of a worker: tell the store what has happened, do what it says, wait.
//!
//! It waits for events, never for time to pass in small steps: an attempt has
//! ended, the bell was rung, someone wants it to stop. A slow tick looks after
//! running jobs and other workers.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use queuectl_domain::{Job, WorkerId};
use queuectl_process::{Roster, os};
use queuectl_store::{
    ErrorKind, Printed, Reply, Settled, StopMode, Store, StoreError, Turn, Worker,
};

use crate::life::{Life, hostname};
use crate::rescue::{Watch, rescue_dead};
use crate::slot::{Slot, Surroundings};
use crate::wake::Wake;
use crate::{Control, DataFolder, Happening, Observer, registry};

/// How often a worker looks after what it runs, and whether the next worker lives.
const TICK: Duration = Duration::from_millis(500);
/// How long a result may wait to be made safe from a power cut.
const SYNC_WITHIN: Duration = Duration::from_millis(50);
/// How long to wait after the store failed: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// How a worker is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its files are.
    pub data: DataFolder,
    /// Its name.
    pub id: WorkerId,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// Whether it ends when nothing is left to do: no job of the store waits or runs.
    pub until_idle: bool,
}

/// Why a worker can't begin, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store can't be used, and waiting won't help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system refuses something that a worker needs.
    #[error("{what}: {source}")]
    System {
        /// What was refused.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::System { what, source }
}

/// What a worker's loop waits for.
pub(crate) enum Event {
    /// A slot's attempt has ended.
    Ended { slot: usize, settled: Settled },
    /// The bell was rung.
    Rung,
    /// [`Control::stop`] was called.
    StopAsked,
}

/// Runs a worker until it is stopped, or until nothing is left to do if that is wanted.
///
/// # Errors
///
/// A store that is full, locked or out of reach is waited for. What ends a
/// worker is a store that is damaged, or a system that refuses threads or files.
pub fn run(
    mut store: Box<dyn Store>,
    options: &Options,
    control: &Control,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let life = Life::take(options.data.life(&options.id))
        .map_err(system("can't lock the worker's own file"))?;
    os::adopt_orphans().map_err(system("can't watch over what jobs leave behind"))?;
    let roster = Roster::create(&Life::roster_of(life.path()), options.slots as usize)
        .map_err(system("can't write the list of running processes"))?;
    let me = myself(options, &life);
    store.register(&me)?;
    rescue_dead(&mut *store, Some(&me.id), Watch::All, observer)?;

    let (sender, events) = channel();
    control.tell(sender.clone());
    let wake = Wake::start(store.bell()?, sender.clone()).map_err(system("can't wait for jobs"))?;
    let surroundings = Surroundings {
        worker: me.id.to_string(),
        scratch: options.data.workers(),
        roster,
        observer,
    };
    observer.notice(&Happening::WorkerStarted {
        worker: &me.id,
        pid: me.pid,
    });
    let (result, attempts) = std::thread::scope(|scope| {
        let slots = (0..options.slots as usize)
            .map(|number| Slot::start(number, &surroundings, sender.clone(), scope))
            .collect::<io::Result<Vec<_>>>()
            .map_err(system("can't start a thread"));
        match slots {
            Ok(slots) => {
                let mut worker =
                    Loop::new(&mut *store, &me, options, control, observer, slots, wake);
                (worker.run(&events), worker.attempts)
            }
            Err(error) => (Err(error), 0),
        }
    });
    // A worker that couldn't say goodbye is found dead, and holds nothing.
    let goodbye = store.unregister(&me.id);
    // A list that still names it is put right by the next who changes it.
    let _ = registry::prune(&options.data, Some(&me.id));
    life.end();
    observer.notice(&Happening::WorkerStopped {
        worker: &me.id,
        attempts,
    });
    result.and(goodbye.map_err(RunError::from))
}

fn myself(options: &Options, life: &Life) -> Worker {
    let pid = std::process::id();
    Worker {
        id: options.id.clone(),
        pid,
        pid_started: os::process_start(pid).unwrap_or_default(),
        host: hostname(),
        slots: options.slots,
        life: life.path().to_owned(),
    }
}

struct Loop<'a> {
    store: &'a mut dyn Store,
    me: &'a Worker,
    options: &'a Options,
    control: &'a Control,
    observer: &'a dyn Observer,
    slots: Vec<Slot>,
    /// The numbers of the slots that run nothing.
    idle: Vec<usize>,
    wake: Wake,
    /// What has ended and isn't settled yet, and the jobs that go with it.
    settled: Vec<Settled>,
    settled_jobs: Vec<Arc<Job>>,
    attempts: u64,
    stop: Option<StopMode>,
    /// Set while the store fails: how long the wait was, and until when.
    trouble: Option<(Duration, Instant)>,
    next_tick: Instant,
    sync_by: Option<Instant>,
    due: Option<Instant>,
}

/// What brings a turn about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Slots have become free. They ask for more by themselves as long as there is.
    Ended,
    /// Something else; others may have to be woken for what this worker can't take.
    Woken,
    /// Time to look after what runs.
    Tick,
}

impl<'a> Loop<'a> {
    fn new(
        store: &'a mut dyn Store,
        me: &'a Worker,
        options: &'a Options,
        control: &'a Control,
        observer: &'a dyn Observer,
        slots: Vec<Slot>,
        wake: Wake,
    ) -> Self {
        Self {
            store,
            me,
            options,
            control,
            observer,
            idle: (0..slots.len()).rev().collect(),
            slots,
            wake,
            settled: Vec::new(),
            settled_jobs: Vec::new(),
            attempts: 0,
            stop: None,
            trouble: None,
            next_tick: Instant::now() + TICK,
            sync_by: None,
            due: None,
        }
    }

    fn run(&mut self, events: &Receiver<Event>) -> Result<(), RunError> {
        let result = self.work(events);
        if result.is_err() {
            self.end_all(events);
        }
        result
    }

    fn work(&mut self, events: &Receiver<Event>) -> Result<(), RunError> {
        let mut cause = Some(Cause::Woken);
        loop {
            if let Some(cause) = cause {
                self.turn(cause)?;
            }
            if self.is_done() {
                return Ok(());
            }
            cause = self.wait(events)?;
        }
    }

    /// One turn with the store, unless it has just failed.
    fn turn(&mut self, cause: Cause) -> Result<(), RunError> {
        self.heed_control();
        if self
            .trouble
            .is_some_and(|(_, until)| Instant::now() < until)
        {
            return Ok(());
        }
        let (output, held) = match cause {
            Cause::Tick => (
                self.slots.iter().filter_map(Slot::printed).collect(),
                self.slots.iter().filter_map(Slot::ticket).collect(),
            ),
            Cause::Ended | Cause::Woken => (Vec::new(), Vec::new()),
        };
        let turn = Turn {
            worker: &self.me.id,
            settled: &self.settled,
            released: &[],
            output: &output,
            free: if self.stop.is_none() {
                self.idle.len()
            } else {
                0
            },
            held: &held,
        };
        match self.store.turn(&turn) {
            Ok(reply) => {
                self.recovered();
                self.accept(reply, cause);
                Ok(())
            }
            Err(StoreError::NoSuchWorker(_)) => self.start_anew(),
            Err(error) => {
                self.put_back(output);
                self.endure(error)
            }
        }
    }

    /// Does what the store says.
    fn accept(&mut self, reply: Reply, cause: Cause) {
        for (settled, job) in self.settled.drain(..).zip(self.settled_jobs.drain(..)) {
            let job = &*job;
            let happening = if reply.lost.contains(&settled.ticket.fence) {
                Happening::JobLost { job }
            } else {
                self.attempts += 1;
                let ending = &settled.ending;
                Happening::JobEnded { job, ending }
            };
            self.observer.notice(&happening);
        }
        for slot in &mut self.slots {
            if slot
                .ticket()
                .is_some_and(|ticket| reply.lost.contains(&ticket.fence))
            {
                slot.lose();
            }
        }
        for claimed in reply.claimed {
            let slot = self.idle.pop().expect("no more is claimed than is free");
            self.slots[slot].assign(claimed, &reply.settings);
        }
        self.heed(reply.stop);
        let now = Instant::now();
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
        if self.options.until_idle && reply.unfinished == 0 {
            self.stop = self.stop.max(Some(StopMode::Drain));
        }
    }

    /// Whether the worker has been stopped, or has nothing left to do, and owes nothing.
    fn is_done(&self) -> bool {
        let owes_nothing = self.settled.is_empty() && self.sync_by.is_none();
        // Told to stop at once, it doesn't wait for a store that fails: its results
        // are lost then, and their jobs run again, as after a crash.
        let gives_up = self.stop == Some(StopMode::Now) && self.trouble.is_some();
        self.stop.is_some() && self.idle.len() == self.slots.len() && (owes_nothing || gives_up)
    }

    /// Waits until there is a reason for a turn, if there is one before the next event.
    fn wait(&mut self, events: &Receiver<Event>) -> Result<Option<Cause>, RunError> {
        if self.stop.is_none() && !self.idle.is_empty() {
            self.wake.arm();
        }
        let first = match events.recv_timeout(self.patience()) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => unreachable!("the loop itself holds a sender"),
        };
        let mut cause = None;
        for event in first.into_iter().chain(events.try_iter()) {
            cause = cause.max(self.take_in(event));
        }
        let now = Instant::now();
        if now >= self.next_tick {
            self.next_tick = now + TICK;
            self.look_after_others()?;
            return Ok(Some(Cause::Tick));
        }
        if self.due.is_some_and(|due| now >= due) || self.trouble.is_some() {
            cause = cause.max(Some(Cause::Woken));
        }
        if cause.is_none() && self.sync_by.is_some_and(|by| now >= by) {
            self.sync()?;
        }
        Ok(cause)
    }

    fn take_in(&mut self, event: Event) -> Option<Cause> {
        match event {
            Event::Ended { slot, settled } => {
                let (job, lost) = self.slots[slot].ended()?;
                self.idle.push(slot);
                if lost {
                    self.observer.notice(&Happening::JobLost { job: &job });
                } else {
                    self.settled.push(settled);
                    self.settled_jobs.push(job);
                }
                Some(Cause::Ended)
            }
            Event::Rung => {
                self.wake.rung();
                if self.idle.is_empty() || self.stop.is_some() {
                    self.wake.ring();
                    return None;
                }
                Some(Cause::Woken)
            }
            Event::StopAsked => Some(Cause::Woken),
        }
    }

    /// How long there is nothing to do unless something happens.
    fn patience(&self) -> Duration {
        let trouble = self.trouble.map(|(_, until)| until);
        let due = self
            .due
            .filter(|_| !self.idle.is_empty() && self.stop.is_none());
        let timers = match trouble {
            Some(until) => [Some(until), None, None],
            None => [Some(self.next_tick), self.sync_by, due],
        };
        let next = timers.into_iter().flatten().min().unwrap_or(self.next_tick);
        next.saturating_duration_since(Instant::now())
    }

    /// Does what was asked for in this process, and lets others see it.
    fn heed_control(&mut self) {
        let asked = self.control.asked();
        if let Some(mode) = asked.filter(|_| asked > self.stop) {
            self.heed(asked);
            // If the store can't take it now, the worker stops all the same.
            let me = std::slice::from_ref(&self.me.id);
            let _ = self.store.request_stop(me, mode);
        }
    }

    fn heed(&mut self, asked: Option<StopMode>) {
        if asked <= self.stop {
            return;
        }
        if self.stop.is_none() {
            self.observer.notice(&Happening::Stopping);
        }
        self.stop = asked;
        if asked == Some(StopMode::Now) {
            self.slots.iter().for_each(Slot::stop);
        }
    }

    fn look_after_others(&mut self) -> Result<(), RunError> {
        if self.trouble.is_some() {
            return Ok(());
        }
        match rescue_dead(self.store, Some(&self.me.id), Watch::Next, self.observer) {
            Ok(rescued) => {
                if rescued {
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
        let wait = match self.trouble {
            None => {
                self.observer
                    .notice(&Happening::StoreTrouble { error: &error });
                BACK_OFF.0
            }
            Some((last, _)) => (last * 2).min(BACK_OFF.1),
        };
        self.trouble = Some((wait, Instant::now() + wait));
        Ok(())
    }

    fn recovered(&mut self) {
        if self.trouble.take().is_some() {
            self.observer.notice(&Happening::StoreRecovered);
        }
    }

    fn put_back(&mut self, output: Vec<Printed>) {
        for printed in output {
            let slot = self
                .slots
                .iter()
                .find(|slot| slot.ticket() == Some(printed.ticket));
            if let Some(slot) = slot {
                slot.unprint(printed.chunks);
            }
        }
    }

    /// The store doesn't know this worker any more: it was taken for dead. What
    /// it runs isn't its own; it starts again with nothing.
    fn start_anew(&mut self) -> Result<(), RunError> {
        self.settled.clear();
        for job in self.settled_jobs.drain(..) {
            self.observer.notice(&Happening::JobLost { job: &job });
        }
        self.slots.iter_mut().for_each(Slot::lose);
        self.sync_by = None;
        match self.store.register(self.me) {
            Ok(()) => Ok(()),
            Err(error) => self.endure(error),
        }
    }

    /// Ends everything, since the worker can't go on.
    fn end_all(&mut self, events: &Receiver<Event>) {
        self.slots.iter().for_each(Slot::stop);
        while self.idle.len() < self.slots.len() {
            match events.recv() {
                Ok(Event::Ended { slot, .. }) => self.idle.push(slot),
                Ok(Event::Rung | Event::StopAsked) => {}
                Err(_) => return,
            }
        }
    }
}
