//! What a store can do.

use std::ops::RangeInclusive;
use std::time::Duration;

use queuectl_domain::{
    Attempt, Chunk, Fence, History, Job, JobId, Key, NewJob, Settings, State, Timeout, Timestamp,
    WorkerId,
};

use crate::{
    BackupTo, Checked, Finding, GivenBack, Progress, Reply, StopMode, StoreError, StoreFile, Turn,
    Worker, WorkerInfo,
};

/// Everything the queue remembers, and the ways to change it.
///
/// Every method is one transaction: it happens whole or not at all. What changes
/// something is on disk when it returns, so that a power cut can't undo it;
/// [`turn`](Self::turn) alone may leave that to [`sync`](Self::sync).
pub trait Store: Send {
    /// The time by which this store decides.
    fn now(&mut self) -> Result<Timestamp, StoreError>;

    /// Sets how long each later call waits for a store that is busy or doesn't answer, in place of the value from its opening.
    fn set_patience(&mut self, patience: Duration);

    /// What tells this store from all others, by whatever name it was opened; of no meaning beyond this moment.
    fn identity(&mut self) -> Result<String, StoreError>;

    /// The file of the store; none if it is on a server.
    fn file(&self) -> Option<&StoreFile>;

    /// Adds jobs, all or none, and returns their ids in the same order.
    ///
    /// # Errors
    ///
    /// [`StoreError::JobExists`] if an id is taken, in the store or by another of `jobs`.
    fn enqueue(&mut self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, StoreError> {
        let batch = self.enqueue_batch(jobs, Existing::Refused)?;
        Ok(batch.ids)
    }

    /// Adds jobs, all or none, unless those whose ids are taken are passed over.
    ///
    /// # Errors
    ///
    /// [`StoreError::JobExists`] if an id is taken and that is refused.
    fn enqueue_batch(&mut self, jobs: Vec<NewJob>, existing: Existing)
    -> Result<Batch, StoreError>;

    /// Adds jobs of another store with all that is known of them, all or none, unless those whose
    /// ids are taken are passed over.
    ///
    /// They come as the lifecycle lets them be [taken over](Job::taken_over); their attempts get fences
    /// of this store, and keep as much of their output as its settings say. Ids that are made from then on come after
    /// those of them that were made elsewhere.
    ///
    /// # Errors
    ///
    /// [`StoreError::JobExists`] if an id is taken and that is refused.
    fn import(&mut self, jobs: Vec<History>, existing: Existing) -> Result<Batch, StoreError>;

    /// Jobs with all that is known of them, as [`import`](Self::import) takes them, with their numbers: at most `most`,
    /// in the order of their numbers, from the first on whose number is above `after`.
    fn export(&mut self, after: i64, most: usize) -> Result<Vec<(i64, History)>, StoreError>;

    /// The number up to which ids were made, or may have been, whether or not their jobs are still there.
    fn last_id_number(&mut self) -> Result<u64, StoreError>;

    /// Makes no id of a number up to this one any more, if it can be one of which another store has made an id.
    fn make_ids_after(&mut self, last: u64) -> Result<(), StoreError>;

    /// Takes back those jobs of a batch that haven't begun to run; returns how many.
    fn withdraw(&mut self, numbers: RangeInclusive<i64>) -> Result<u64, StoreError>;

    /// Which of these ids are taken, in the order given.
    fn taken(&mut self, ids: &[JobId]) -> Result<Vec<JobId>, StoreError>;

    /// One job.
    fn job(&mut self, id: &JobId) -> Result<Job, StoreError>;

    /// All attempts of a job, oldest first; the running one too.
    fn attempts(&mut self, id: &JobId) -> Result<Vec<Attempt>, StoreError>;

    /// What the attempt with this fence printed, in the order of arrival, as
    /// far as it has come and was kept.
    fn output(&mut self, fence: Fence) -> Result<Vec<Chunk>, StoreError>;

    /// The newest jobs that fit, newest first.
    fn list(&mut self, query: &Query) -> Result<Page, StoreError>;

    /// How many jobs there are.
    fn counts(&mut self) -> Result<Counts, StoreError>;

    /// Takes dead jobs out of the dead letter queue for a new start, all or none.
    /// Returns the ids, in the order given or of creation.
    fn retry(
        &mut self,
        which: &Selection,
        timeout: Option<Timeout>,
    ) -> Result<Vec<JobId>, StoreError>;

    /// Puts a waiting job into the dead letter queue.
    fn bury(&mut self, id: &JobId, reason: Option<String>) -> Result<(), StoreError>;

    /// Asks for the end of a job's run, and returns the claim it runs under. Its worker hears it in
    /// its next turn; when it has ended the run, the job is in the dead letter queue, for `reason`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Transition`] if the job isn't being processed.
    fn stop_job(&mut self, id: &JobId, reason: Option<String>) -> Result<Fence, StoreError>;

    /// Deletes one job and all that is known of it, unless it is being processed.
    fn remove(&mut self, id: &JobId) -> Result<(), StoreError>;

    /// Deletes jobs and all that is known of them; returns how many.
    ///
    /// # Errors
    ///
    /// [`StoreError::BeingProcessed`] if some are, unless that was meant.
    fn clear(&mut self, what: Clear) -> Result<u64, StoreError>;

    /// Deletes completed jobs that ended before a moment, and all that is known of them: those that ended first, and at most
    /// `most`, so that others aren't held up. Returns how many; fewer than `most` if there are no more, or if others are about to
    /// delete them.
    fn forget_completed(&mut self, before: Timestamp, most: usize) -> Result<u64, StoreError>;

    /// The settings.
    fn settings(&mut self) -> Result<Settings, StoreError>;

    /// Changes one setting.
    fn set(&mut self, key: Key, value: &str) -> Result<(), StoreError>;

    /// Makes a worker known, before its first turn. Returns how long its lease holds, from the moment
    /// of this call at the least; none if this store gives no leases, since all that use it are on one
    /// machine, where a worker's death is seen at once.
    ///
    /// One that was asked to stop is asked so still, whether it is known already or was [lost](Self::lost_workers)
    /// meanwhile; it hears that in its first turn.
    ///
    /// A worker that can't [renew](Self::renew) its lease must have ended all it runs when the lease is over.
    ///
    /// # Errors
    ///
    /// Fails with [`StoreError::WorkerExists`] if another process has this name: the two would share their claims.
    fn register(&mut self, worker: &Worker) -> Result<Option<Duration>, StoreError>;

    /// Renews a worker's lease: returns how long it holds, from the moment of this call at the least; none if this store gives
    /// no leases. It doesn't wait for transactions that have locked jobs.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchWorker`] as from a [`turn`](Self::turn).
    fn renew(&mut self, id: &WorkerId) -> Result<Option<Duration>, StoreError>;

    /// One turn of a worker: takes in what has happened, and says what to do next.
    /// Everything of a turn is one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchWorker`] if the worker isn't known (any more). It has
    /// been taken for dead then: all that it runs is no longer its own.
    fn turn(&mut self, turn: &Turn<'_>) -> Result<Reply, StoreError>;

    /// Sees to it that all results of earlier turns are on disk.
    fn sync(&mut self) -> Result<(), StoreError>;

    /// Forgets a worker that has ended by itself. What it still held goes back
    /// to the queue as if stopped by the user.
    fn unregister(&mut self, id: &WorkerId) -> Result<(), StoreError>;

    /// Forgets a worker that has died. What it ran has crashed, and goes back
    /// to the queue or is dead; returns these jobs as they are now. A worker
    /// that isn't known (any more) held nothing.
    ///
    /// `begun` are the claims whose jobs it had begun to run, if that is known:
    /// the others are only released. If it isn't known, all have crashed.
    ///
    /// The caller knows that the worker is dead and has ended its orphaned processes.
    fn rescue(
        &mut self,
        id: &WorkerId,
        begun: Option<&[Fence]>,
    ) -> Result<Vec<GivenBack>, StoreError>;

    /// Forgets a worker whose lease is over, as [`rescue`](Self::rescue) does one that has died; all that
    /// it held counts as begun. None, and nothing changes, if its lease holds after all, or if
    /// there is no such worker or no lease. It is [lost](Self::lost_workers) from then on.
    fn rescue_lapsed(&mut self, id: &WorkerId) -> Result<Option<Vec<GivenBack>>, StoreError>;

    /// Workers that were forgotten since their leases were over, and may yet come back: until they make themselves
    /// known again or say goodbye, for a month.
    fn lost_workers(&mut self) -> Result<Vec<WorkerId>, StoreError>;

    /// All workers that are known, longest running first.
    fn workers(&mut self) -> Result<Vec<WorkerInfo>, StoreError>;

    /// Asks workers to stop; they hear it in their next turn. Asking for
    /// [`StopMode::Now`] isn't taken back by asking for less. [Lost](Self::lost_workers) ones hear it when
    /// they come back. Unknown workers are passed over.
    fn request_stop(&mut self, ids: &[WorkerId], mode: StopMode) -> Result<(), StoreError>;

    /// Records why a worker can start no jobs, or with `None` that it can again. A worker that registers can. Unknown workers are
    /// skipped.
    fn set_trouble(&mut self, id: &WorkerId, reason: Option<&str>) -> Result<(), StoreError>;

    /// Looks whether all that is kept agrees with itself and with the clock, and changes nothing.
    /// It reads everything, and holds up no other call. What is of no meaning to a kind of store,
    /// or can't be looked at since the store is damaged, is left out.
    fn check(&mut self) -> Result<Vec<Checked>, StoreError>;

    /// Puts right what [`check`](Self::check) has found, as far as that is still so; nothing that
    /// can be reached gets lost by it. False if it can't be put right, or not now.
    ///
    /// The caller of [`Finding::Ownerless`] has ended the processes of that worker.
    fn mend(&mut self, finding: &Finding) -> Result<bool, StoreError>;

    /// Writes a copy of the whole store, as it is at one moment, while others go on.
    ///
    /// The copy is of no worker: what was being processed is in it as if stopped by the user, and
    /// runs again where the copy is put to use. It is there whole and safe, or not at all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Interrupted`] if it was called off.
    fn backup(
        &mut self,
        to: &BackupTo<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StoreError>;

    /// What wakes idle workers when there is something to claim.
    fn bell(&self) -> Result<Box<dyn Bell>, StoreError>;
}

/// Wakes idle workers, across processes, when there is something to claim.
///
/// The store rings it by itself after an enqueue, a retry, and when jobs that a
/// worker held go back to the queue. One ring wakes one
/// waiting worker, which rings again if it leaves more than it takes.
pub trait Bell: Send {
    /// Blocks until the bell is rung. A ring that came before is not lost.
    fn wait(&mut self) -> std::io::Result<()>;

    /// Wakes one waiting worker, if there is one; otherwise the next that waits.
    fn ring(&self);

    /// Another handle on the same bell, for another thread.
    fn another(&self) -> std::io::Result<Box<dyn Bell>>;

    /// Stops waiting: ends calls that wait, removes this bell from the store's list of waiters, if it keeps one, and passes on a ring
    /// meant for this bell.
    fn retire(&self);

    /// This process is about to end: retires, and returns once that and all rings have reached the store; after a second in any
    /// case.
    fn close(&self);
}

/// What becomes of a new job whose id is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is refused, and all others with it.
    Refused,
    /// It is passed over.
    Skipped,
}

/// Jobs that were added together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Their ids, in the order given.
    pub ids: Vec<JobId>,
    /// The store's own numbers of all of them, and of no other job.
    pub numbers: RangeInclusive<i64>,
}

impl Batch {
    /// That nothing was added.
    pub(crate) fn nothing() -> Self {
        Self {
            ids: Vec::new(),
            numbers: RangeInclusive::new(1, 0),
        }
    }
}

/// Which jobs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Only those in this state.
    pub state: Option<State>,
    /// How many at most.
    pub limit: usize,
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// How many fit in all, including those beyond the limit.
    pub total: u64,
}

/// How many jobs there are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; State::ALL.len()]);

impl Counts {
    /// How many are in `state`.
    pub fn of(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    /// How many are in `state`, to be changed.
    pub fn of_mut(&mut self, state: State) -> &mut u64 {
        &mut self.0[state as usize]
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many have yet to run, or run now.
    pub fn unfinished(&self) -> u64 {
        self.of(State::Pending) + self.of(State::Failed) + self.of(State::Processing)
    }
}

/// Which dead jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These; each must be there and dead.
    Jobs(Vec<JobId>),
    /// All that are dead.
    AllDead,
}

/// What is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clear {
    /// The dead letter queue.
    Dead,
    /// All jobs.
    All {
        /// Even those that are being processed; their workers then end them.
        force: bool,
    },
}
