//! The storm's own record: what was done to whom, and what was answered. It is
//! kept in memory for the checks, and in a file for whoever looks into a failure.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use queuectl_store::{Clock, SystemClock};

use crate::fault::Fault;
use crate::kind::Kind;
use crate::ledger;
use crate::process::Process;
use crate::trouble::{Trouble, io};

/// The file in the run's folder.
pub(crate) const FILE: &str = "storm.log";

/// A job that was to be enqueued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enqueued {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Whether the queue answered that it has it.
    pub(crate) answered: bool,
}

/// A worker that was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Death {
    pub(crate) worker: String,
    /// By the clock of the ledger, in nanoseconds.
    pub(crate) at: u64,
    /// By the clock of the store, in microseconds.
    pub(crate) wall: i64,
}

/// From when until when, by the clock of the ledger.
pub(crate) type Span = (u64, u64);

/// A worker that was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) worker: String,
    pub(crate) span: Span,
}

/// A worker that was killed while another was idle, and when its job ran again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) killed_at: u64,
    pub(crate) begun_at: u64,
}

/// What the storm did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// How often each fault really happened.
    pub(crate) tally: BTreeMap<Fault, u64>,
    pub(crate) enqueued: Vec<Enqueued>,
    /// How far the clock of the store is ahead of that of the ledger, in microseconds.
    pub(crate) ahead: i64,
    pub(crate) deaths: Vec<Death>,
    pub(crate) stays: Vec<Stay>,
    /// When something was frozen.
    pub(crate) frozen: Vec<Span>,
    /// When the machine itself was slow.
    pub(crate) slow: Vec<Span>,
    /// Workers that were taken for dead.
    pub(crate) taken_for_dead: HashSet<String>,
    /// Workers that were told to end what they ran.
    pub(crate) stopped_now: HashSet<String>,
    /// Processes of jobs that were sent a signal which ends.
    pub(crate) signalled: HashSet<Process>,
    /// What was to be retried by hand; all that was dead if that is none.
    pub(crate) retries: Vec<Option<Vec<String>>>,
    pub(crate) probes: Vec<Probe>,
    /// Things that nobody did and that happened all the same.
    pub(crate) odd: Vec<String>,
}

impl Record {
    /// How often somebody tried to retry this job.
    pub(crate) fn retries_of(&self, id: &str) -> usize {
        let meant = self.retries.iter().filter(|which| match which {
            Some(ids) => ids.iter().any(|known| known == id),
            None => true,
        });
        meant.count()
    }
}

/// The record, for several threads to write.
#[derive(Debug)]
pub(crate) struct Scribe {
    record: Mutex<Record>,
    file: Mutex<File>,
}

impl Scribe {
    /// A record with a file in `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self, Trouble> {
        let file = File::create(folder.join(FILE)).map_err(io("write the storm's record"))?;
        let record = Record {
            ahead: SystemClock.now().0 - (ledger::now() / 1000).cast_signed(),
            ..Record::default()
        };
        Ok(Self {
            record: Mutex::new(record),
            file: Mutex::new(file),
        })
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line for people.
    pub(crate) fn note(&self, text: &str) {
        let line = format!("{} {text}\n", ledger::now());
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // The checks don't read it; a full disk shows elsewhere.
        let _ = file.write_all(line.as_bytes());
    }

    /// A fault has really happened.
    pub(crate) fn happened(&self, fault: Fault, whom: &str) {
        *self.record().tally.entry(fault).or_default() += 1;
        self.note(&format!("{}: {whom}", fault.what()));
    }

    /// Something happened that nobody did.
    pub(crate) fn odd(&self, text: String) {
        self.note(&format!("ODD {text}"));
        self.record().odd.push(text);
    }
}
