//! Who enqueues: threads that run one `enqueue` after the other, and let some of them be hit.
//!
//! An enqueue counts as answered when the whole sentence was printed, whatever
//! became of the process after that; or when a second one says that the job is there.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use rustix::process::Signal;

use crate::commands::{Answer, Blow, run};
use crate::fault::Fault;
use crate::job::JOB;
use crate::kind::Kind;
use crate::ledger;
use crate::queue::Queue;
use crate::record::{Enqueued, Scribe};

/// More jobs than this don't wait at a time, so that all have their turn before the end.
const BACKLOG: u64 = 80;

/// What all enqueuers share with the storm.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    /// They end.
    pub(crate) closed: AtomicBool,
    /// All is over.
    pub(crate) over: AtomicBool,
    /// How many jobs wait.
    pub(crate) waiting: AtomicU64,
}

/// One enqueuer.
pub(crate) struct Enqueuer<'a> {
    pub(crate) name: String,
    pub(crate) random: Rng,
    pub(crate) queue: &'a Queue,
    pub(crate) scribe: &'a Scribe,
    pub(crate) tap: &'a Tap,
}

impl Enqueuer<'_> {
    /// Enqueues until the tap is closed.
    pub(crate) fn work(mut self) {
        let mut number = 0;
        while !self.tap.closed.load(Ordering::Relaxed) {
            if self.tap.waiting.load(Ordering::Relaxed) > BACKLOG {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            number += 1;
            let job = self.draw(number);
            self.enqueue(job);
        }
    }

    fn draw(&mut self, number: u32) -> Job {
        let mut at = self.random.u32(..100);
        let mut kinds = Kind::ALL.into_iter();
        let kind = kinds.find(|kind| {
            let met = at < kind.share();
            at = at.wrapping_sub(kind.share());
            met
        });
        Job {
            id: format!("{}-{number}", self.name),
            kind: kind.unwrap_or(Kind::Quick),
            length: self.random.u64(50..700),
            priority: self.random.u32(1..=10),
            how: self.random.u32(..3),
        }
    }

    /// Enqueues a job. If that is cut short, it mostly tries again, as a client would.
    fn enqueue(&mut self, job: Job) {
        let mut answered = false;
        loop {
            let fault = self.fault();
            let blow = fault.map(|fault| self.blow(fault));
            let begun = ledger::now();
            let answer = match run(&mut job.command(self.queue), blow) {
                Ok(answer) => answer,
                Err(error) => {
                    return self
                        .scribe
                        .odd(format!("can't start an `enqueue`: {error}"));
                }
            };
            if let Some(fault) = fault.filter(|_| answer.hit) {
                self.scribe.happened(fault, &job.id);
                if fault == Fault::FreezeEnqueue {
                    self.scribe.record().frozen.push((begun, ledger::now()));
                }
            }
            answered |= self.is_yes(&answer, &job.id);
            let closed = self.tap.closed.load(Ordering::Relaxed);
            if answered || closed || self.random.u32(..3) == 0 {
                break;
            }
        }
        let Job { id, kind, .. } = job;
        let enqueued = Enqueued { id, kind, answered };
        self.scribe.record().enqueued.push(enqueued);
    }

    fn is_yes(&self, answer: &Answer, id: &str) -> bool {
        let printed = answer.stdout() == format!("Job '{id}' enqueued successfully\n");
        let has_it = answer.code() == Some(4);
        // 5 is a store that was locked for too long; none is a signal.
        if !matches!(answer.code(), None | Some(0 | 4 | 5)) {
            let said = answer.stderr();
            let code = answer.output.status;
            self.scribe
                .odd(format!("enqueue {id} ended with {code}: {said}"));
        }
        if answer.code() == Some(0) && !printed {
            self.scribe
                .odd(format!("enqueue {id} printed `{}`", answer.stdout()));
        }
        printed || has_it
    }

    fn fault(&mut self) -> Option<Fault> {
        match self.random.u32(..1000) {
            0..40 => Some(Fault::KillEnqueue),
            40..60 => Some(Fault::FreezeEnqueue),
            60..80 => Some(Fault::TermEnqueue),
            _ => None,
        }
    }

    fn blow(&mut self, fault: Fault) -> Blow {
        Blow {
            after: Duration::from_micros(self.random.u64(..9000)),
            signal: match fault {
                Fault::FreezeEnqueue => Signal::STOP,
                Fault::TermEnqueue => Signal::TERM,
                _ => Signal::KILL,
            },
            length: Duration::from_millis(self.random.u64(20..800)),
        }
    }
}

/// A job to be enqueued.
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) length: u64,
    pub(crate) priority: u32,
    /// Without a shell, by a shell that becomes the job, or by one that stays before it.
    pub(crate) how: u32,
}

impl Job {
    /// The command that enqueues it.
    pub(crate) fn command(&self, queue: &Queue) -> std::process::Command {
        let max_retries = self.kind.max_retries().to_string();
        let priority = self.priority.to_string();
        let mut command = queue.command(&["enqueue", "--id", &self.id]);
        command.args(["--timeout", self.kind.timeout()]);
        command.args(["--max-retries", &max_retries, "--backoff-base", "1"]);
        command.args(["--priority", &priority, "--cwd"]);
        command.arg(queue.work());
        let (kind, length) = (self.kind.name(), self.length.to_string());
        let line = format!("'{}' {JOB} {kind} {length}", queue.helper.display());
        match self.how {
            0 => command
                .arg("--")
                .arg(&queue.helper)
                .args([JOB, kind, &length]),
            1 => command.arg("--command").arg(format!("exec {line}")),
            _ => command.arg("--command").arg(format!("{line}; exit $?")),
        };
        command
    }
}
