//! The workers: started, watched, and started again. Some run in the foreground
//! as children of this program, the others in the background.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};

use queuectl_store::{Clock, SystemClock};
use rustix::process::Signal;
use serde_json::Value;

use crate::commands::Answer;
use crate::ledger;
use crate::process::Process;
use crate::queue::Queue;
use crate::record::{Death, Scribe, Stay};
use crate::trouble::{Trouble, io};

/// A worker's process, as long as it is there.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) process: Process,
    /// Its name, once it is known.
    pub(crate) id: Option<String>,
    child: Option<Child>,
    log: Option<PathBuf>,
    since: u64,
    /// Whether it may end, having been asked to or killed.
    may_end: bool,
    /// Whether it may end what it runs.
    may_end_jobs: bool,
}

/// The stops that were begun so far, and those that are under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stops {
    pub(crate) begun: u32,
    pub(crate) running: u32,
    pub(crate) running_now: u32,
}

/// All workers.
pub(crate) struct Crew<'a> {
    queue: &'a Queue,
    scribe: &'a Scribe,
    workers: Vec<Worker>,
    number: u32,
    /// Those that a command has started in the background, and the stops when it did.
    arrived: Vec<(Worker, Stops)>,
    stops: Stops,
}

impl<'a> Crew<'a> {
    pub(crate) fn new(queue: &'a Queue, scribe: &'a Scribe) -> Self {
        Self {
            queue,
            scribe,
            workers: Vec::new(),
            number: 0,
            arrived: Vec::new(),
            stops: Stops::default(),
        }
    }

    /// Starts one in the foreground, with so many slots.
    pub(crate) fn start(&mut self, slots: u32) -> Result<(), Trouble> {
        self.number += 1;
        let log = self
            .queue
            .logs()
            .join(format!("worker-{}.log", self.number));
        let file = File::create(&log).map_err(io("write a worker's log"))?;
        let slots = slots.to_string();
        let args = [
            "--json",
            "worker",
            "start",
            "--foreground",
            "--concurrency",
            &slots,
        ];
        let mut command = self.queue.command(&args);
        command.stderr(file.try_clone().map_err(io("write a worker's log"))?);
        command.stdout(file);
        let mut child = command.spawn().map_err(io("start a worker"))?;
        let Some(process) = Process::of(child.id()) else {
            let status = child.wait().map_err(io("wait for a worker"))?;
            return Err(Trouble::Wrong(format!("a worker ended at once: {status}")));
        };
        self.workers.push(Worker {
            process,
            id: None,
            child: Some(child),
            log: Some(log),
            since: ledger::now(),
            may_end: false,
            may_end_jobs: false,
        });
        Ok(())
    }

    /// Takes in what `worker start` answered; `before` are the stops when it was started.
    pub(crate) fn arrive(&mut self, answer: &Answer, before: Stops) {
        // A stop may well meet a worker on its way, which is then said to have died.
        let Ok(said) = serde_json::from_str::<Value>(&answer.stdout()) else {
            return self
                .scribe
                .note(&format!("worker start: {}", answer.stderr()));
        };
        let list = |name: &str| said[name].as_array().cloned().unwrap_or_default();
        for (pid, id) in list("pids").iter().zip(list("ids")) {
            let pid = pid.as_u64().and_then(|pid| u32::try_from(pid).ok());
            let Some(process) = pid.and_then(Process::of) else {
                continue;
            };
            let worker = Worker {
                process,
                id: id.as_str().map(str::to_owned),
                child: None,
                log: None,
                since: ledger::now(),
                may_end: false,
                may_end_jobs: false,
            };
            self.arrived.push((worker, before));
        }
    }

    /// Looks who is there, who they are and who has gone.
    pub(crate) fn look(&mut self) -> Result<(), Trouble> {
        for (mut worker, before) in self.arrived.drain(..) {
            let met = before != self.stops || before.running > 0;
            worker.may_end |= met;
            worker.may_end_jobs |= met;
            self.workers.push(worker);
        }
        for worker in &mut self.workers {
            worker.learn();
        }
        self.mark();
        let mut there = Vec::new();
        for mut worker in self.workers.drain(..) {
            if let Some(ended) = worker.ended()? {
                worker.learn();
                worker.bury(ended, self.scribe);
            } else {
                there.push(worker);
            }
        }
        self.workers = there;
        Ok(())
    }

    /// Those that are there and known by name.
    pub(crate) fn known(&self) -> Vec<(Process, String)> {
        let known = self
            .workers
            .iter()
            .filter(|worker| worker.process.is_alive());
        known
            .filter_map(|worker| Some((worker.process, worker.id.clone()?)))
            .collect()
    }

    /// How many are there.
    pub(crate) fn count(&self) -> usize {
        self.workers.len()
    }

    /// Kills one. Says when, if it was alive.
    pub(crate) fn kill(&mut self, process: Process) -> Option<u64> {
        let worker = self.find(process)?;
        let id = worker.id.clone()?;
        // The earlier time, so that no rescue looks shorter than it was.
        let (at, wall) = (ledger::now(), SystemClock.now().0);
        let killed = process.signal(Signal::KILL);
        if killed {
            worker.may_end = true;
            let death = Death {
                worker: id,
                at,
                wall,
            };
            self.scribe.record().deaths.push(death);
        }
        killed.then_some(at)
    }

    /// Asks one politely to end. Says whether it was alive.
    pub(crate) fn terminate(&mut self, process: Process) -> bool {
        let Some(worker) = self.find(process) else {
            return false;
        };
        worker.may_end = true;
        process.signal(Signal::TERM)
    }

    /// A stop of all workers begins. It may meet those that are there, and all
    /// that come before it has ended.
    pub(crate) fn stop_begins(&mut self, now: bool) {
        self.stops.begun += 1;
        self.stops.running += 1;
        self.stops.running_now += u32::from(now);
        self.mark();
    }

    /// A stop has come to its end.
    pub(crate) fn stop_ends(&mut self, now: bool) {
        self.mark();
        self.stops.running -= 1;
        self.stops.running_now -= u32::from(now);
    }

    fn mark(&mut self) {
        for worker in &mut self.workers {
            worker.may_end |= self.stops.running > 0;
            worker.may_end_jobs |= self.stops.running_now > 0;
        }
    }

    /// The stops so far.
    pub(crate) fn stops(&self) -> Stops {
        self.stops
    }

    fn find(&mut self, process: Process) -> Option<&mut Worker> {
        let mut workers = self.workers.iter_mut();
        workers.find(|worker| worker.process == process)
    }
}

impl Worker {
    /// Learns its name from what it printed.
    fn learn(&mut self) {
        let Some(log) = self.log.as_ref().filter(|_| self.id.is_none()) else {
            return;
        };
        let text = std::fs::read(log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let values = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut started = values.filter(|value| value["event"] == "worker_started");
        let id = started
            .next()
            .and_then(|value| value["worker_id"].as_str().map(str::to_owned));
        if id.is_some() {
            self.id = id;
            self.since = ledger::now();
        }
    }

    /// How it ended, if it has.
    fn ended(&mut self) -> Result<Option<Ended>, Trouble> {
        match &mut self.child {
            Some(child) => {
                let status = child.try_wait().map_err(io("wait for a worker"))?;
                Ok(status.map(Ended::Status))
            }
            None => Ok((!self.process.is_alive()).then_some(Ended::Somehow)),
        }
    }

    fn bury(self, ended: Ended, scribe: &Scribe) {
        let name = self.id.as_deref().unwrap_or("without a name");
        if let Some(worker) = self.id.clone() {
            let span = (self.since, ledger::now());
            let mut record = scribe.record();
            if self.may_end_jobs {
                record.stopped_now.insert(worker.clone());
            }
            record.stays.push(Stay { worker, span });
        }
        scribe.note(&format!("worker {name} has ended"));
        let well = match ended {
            // 5 is a store that was locked for too long, at the worker's start.
            Ended::Status(status) => match status.code() {
                None => self.may_end,
                Some(0) => self.may_end,
                Some(5) => self.id.is_none(),
                Some(_) => false,
            },
            Ended::Somehow => self.may_end,
        };
        if !well {
            scribe.odd(format!(
                "worker {name} ended, {ended:?}, and nobody asked it to"
            ));
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Ended {
    Status(ExitStatus),
    Somehow,
}
