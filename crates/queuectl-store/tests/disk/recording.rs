//! A life of a store, recorded: what it wrote and synced, and what it promised when.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use queuectl_domain::{Fence, JobId, NewJob, WorkerId};
use queuectl_store::{Claimed, Printed, Store, StoreError, Turn};
use rusqlite::Connection;

use crate::calls;
use crate::disk::{Disk, Happened};
use crate::scene::{
    HandClock, a_job, a_long_job, a_worker, chunk, failure, open, settled, success,
};

/// What a store has said.
#[derive(Debug, Clone)]
pub(crate) enum Promise {
    /// The job was added.
    Added(JobId),
    /// The result of this claim is on disk.
    Kept(JobId, Fence),
    /// The claim was given to a worker.
    Given(Fence),
}

/// What happened to the files, and what was promised after how much of it.
pub(crate) struct Recording {
    pub(crate) log: Vec<(PathBuf, Happened)>,
    pub(crate) promises: Vec<(usize, Promise)>,
    /// All that each claim printed.
    pub(crate) printed: HashMap<Fence, String>,
}

/// Those that play: one that adds jobs, and workers.
pub(crate) struct Players {
    path: PathBuf,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) rng: Rng,
    front: Box<dyn Store>,
    workers: Vec<Hand>,
    registered: usize,
    jobs: usize,
    checkpoints: usize,
    promises: Vec<(usize, Promise)>,
    printed: HashMap<Fence, String>,
}

struct Hand {
    store: Box<dyn Store>,
    id: WorkerId,
    held: Vec<Held>,
    /// Results that the store has, maybe not on disk.
    told: Vec<(JobId, Fence)>,
}

struct Held {
    claimed: Claimed,
    output: String,
    /// How much of it the store has.
    shown: usize,
}

impl Held {
    fn half(&self) -> &str {
        &self.output[..self.output.len() / 2]
    }
}

impl Players {
    /// Begins a life in `folder`, which is recorded from now on.
    pub(crate) fn new(folder: &Path, seed: u64) -> Self {
        calls::watch(Disk::new(folder));
        let clock = HandClock::new();
        let path = folder.join("q.db");
        let front = open(&path, &clock).unwrap();
        let mut players = Self {
            path,
            clock,
            rng: Rng::with_seed(seed),
            front,
            workers: Vec::new(),
            registered: 0,
            jobs: 0,
            checkpoints: 0,
            promises: Vec::new(),
            printed: HashMap::new(),
        };
        for _ in 0..2 {
            let hand = players.hand();
            players.workers.push(hand);
        }
        players
    }

    /// One of the things that happen.
    pub(crate) fn step(&mut self) {
        match self.rng.u8(..40) {
            0..8 => self.enqueue(),
            8..30 => self.turn(),
            30..33 => self.sync(),
            33..35 => self.checkpoint(),
            35..37 => self.reopen(),
            37 => self.replace(),
            // As long as results may be without a sync.
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
        let millis = self.rng.u64(..3_000);
        self.clock.advance(Duration::from_millis(millis));
    }

    pub(crate) fn end(self) -> Recording {
        drop((self.front, self.workers));
        Recording {
            log: calls::unwatch().log,
            promises: self.promises,
            printed: self.printed,
        }
    }

    /// What the store has answered; none if it couldn't.
    fn unless_refused<T>(&mut self, answer: Result<T, StoreError>) -> Option<T> {
        let refused = calls::disk(|disk| disk.refused);
        match answer {
            Err(StoreError::Io(_)) if refused > 0 => None,
            other => Some(other.unwrap()),
        }
    }

    fn promise(&mut self, promise: Promise) {
        let so_far = calls::disk(|disk| disk.log.len());
        self.promises.push((so_far, promise));
    }

    fn hand(&mut self) -> Hand {
        self.registered += 1;
        let worker = a_worker(&format!("w-{}", self.registered));
        let mut store = open(&self.path, &self.clock).unwrap();
        store.register(&worker).unwrap();
        Hand {
            store,
            id: worker.id,
            held: Vec::new(),
            told: Vec::new(),
        }
    }

    pub(crate) fn enqueue(&mut self) {
        let first = self.jobs;
        self.jobs += self.rng.usize(1..8);
        let jobs = (first..self.jobs).map(|number| a_job(&format!("job-{number}")));
        self.add(jobs.collect());
    }

    fn add(&mut self, jobs: Vec<NewJob>) {
        let enqueued = self.front.enqueue(jobs);
        for id in self.unless_refused(enqueued).unwrap_or_default() {
            self.promise(Promise::Added(id));
        }
    }

    pub(crate) fn turn(&mut self) {
        let number = self.rng.usize(..self.workers.len());
        let hand = &mut self.workers[number];
        let ends = self.rng.usize(..=hand.held.len());
        let (ended, running) = hand.held.split_at(ends);
        let results = ended.iter().map(|held| {
            let ending = if self.rng.u8(..4) > 0 {
                success()
            } else {
                failure()
            };
            let rest = vec![chunk(held.shown as u64, &held.output[held.shown..])];
            settled(&held.claimed, ending, rest)
        });
        let results: Vec<_> = results.collect();
        let output = running.iter().take(1).filter(|held| held.shown == 0);
        let output = output.map(|held| Printed {
            ticket: held.claimed.ticket,
            chunks: vec![chunk(0, held.half())],
        });
        let output: Vec<_> = output.collect();
        let turn = Turn {
            worker: &hand.id,
            settled: &results,
            released: &[],
            output: &output,
            free: self.rng.usize(..6),
            held: &[],
            rung: false,
        };
        let reply = hand.store.turn(&turn);
        let Some(reply) = self.unless_refused(reply) else {
            return;
        };
        assert_eq!(reply.lost, []);
        let hand = &mut self.workers[number];
        for held in hand.held.drain(..ends) {
            hand.told
                .push((held.claimed.job.spec.id.clone(), held.claimed.ticket.fence));
        }
        for printed in output {
            hand.held[0].shown = printed.chunks[0].bytes.len();
        }
        let mut given = Vec::new();
        for claimed in reply.claimed {
            let fence = claimed.ticket.fence;
            let output = format!("line of {fence}\n").repeat(self.rng.usize(1..300));
            given.push(Promise::Given(fence));
            self.printed.insert(fence, output.clone());
            hand.held.push(Held {
                claimed,
                output,
                shown: 0,
            });
        }
        given.into_iter().for_each(|promise| self.promise(promise));
        if !reply.unsynced {
            self.kept(number);
        }
    }

    /// A worker's results are on disk now.
    fn kept(&mut self, number: usize) {
        for (job, fence) in std::mem::take(&mut self.workers[number].told) {
            self.promise(Promise::Kept(job, fence));
        }
    }

    pub(crate) fn sync(&mut self) {
        let number = self.rng.usize(..self.workers.len());
        let synced = self.workers[number].store.sync();
        if self.unless_refused(synced).is_some() {
            self.kept(number);
        }
    }

    /// Copies the log into the database, as the store does when the log is long.
    pub(crate) fn checkpoint(&mut self) {
        let how = ["TRUNCATE", "PASSIVE", "RESTART", "FULL"][self.checkpoints % 4];
        self.checkpoints += 1;
        let conn = Connection::open(&self.path).unwrap();
        let copy = format!("PRAGMA wal_checkpoint({how})");
        let copied = conn.query_row(&copy, [], |_| Ok(()));
        assert!(copied.is_ok() || calls::disk(|disk| disk.refused > 0));
        // SQLite would copy the log and delete it if this were the last handle; it isn't.
    }

    /// All handles are closed, and opened again; SQLite deletes the log, since it is long.
    fn reopen(&mut self) {
        self.jobs += 1;
        self.add(vec![a_long_job(&format!("long-{}", self.jobs), 600_000)]);
        for hand in &mut self.workers {
            hand.store.sync().unwrap();
        }
        (0..self.workers.len()).for_each(|number| self.kept(number));
        self.workers.clear();
        self.front = open(&self.path, &self.clock).unwrap();
        for info in self.front.workers().unwrap() {
            self.front.rescue(&info.worker.id, None).unwrap();
        }
        for _ in 0..2 {
            let hand = self.hand();
            self.workers.push(hand);
        }
    }

    /// One worker ends, and another begins.
    fn replace(&mut self) {
        let new = self.hand();
        let number = self.rng.usize(..self.workers.len());
        let mut old = std::mem::replace(&mut self.workers[number], new);
        old.store.unregister(&old.id).unwrap();
        for (job, fence) in old.told {
            self.promise(Promise::Kept(job, fence));
        }
    }
}
