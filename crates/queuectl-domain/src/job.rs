//! A job: a command, the rules for running it, and how far it has come.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{
    Command, Fence, InvalidValue, JobId, NativeString, Priority, Rules, SortKey, Timestamp,
    WorkerId,
};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Ready to run.
    Pending,
    /// A worker runs it.
    Processing,
    /// An attempt succeeded.
    Completed,
    /// An attempt failed; waits for its retry.
    Failed,
    /// In the dead letter queue.
    Dead,
}

impl State {
    /// All states, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Processing,
        Self::Completed,
        Self::Failed,
        Self::Dead,
    ];

    /// The state's name, in stores, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }

    /// Whether a job in this state waits to be claimed.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Pending | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| {
            InvalidValue(format!(
                "a state is one of {}, not `{}`",
                Self::ALL.map(Self::as_str).join(", "),
                text.escape_debug()
            ))
        })
    }
}

/// Who runs a job now, and the fence that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The worker.
    pub worker: WorkerId,
    /// The token that only this claim has.
    pub fence: Fence,
}

/// A job that isn't in a store yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its name; the store makes one if there is none.
    pub id: Option<JobId>,
    /// What it runs.
    pub command: Command,
    /// Where it runs: an absolute path.
    pub cwd: NativeString,
    /// How it is run.
    pub rules: Rules,
}

/// A job, as it is in a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it runs.
    pub command: Command,
    /// Where it runs: an absolute path.
    pub cwd: NativeString,
    /// How it is run.
    pub rules: Rules,
    /// Where it stands.
    pub state: State,
    /// How many attempts have begun that count, the running one included.
    pub attempts: u32,
    /// How many workers died while they ran it.
    pub crashes: u32,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// From when on it may run; its waiting time counts from here.
    pub ready_at: Timestamp,
    /// When its last attempt began.
    pub started_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub finished_at: Option<Timestamp>,
    /// How long its last attempt ran.
    pub exec_time: Option<Duration>,
    /// The exit code of its last attempt.
    pub exit_code: Option<i64>,
    /// Why it isn't completed: what its last failed attempt said, or who put it into the DLQ.
    pub last_error: Option<String>,
    /// Who ran it last.
    pub last_worker: Option<WorkerId>,
    /// Who runs it now; set exactly while it is `processing`.
    pub claim: Option<Claim>,
    /// Why its run is to end, if a user wants it to; only while it is `processing`.
    pub stop: Option<String>,
}

impl Job {
    /// A job as it is right after it was enqueued.
    pub fn new(id: JobId, new: NewJob, now: Timestamp) -> Self {
        Self {
            id,
            command: new.command,
            cwd: new.cwd,
            rules: new.rules,
            state: State::Pending,
            attempts: 0,
            crashes: 0,
            created_at: now,
            ready_at: now,
            started_at: None,
            finished_at: None,
            exec_time: None,
            exit_code: None,
            last_error: None,
            last_worker: None,
            claim: None,
            stop: None,
        }
    }

    /// Its place among the waiting jobs.
    pub fn sort_key(&self) -> SortKey {
        SortKey::new(self.ready_at, self.rules.priority)
    }

    /// How long it has been ready to run; none if it doesn't wait.
    pub fn waited(&self, now: Timestamp) -> Option<Duration> {
        self.state.is_waiting().then(|| now.since(self.ready_at))
    }

    /// Its priority plus one for each minute waited; none if it doesn't wait.
    pub fn effective_priority(&self, now: Timestamp) -> Option<f64> {
        let waited = self.waited(now)?;
        Some(aged(self.rules.priority, waited))
    }

    /// When its retry is due; none unless it waits for one.
    pub fn next_retry_at(&self) -> Option<Timestamp> {
        (self.state == State::Failed).then_some(self.ready_at)
    }
}

fn aged(priority: Priority, waited: Duration) -> f64 {
    f64::from(priority.get()) + waited.as_secs_f64() / 60.0
}
