//! The storm: carries out the plan, and keeps workers there for it to go over.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use queuectl_domain::State;
use queuectl_store::Store;
use rustix::process::Signal;

use crate::commands::{Answer, Blow, Commands};
use crate::crew::Crew;
use crate::enqueuer::Tap;
use crate::fault::Fault;
use crate::ledger::{self, Ledger};
use crate::plan::Step;
use crate::process::Process;
use crate::queue::Queue;
use crate::record::Scribe;
use crate::trouble::Trouble;

/// How many workers there are, as long as the storm lets them.
const WORKERS: usize = 5;
/// How often it looks after its workers and jobs.
const GLANCE: Duration = Duration::from_millis(20);
/// How long nothing may happen before it counts as stuck. No job takes so long.
const STUCK: Duration = Duration::from_secs(30);
/// Longer than any storm.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// What the storm needs, and what it goes over.
pub(crate) struct Storm<'scope, 'env> {
    pub(crate) scope: &'scope Scope<'scope, 'env>,
    pub(crate) queue: &'scope Queue,
    pub(crate) scribe: &'scope Scribe,
    pub(crate) tap: &'scope Tap,
    pub(crate) interrupt: &'scope Receiver<()>,
    pub(crate) commands: Commands<'scope>,
    pub(crate) crew: &'scope Mutex<Crew<'env>>,
    pub(crate) enqueuers: Vec<ScopedJoinHandle<'scope, ()>>,
    pub(crate) store: Box<dyn Store>,
    pub(crate) ledger: Ledger,
    pub(crate) frozen: Vec<Frozen>,
    /// No worker is started before this.
    pub(crate) not_before: Instant,
    pub(crate) started: u32,
}

/// A process that is stopped for a while.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    pub(crate) process: Process,
    /// What it was frozen by.
    pub(crate) fault: Fault,
    pub(crate) since: u64,
    pub(crate) until: Instant,
    /// Runs, by job and fence. It goes on earlier if one of these jobs runs again by then:
    /// that is when its own result would do the most harm.
    pub(crate) replaced: Vec<(String, i64)>,
}

impl<'scope, 'env> Storm<'scope, 'env> {
    /// Carries out the whole plan.
    pub(crate) fn rage(&mut self, plan: &[Step]) -> Result<(), Trouble> {
        let begun = Instant::now();
        for step in plan {
            self.wait_until(begun + step.at)?;
            self.carry_out(step)?;
        }
        Ok(())
    }

    /// Goes on, without faults, until it is so.
    pub(crate) fn until(
        &mut self,
        mut is_so: impl FnMut(&mut Self) -> Result<ControlFlow<()>, Trouble>,
    ) -> Result<(), Trouble> {
        while is_so(self)?.is_continue() {
            self.wait_until(Instant::now() + GLANCE)?;
        }
        Ok(())
    }

    /// Whether no command and no enqueuer is under way.
    pub(crate) fn are_threads_done(&self) -> bool {
        self.commands.are_done() && self.enqueuers.iter().all(ScopedJoinHandle::is_finished)
    }

    /// Goes on until no command and no enqueuer is under way.
    pub(crate) fn until_threads_are_done(&mut self) -> Result<(), Trouble> {
        self.until(|storm| Ok(over(storm.are_threads_done())))
    }

    /// Goes on until nothing is left to run, or nothing happens any more.
    pub(crate) fn drain(&mut self) -> Result<(), Trouble> {
        let mut last = None;
        let mut changed = Instant::now();
        self.until(|storm| {
            let now = Some((storm.store.counts()?, storm.ledger.lines.len()));
            if last != now {
                last = now;
                changed = Instant::now();
            }
            let is_done = last.is_some_and(|(counts, _)| counts.unfinished() == 0);
            Ok(over(is_done || changed.elapsed() > STUCK))
        })
    }

    /// Goes on until as many workers are there as there should be, and known; false if they don't come.
    pub(crate) fn all_have_come(&mut self) -> Result<bool, Trouble> {
        let deadline = Instant::now() + STUCK;
        let mut all = false;
        self.until(|storm| {
            all = storm.crew().known().len() >= WORKERS;
            Ok(over(all || Instant::now() > deadline))
        })?;
        Ok(all)
    }

    /// Goes on until no worker is there, if they go at all.
    pub(crate) fn until_none_is_there(&mut self) -> Result<(), Trouble> {
        let deadline = Instant::now() + STUCK;
        self.until(|storm| {
            let gone = storm.crew().count() == 0;
            Ok(over(gone || Instant::now() > deadline))
        })
    }

    /// Starts no worker until that is taken back.
    pub(crate) fn hold_new_workers(&mut self) {
        self.not_before = Instant::now() + NEVER;
    }

    pub(crate) fn let_new_workers_come(&mut self) {
        self.not_before = Instant::now();
    }

    /// Ends all freezing.
    pub(crate) fn thaw_all(&mut self) {
        self.thaw(|_, _| true);
    }

    pub(crate) fn wait_until(&mut self, at: Instant) -> Result<(), Trouble> {
        loop {
            self.look_after_all()?;
            let left = at.saturating_duration_since(Instant::now());
            match self.interrupt.recv_timeout(left.min(GLANCE)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Err(Trouble::Interrupted),
                Err(RecvTimeoutError::Timeout) if left <= GLANCE => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn look_after_all(&mut self) -> Result<(), Trouble> {
        let now = Instant::now();
        self.ledger.catch_up(&self.queue.ledger())?;
        self.thaw(|frozen, ledger| {
            let again = |(job, fence): &(String, i64)| ledger.begun_after(job, *fence).is_some();
            frozen.until <= now || frozen.replaced.iter().any(again)
        });
        let counts = self.store.counts()?;
        let waiting = counts.of(State::Pending);
        self.tap.waiting.store(waiting, Ordering::Relaxed);
        self.crew().look()?;
        if now >= self.not_before && self.crew().count() < WORKERS {
            // One after the other: those in the background take a moment to be seen.
            self.not_before = now + Duration::from_millis(150);
            self.start_worker()?;
        }
        Ok(())
    }

    fn start_worker(&mut self) -> Result<(), Trouble> {
        self.started += 1;
        let slots = self.started % 3 + 1;
        if self.started.is_multiple_of(2) {
            return self.crew().start(slots);
        }
        let slots = slots.to_string();
        let args = ["--json", "worker", "start", "--concurrency", &slots];
        let before = self.crew().stops();
        let crew = self.crew;
        self.command(&args, None, move |answer| {
            lock(crew).arrive(&answer, before)
        });
        Ok(())
    }

    pub(crate) fn command(
        &self,
        args: &[&str],
        blow: Option<Blow>,
        then: impl FnOnce(Answer) + Send + 'scope,
    ) {
        let scribe = self.scribe;
        let command = self.queue.command(args);
        self.commands
            .start(self.scope, command, blow, move |answer| match answer {
                Ok(answer) => then(answer),
                Err(error) => scribe.odd(format!("can't start a command: {error}")),
            });
    }

    fn thaw(&mut self, which: impl Fn(&Frozen, &Ledger) -> bool) {
        let (scribe, ledger) = (self.scribe, &self.ledger);
        self.frozen.retain(|frozen| {
            if !which(frozen, ledger) {
                return true;
            }
            frozen.process.signal(Signal::CONT);
            // A job holds nothing that others wait for.
            if frozen.fault != Fault::FreezeJob {
                let span = (frozen.since, ledger::now());
                scribe.record().frozen.push(span);
            }
            false
        });
    }

    pub(crate) fn is_frozen(&self, process: Process) -> bool {
        self.frozen.iter().any(|frozen| frozen.process == process)
    }

    pub(crate) fn crew(&self) -> MutexGuard<'scope, Crew<'env>> {
        lock(self.crew)
    }
}

/// How to go on when something is over or not.
pub(crate) fn over(is_over: bool) -> ControlFlow<()> {
    if is_over {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
