//! A job: a command, the rules for running it, and how far it has come.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::{
    Command, Fence, InvalidValue, JobId, NativeString, Policy, Priority, Rules, SortKey, Timestamp,
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

/// A job, as it is in a store: what it is, and how far it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What never changes; shared, since a command may be megabytes long.
    pub spec: Arc<Spec>,
    /// What changes.
    pub life: Life,
}

/// What a job is. Nothing that happens to the job changes it, but for a new timeout that comes with a retry by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its name.
    pub id: JobId,
    /// What it runs.
    pub command: Command,
    /// Where it runs: an absolute path.
    pub cwd: NativeString,
    /// How it is run.
    pub rules: Rules,
    /// When it was enqueued.
    pub created_at: Timestamp,
}

/// How far a job has come. [`Life::apply`] is the only way on.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// Where the job stands.
    pub state: State,
    /// How many attempts have begun that count, the running one included.
    pub attempts: u32,
    /// How many workers died while they ran it.
    pub crashes: u32,
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
            spec: Arc::new(Spec::new(id, new, now)),
            life: Life::new(now),
        }
    }

    /// Its priority plus one for each minute waited; none if it doesn't wait.
    pub fn effective_priority(&self, now: Timestamp) -> Option<f64> {
        let waited = self.life.waited(now)?;
        Some(aged(self.spec.rules.priority, waited))
    }

    /// What becomes of a job that comes from another store, at `now`.
    ///
    /// Who ran it there holds nothing here, so it is given back as if stopped. None waits longer than
    /// this store would let it wait, and none came in the future.
    pub fn taken_over(self, policy: &Policy, now: Timestamp) -> Self {
        let mut spec = Arc::unwrap_or_clone(self.spec);
        spec.created_at = spec.created_at.min(now);
        Self {
            spec: Arc::new(spec),
            life: self.life.taken_over(policy, now),
        }
    }
}

impl Spec {
    /// What a job with this name is that is enqueued now.
    pub fn new(id: JobId, new: NewJob, now: Timestamp) -> Self {
        Self {
            id,
            command: new.command,
            cwd: new.cwd,
            rules: new.rules,
            created_at: now,
        }
    }
}

impl Life {
    /// That of a job that was just enqueued.
    pub fn new(now: Timestamp) -> Self {
        Self {
            state: State::Pending,
            attempts: 0,
            crashes: 0,
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

    /// The job's place among the waiting ones.
    pub fn sort_key(&self, priority: Priority) -> SortKey {
        SortKey::new(self.ready_at, priority)
    }

    /// How long the job has been ready to run; none if it doesn't wait.
    pub fn waited(&self, now: Timestamp) -> Option<Duration> {
        self.state.is_waiting().then(|| now.since(self.ready_at))
    }

    /// When the job's retry is due; none unless it waits for one.
    pub fn next_retry_at(&self) -> Option<Timestamp> {
        (self.state == State::Failed).then_some(self.ready_at)
    }
}

fn aged(priority: Priority, waited: Duration) -> f64 {
    f64::from(priority.get()) + waited.as_secs_f64() / 60.0
}
