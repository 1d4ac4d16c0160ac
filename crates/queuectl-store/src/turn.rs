//! What a worker and the store tell each other in one turn.

use std::time::Duration;

use queuectl_domain::{Chunk, Ending, Fence, Job, Life, Outcome, Settings, Timestamp, WorkerId};

use crate::StopMode;

/// What a worker tells the store.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// Who speaks.
    pub worker: &'a WorkerId,
    /// The attempts that have ended.
    pub settled: &'a [Settled],
    /// Claims that it gives back, since nobody has begun to run their jobs.
    pub released: &'a [Ticket],
    /// What running attempts have printed since the last turn.
    pub output: &'a [Printed],
    /// How many more jobs the worker can run.
    pub free: usize,
    /// Claims to be checked: which of them are no longer the worker's own?
    pub held: &'a [Ticket],
    /// Whether the bell was rung for this worker, so that there probably is something to be had. A store that would ask first
    /// whether there is doesn't then.
    pub rung: bool,
}

impl<'a> Turn<'a> {
    /// A turn in which nothing is said and nothing wanted.
    pub fn of(worker: &'a WorkerId) -> Self {
        Self {
            worker,
            settled: &[],
            released: &[],
            output: &[],
            free: 0,
            held: &[],
            rung: false,
        }
    }

    /// Whether jobs go back to the queue that others may run now.
    pub(crate) fn gives_back(&self) -> bool {
        let is_back = |settled: &Settled| {
            matches!(settled.ending.outcome, Outcome::Stopped | Outcome::Crashed)
        };
        !self.released.is_empty() || self.settled.iter().any(is_back)
    }
}

/// What the store answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// When all of this turn happened.
    pub now: Timestamp,
    /// The jobs to run now, `free` at most, most urgent first.
    pub claimed: Vec<Claimed>,
    /// What has become of the jobs whose attempts this turn has settled, by the claims they ran under.
    pub settled: Vec<(Fence, Life)>,
    /// Claims of this turn (settled, released, printed or held) that the worker doesn't
    /// have any more. Nothing was changed for them; what still runs is to be ended.
    pub lost: Vec<Fence>,
    /// Held claims whose runs a user wants ended. They are the worker's own until it has settled them.
    pub to_end: Vec<Fence>,
    /// How the worker is to stop, if it is.
    pub stop: Option<StopMode>,
    /// Whether there is more to claim right now.
    pub more: bool,
    /// How long until the next retry is due, if one is waiting.
    pub due_in: Option<Duration>,
    /// Whether there is a worker whose lease is over, and somebody should look after what it held.
    pub lapsed: bool,
    /// How many jobs of the store have yet to run, or run now, on any worker.
    pub unfinished: u64,
    /// Whether results were committed that only [`Store::sync`](crate::Store::sync)
    /// (or a later turn) makes safe from a power cut.
    pub unsynced: bool,
    /// The settings as they are now.
    pub settings: Settings,
}

/// Names one claim to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The store's own number of the job.
    pub number: i64,
    /// The fence of the claim.
    pub fence: Fence,
}

/// A job to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The claim it is run under.
    pub ticket: Ticket,
    /// The job, as claimed: its `attempts` is the number of this attempt.
    pub job: Job,
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// Its claim.
    pub ticket: Ticket,
    /// How it ended.
    pub ending: Ending,
    /// What it printed since the last turn.
    pub output: Vec<Chunk>,
}

/// What a running attempt has printed since the last turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Printed {
    /// Its claim.
    pub ticket: Ticket,
    /// The pieces, in order.
    pub chunks: Vec<Chunk>,
}
