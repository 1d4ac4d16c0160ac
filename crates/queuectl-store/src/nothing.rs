//! Stands in for a store that doesn't exist, for commands that only look or remove: it is empty, and creates nothing.

use std::ops::RangeInclusive;
use std::time::Duration;

use queuectl_domain::{
    Attempt, Chunk, Fence, History, Job, JobId, Key, NewJob, Settings, Timeout, Timestamp, WorkerId,
};

use crate::{
    BackupTo, Batch, Bell, Checked, Clear, Clock, Counts, Existing, Finding, GivenBack, Page,
    Progress, Query, Reply, Selection, StopMode, Store, StoreError, StoreFile, SystemClock, Turn,
    Worker, WorkerInfo,
};

type Result<T> = std::result::Result<T, StoreError>;

/// A store that doesn't exist. It answers like an empty one, and refuses whatever would have to be stored.
pub(crate) struct Nothing {
    /// Where the store would be.
    pub(crate) location: String,
}

impl Nothing {
    fn missing<T>(&self) -> Result<T> {
        Err(StoreError::Missing(self.location.clone()))
    }
}

fn no_such_job<T>(id: &JobId) -> Result<T> {
    Err(StoreError::NoSuchJob(id.clone()))
}

impl Store for Nothing {
    fn now(&mut self) -> Result<Timestamp> {
        Ok(SystemClock.now())
    }

    fn set_patience(&mut self, _: Duration) {}

    fn identity(&mut self) -> Result<String> {
        self.missing()
    }

    fn file(&self) -> Option<&StoreFile> {
        None
    }

    fn enqueue_batch(&mut self, _: Vec<NewJob>, _: Existing) -> Result<Batch> {
        self.missing()
    }

    fn import(&mut self, _: Vec<History>, _: Existing) -> Result<Batch> {
        self.missing()
    }

    fn export(&mut self, _: i64, _: usize) -> Result<Vec<(i64, History)>> {
        Ok(Vec::new())
    }

    fn last_id_number(&mut self) -> Result<u64> {
        Ok(0)
    }

    fn make_ids_after(&mut self, _: u64) -> Result<()> {
        self.missing()
    }

    fn withdraw(&mut self, _: RangeInclusive<i64>) -> Result<u64> {
        Ok(0)
    }

    fn taken(&mut self, _: &[JobId]) -> Result<Vec<JobId>> {
        Ok(Vec::new())
    }

    fn job(&mut self, id: &JobId) -> Result<Job> {
        no_such_job(id)
    }

    fn attempts(&mut self, id: &JobId) -> Result<Vec<Attempt>> {
        no_such_job(id)
    }

    fn output(&mut self, _: Fence) -> Result<Vec<Chunk>> {
        Ok(Vec::new())
    }

    fn list(&mut self, _: &Query) -> Result<Page> {
        Ok(Page {
            jobs: Vec::new(),
            total: 0,
        })
    }

    fn counts(&mut self) -> Result<Counts> {
        Ok(Counts::default())
    }

    fn retry(&mut self, which: &Selection, _: Option<Timeout>) -> Result<Vec<JobId>> {
        match which {
            Selection::Jobs(ids) => ids.first().map_or_else(|| Ok(Vec::new()), no_such_job),
            Selection::AllDead => Ok(Vec::new()),
        }
    }

    fn bury(&mut self, id: &JobId, _: Option<String>) -> Result<()> {
        no_such_job(id)
    }

    fn stop_job(&mut self, id: &JobId, _: Option<String>) -> Result<Fence> {
        no_such_job(id)
    }

    fn remove(&mut self, id: &JobId) -> Result<()> {
        no_such_job(id)
    }

    fn clear(&mut self, _: Clear) -> Result<u64> {
        Ok(0)
    }

    fn forget_completed(&mut self, _: Timestamp, _: usize) -> Result<u64> {
        Ok(0)
    }

    fn settings(&mut self) -> Result<Settings> {
        Ok(Settings::default())
    }

    fn set(&mut self, _: Key, _: &str) -> Result<()> {
        self.missing()
    }

    fn register(&mut self, _: &Worker) -> Result<Option<Duration>> {
        self.missing()
    }

    fn renew(&mut self, id: &WorkerId) -> Result<Option<Duration>> {
        Err(StoreError::NoSuchWorker(id.clone()))
    }

    fn turn(&mut self, _: &Turn<'_>) -> Result<Reply> {
        self.missing()
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn unregister(&mut self, _: &WorkerId) -> Result<()> {
        Ok(())
    }

    fn rescue(&mut self, _: &WorkerId, _: Option<&[Fence]>) -> Result<Vec<GivenBack>> {
        Ok(Vec::new())
    }

    fn rescue_lapsed(&mut self, _: &WorkerId) -> Result<Option<Vec<GivenBack>>> {
        Ok(None)
    }

    fn lost_workers(&mut self) -> Result<Vec<WorkerId>> {
        Ok(Vec::new())
    }

    fn workers(&mut self) -> Result<Vec<WorkerInfo>> {
        Ok(Vec::new())
    }

    fn request_stop(&mut self, _: &[WorkerId], _: StopMode) -> Result<()> {
        Ok(())
    }

    fn set_trouble(&mut self, _: &WorkerId, _: Option<&str>) -> Result<()> {
        self.missing()
    }

    fn check(&mut self) -> Result<Vec<Checked>> {
        Ok(Vec::new())
    }

    fn mend(&mut self, _: &Finding) -> Result<bool> {
        Ok(false)
    }

    fn backup(&mut self, _: &BackupTo<'_>, _: &mut dyn FnMut(Progress)) -> Result<()> {
        self.missing()
    }

    fn bell(&self) -> Result<Box<dyn Bell>> {
        self.missing()
    }
}
