//! One fault: whom it meets, what is done, and whether it really happened.

use std::time::{Duration, Instant};

use queuectl_domain::State;
use queuectl_store::{Query, StoreError};
use rustix::process::Signal;
use serde_json::Value;

use crate::commands::{Answer, Blow};
use crate::fault::Fault;
use crate::ledger;
use crate::plan::Step;
use crate::process::Process;
use crate::storm::{Frozen, Storm, lock};
use crate::trouble::Trouble;

/// How long all workers are gone after they were killed together.
const CALM: Duration = Duration::from_millis(700);
/// How long a worker that is replaced stays frozen. At its next tick it asks which of its claims are
/// lost, and then it doesn't present them; so it has to wake before that is due.
const SHORT: Duration = Duration::from_millis(120);
/// How long a process may take to stop.
const STOPPING: Duration = Duration::from_secs(2);

impl Storm<'_, '_> {
    pub(crate) fn carry_out(&mut self, step: &Step) -> Result<(), Trouble> {
        let Step { fault, pick, .. } = *step;
        match fault {
            Fault::KillWorker => {
                if let Some((process, id)) = self.worker(pick) {
                    self.kill(process, &id);
                }
            }
            Fault::KillAllWorkers => self.kill_all(),
            Fault::TermWorker => {
                if let Some((process, id)) = self.worker(pick)
                    && self.crew().terminate(process)
                {
                    self.scribe.happened(fault, &id);
                }
            }
            Fault::FreezeWorker => {
                if let Some((process, id)) = self.worker(pick) {
                    self.freeze(step, process, &id);
                }
            }
            Fault::TakeForDead | Fault::Replace => self.take_one_for_dead(step)?,
            Fault::KillJob | Fault::TermJob => {
                if let Some((process, id)) = self.job(pick) {
                    // First, since it may be settled before this thread goes on.
                    self.scribe.record().signalled.insert(process);
                    let kill = fault == Fault::KillJob;
                    let signal = if kill { Signal::KILL } else { Signal::TERM };
                    if process.signal(signal) {
                        self.scribe.happened(fault, &id);
                    }
                }
            }
            Fault::FreezeJob => {
                if let Some((process, id)) = self.job(pick) {
                    self.freeze(step, process, &id);
                }
            }
            Fault::Stop => self.stop(fault, &["--json", "worker", "stop"]),
            Fault::StopNow => self.stop(fault, &["--json", "worker", "stop", "--now"]),
            Fault::Retry | Fault::KillRetry => self.retry(step)?,
            Fault::KillEnqueue | Fault::FreezeEnqueue | Fault::TermEnqueue => {}
        }
        Ok(())
    }

    /// Kills a worker; says when, if it was alive.
    pub(crate) fn kill(&mut self, process: Process, id: &str) -> Option<u64> {
        let at = self.crew().kill(process)?;
        self.scribe.happened(Fault::KillWorker, id);
        Some(at)
    }

    fn kill_all(&mut self) {
        let known = self.crew().known();
        let killed = known
            .iter()
            .filter(|(process, _)| self.crew().kill(*process).is_some())
            .count();
        if killed >= 2 {
            self.scribe
                .happened(Fault::KillAllWorkers, &format!("{killed} workers"));
        }
        self.not_before = Instant::now() + CALM;
    }

    /// Freezes a process; says whether it was alive.
    pub(crate) fn freeze(&mut self, step: &Step, process: Process, whom: &str) -> bool {
        let since = ledger::now();
        let stopped = process.signal(Signal::STOP);
        if stopped {
            self.scribe.happened(step.fault, whom);
            let until = Instant::now() + step.length;
            self.frozen.push(Frozen {
                process,
                fault: step.fault,
                since,
                until,
                replaced: Vec::new(),
            });
        }
        stopped
    }

    fn take_one_for_dead(&mut self, step: &Step) -> Result<(), Trouble> {
        let running = self.running()?;
        let is_busy = |id: &String| running.iter().any(|(worker, ..)| worker == id);
        let mut workers = self.crew().known();
        workers.retain(|(process, id)| is_busy(id) && !self.is_frozen(*process));
        match chosen(workers, step.pick) {
            Some((process, id)) => self.take_for_dead(step, process, &id),
            None => Ok(()),
        }
    }

    /// What a rescuer would do that takes a worker for dead which is only frozen:
    /// it ends what the worker runs, and tells the store. Then the worker wakes and
    /// finds all given to others; and in the second case a worker of its own
    /// name, so that nothing but the fences tells its claims from that one's.
    pub(crate) fn take_for_dead(
        &mut self,
        step: &Step,
        process: Process,
        id: &str,
    ) -> Result<(), Trouble> {
        let since = ledger::now();
        if !process.signal(Signal::STOP) {
            return Ok(());
        }
        let taken = self.rescue(step, process, id);
        let length = match step.fault {
            Fault::Replace => step.length.min(SHORT),
            _ => step.length,
        };
        self.frozen.push(Frozen {
            process,
            fault: step.fault,
            since,
            until: Instant::now() + length,
            replaced: taken.as_ref().map_or_else(|_| Vec::new(), Clone::clone),
        });
        match taken {
            Ok(held) if !held.is_empty() => self.scribe.happened(step.fault, id),
            Ok(_) => self
                .scribe
                .note(&format!("{id} couldn't be taken for dead")),
            // It was frozen while it wrote: nobody can then, and nobody does.
            Err(Trouble::Store(StoreError::Locked)) => {
                self.scribe.note(&format!("{id} was frozen while it wrote"));
                self.thaw_all();
            }
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }

    /// What it held then; nothing if it couldn't be taken for dead.
    fn rescue(
        &mut self,
        step: &Step,
        process: Process,
        id: &str,
    ) -> Result<Vec<(String, i64)>, Trouble> {
        let patience = Instant::now() + STOPPING;
        while !process.is_stopped() {
            if Instant::now() > patience || !process.is_alive() {
                return Ok(Vec::new());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.ledger.catch_up(&self.queue.ledger())?;
        // Between a claim and its start it couldn't be ended now, and would start later.
        let mut held = self.running()?;
        held.retain(|(worker, ..)| worker == id);
        let all_begun = held
            .iter()
            .all(|(_, job, fence)| self.ledger.has_begun(job, *fence));
        let workers = self.store.workers()?;
        let known = workers
            .into_iter()
            .find(|info| info.worker.id.as_str() == id);
        let Some(known) = known.filter(|_| all_begun && !held.is_empty()) else {
            return Ok(Vec::new());
        };
        self.remember_taken(id, &held);
        self.queue.end_jobs_of(id)?;
        // All that it holds has begun.
        self.store.rescue(&known.worker.id, None)?;
        if step.fault == Fault::Replace {
            self.store.register(&known.worker)?;
        }
        Ok(held
            .into_iter()
            .map(|(_, job, fence)| (job, fence))
            .collect())
    }

    fn remember_taken(&self, id: &str, held: &[(String, String, i64)]) {
        let mut record = self.scribe.record();
        record.taken_for_dead.insert(id.to_owned());
        // They are ended first. If the store is locked then, that is all that is done to them.
        let is_held = |fence| held.iter().any(|(.., held)| *held == fence);
        let lines = self.ledger.lines.iter();
        let theirs = lines.filter(|line| is_held(line.fence));
        record.signalled.extend(theirs.map(|line| line.process));
    }

    /// Who runs which job, with which fence.
    pub(crate) fn running(&mut self) -> Result<Vec<(String, String, i64)>, Trouble> {
        let query = Query {
            state: Some(State::Processing),
            limit: 1000,
        };
        let jobs = self.store.list(&query)?.jobs;
        let running = jobs.into_iter().filter_map(|job| {
            let claim = job.life.claim?;
            Some((
                claim.worker.to_string(),
                job.spec.id.to_string(),
                claim.fence.0,
            ))
        });
        Ok(running.collect())
    }

    fn stop(&mut self, fault: Fault, args: &[&str]) {
        let now = fault == Fault::StopNow;
        self.crew().stop_begins(now);
        let (crew, scribe) = (self.crew, self.scribe);
        self.command(args, None, move |answer| {
            lock(crew).stop_ends(now);
            match (answer.code(), field(&answer, "stopped").as_u64()) {
                (Some(0), Some(0)) => {}
                (Some(0), Some(count)) => scribe.happened(fault, &format!("{count} workers")),
                (Some(5), _) => scribe.note("worker stop: the store is locked"),
                (code, _) => scribe.odd(format!("worker stop: {code:?} {}", answer.stderr())),
            }
        });
    }

    fn retry(&mut self, step: &Step) -> Result<(), Trouble> {
        let query = Query {
            state: Some(State::Dead),
            limit: 1 + step.pick % 4,
        };
        let dead = self.store.list(&query)?.jobs;
        if dead.is_empty() {
            return Ok(());
        }
        // Seldom: hundreds that time out once more leave little time for others.
        let all = step.pick.is_multiple_of(12);
        let ids: Vec<String> = dead.iter().map(|job| job.spec.id.to_string()).collect();
        let which = (!all).then(|| ids.clone());
        self.scribe.record().retries.push(which);
        let mut args = vec!["--json", "dlq", "retry"];
        if all {
            args.push("--all");
        } else {
            args.extend(ids.iter().map(String::as_str));
        }
        let blow = (step.fault == Fault::KillRetry).then(|| Blow {
            after: step.length / 100,
            signal: Signal::KILL,
            length: Duration::ZERO,
        });
        let (scribe, fault) = (self.scribe, step.fault);
        self.command(&args, blow, move |answer| {
            let code = answer.code();
            let has_retried = !field(&answer, "retried")
                .as_array()
                .is_none_or(Vec::is_empty);
            if answer.hit || (fault == Fault::Retry && has_retried) {
                scribe.happened(fault, &answer.stdout());
            }
            // 4: one of them has been retried meanwhile. 5: locked for too long.
            if !matches!(code, None | Some(0 | 4 | 5)) {
                scribe.odd(format!("dlq retry: {code:?} {}", answer.stderr()));
            }
        });
        Ok(())
    }

    fn worker(&self, pick: usize) -> Option<(Process, String)> {
        chosen(self.crew().known(), pick)
    }

    fn job(&self, pick: usize) -> Option<(Process, String)> {
        let running = self.ledger.running();
        let line = chosen(running, pick)?;
        Some((line.process, line.job.clone()))
    }
}

fn chosen<T>(mut from: Vec<T>, pick: usize) -> Option<T> {
    let count = from.len();
    (count > 0).then(|| from.swap_remove(pick % count))
}

fn field(answer: &Answer, name: &str) -> Value {
    let said = serde_json::from_str::<Value>(&answer.stdout()).unwrap_or_default();
    said[name].clone()
}
