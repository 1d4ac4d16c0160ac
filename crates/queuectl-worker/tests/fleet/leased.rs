//! A store as it is on a server, for tests: it gives leases, and the way to it can be cut.
//!
//! It is an SQLite store to which the leases are added. How a store on a server keeps them is seen by
//! the conformance suite; what a worker makes of them is seen here, without a server.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use queuectl_domain::{
    Attempt, Chunk, Fence, History, Job, JobId, Key, NewJob, Settings, Timeout, Timestamp, WorkerId,
};
use queuectl_store::{
    BackupTo, Batch, Bell, Checked, Clear, Counts, Existing, Finding, GivenBack, Location, Page,
    Progress, Query, Reply, Selection, StopMode, Store, StoreError, StoreFile, Turn, Worker,
    WorkerInfo,
};

type Result<T> = std::result::Result<T, StoreError>;

/// The server: the leases it has given.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<HashMap<WorkerId, Instant>>>);

/// The way to the server, for one worker.
#[derive(Clone, Default)]
pub(crate) struct Link(Arc<(Mutex<Way>, Condvar)>);

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    #[default]
    Open,
    /// Who tries hears at once that it can't be done.
    Cut,
    /// All gets through, but nothing can be synced.
    Unsafe,
    /// Nothing gets through, and nobody hears of it, until the way is another one.
    Hangs,
}

impl Link {
    pub(crate) fn set(&self, way: Way) {
        let (now, changed) = &*self.0;
        *now.lock().expect("whole") = way;
        changed.notify_all();
    }

    fn is(&self, way: Way) -> bool {
        *self.0.0.lock().expect("whole") == way
    }

    fn pass(&self) -> Result<()> {
        let (now, changed) = &*self.0;
        let mut way = now.lock().expect("whole");
        while *way == Way::Hangs {
            way = changed.wait(way).expect("whole");
        }
        match *way {
            Way::Cut => Err(StoreError::Io("the way is cut".into())),
            _ => Ok(()),
        }
    }
}

/// A store that gives leases.
pub(crate) struct Leased {
    inner: Box<dyn Store>,
    server: Server,
    link: Link,
    /// Where its workers are.
    machine: Option<&'static str>,
}

impl Leased {
    /// The store at `path`. Its workers are on this machine, unless another is named.
    pub(crate) fn open(
        path: &Path,
        server: &Server,
        link: &Link,
        machine: Option<&'static str>,
    ) -> Box<dyn Store> {
        let location = Location::Sqlite(path.to_owned());
        let options = queuectl_store::Options::default();
        let inner = queuectl_store::open(&location, &options).expect("the store opens");
        Box::new(Self {
            inner,
            server: server.clone(),
            link: link.clone(),
            machine,
        })
    }

    fn length(&mut self) -> Result<Duration> {
        Ok(self.inner.settings()?.lease)
    }

    fn give(&mut self, id: &WorkerId) -> Result<Duration> {
        let length = self.length()?;
        let mut leases = self.server.0.lock().expect("whole");
        leases.insert(id.clone(), Instant::now() + length);
        Ok(length)
    }

    fn left(&self, id: &WorkerId) -> Duration {
        let leases = self.server.0.lock().expect("whole");
        let until = leases.get(id).copied();
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }
}

/// Methods that only have to get through.
macro_rules! through {
    ($(fn $name:ident(&mut self $(, $arg:ident: $type:ty)*) -> $result:ty;)+) => {
        $(fn $name(&mut self $(, $arg: $type)*) -> Result<$result> {
            self.link.pass()?;
            self.inner.$name($($arg),*)
        })+
    };
}

impl Store for Leased {
    fn set_patience(&mut self, patience: Duration) {
        self.inner.set_patience(patience);
    }

    through! {
        fn now(&mut self) -> Timestamp;
        fn identity(&mut self) -> String;
        fn enqueue_batch(&mut self, jobs: Vec<NewJob>, existing: Existing) -> Batch;
        fn import(&mut self, jobs: Vec<History>, existing: Existing) -> Batch;
        fn export(&mut self, after: i64, most: usize) -> Vec<(i64, History)>;
        fn last_id_number(&mut self) -> u64;
        fn make_ids_after(&mut self, last: u64) -> ();
        fn withdraw(&mut self, numbers: RangeInclusive<i64>) -> u64;
        fn taken(&mut self, ids: &[JobId]) -> Vec<JobId>;
        fn job(&mut self, id: &JobId) -> Job;
        fn attempts(&mut self, id: &JobId) -> Vec<Attempt>;
        fn output(&mut self, fence: Fence) -> Vec<Chunk>;
        fn list(&mut self, query: &Query) -> Page;
        fn counts(&mut self) -> Counts;
        fn retry(&mut self, which: &Selection, timeout: Option<Timeout>) -> Vec<JobId>;
        fn bury(&mut self, id: &JobId, reason: Option<String>) -> ();
        fn stop_job(&mut self, id: &JobId, reason: Option<String>) -> Fence;
        fn remove(&mut self, id: &JobId) -> ();
        fn clear(&mut self, what: Clear) -> u64;
        fn forget_completed(&mut self, before: Timestamp, most: usize) -> u64;
        fn settings(&mut self) -> Settings;
        fn set(&mut self, key: Key, value: &str) -> ();
        fn unregister(&mut self, id: &WorkerId) -> ();
        fn rescue(&mut self, id: &WorkerId, begun: Option<&[Fence]>) -> Vec<GivenBack>;
        fn lost_workers(&mut self) -> Vec<WorkerId>;
        fn request_stop(&mut self, ids: &[WorkerId], mode: StopMode) -> ();
        fn set_trouble(&mut self, id: &WorkerId, reason: Option<&str>) -> ();
        fn check(&mut self) -> Vec<Checked>;
        fn mend(&mut self, finding: &Finding) -> bool;
        fn backup(&mut self, to: &BackupTo<'_>, progress: &mut dyn FnMut(Progress)) -> ();
    }

    fn register(&mut self, worker: &Worker) -> Result<Option<Duration>> {
        self.link.pass()?;
        let mut worker = worker.clone();
        if let Some(machine) = self.machine {
            worker.machine = machine.into();
        }
        self.inner.register(&worker)?;
        self.give(&worker.id).map(Some)
    }

    fn renew(&mut self, id: &WorkerId) -> Result<Option<Duration>> {
        self.link.pass()?;
        let known = self.inner.workers()?;
        if !known.iter().any(|info| info.worker.id == *id) {
            return Err(StoreError::NoSuchWorker(id.clone()));
        }
        self.give(id).map(Some)
    }

    fn turn(&mut self, turn: &Turn<'_>) -> Result<Reply> {
        self.link.pass()?;
        let mut reply = self.inner.turn(turn)?;
        reply.unsynced |= self.link.is(Way::Unsafe);
        let known = self.inner.workers()?;
        let mut others = known.iter().filter(|info| info.worker.id != *turn.worker);
        reply.lapsed = others.any(|info| self.left(&info.worker.id).is_zero());
        Ok(reply)
    }

    fn sync(&mut self) -> Result<()> {
        self.link.pass()?;
        if self.link.is(Way::Unsafe) {
            return Err(StoreError::Io("the disk is failing".into()));
        }
        self.inner.sync()
    }

    fn rescue_lapsed(&mut self, id: &WorkerId) -> Result<Option<Vec<GivenBack>>> {
        self.link.pass()?;
        let known = self.inner.workers()?;
        let is_known = known.iter().any(|info| info.worker.id == *id);
        if !is_known || !self.left(id).is_zero() {
            return Ok(None);
        }
        self.inner.rescue(id, None).map(Some)
    }

    fn workers(&mut self) -> Result<Vec<WorkerInfo>> {
        self.link.pass()?;
        let mut workers = self.inner.workers()?;
        for info in &mut workers {
            info.lease_left = Some(self.left(&info.worker.id));
            info.store = None;
        }
        Ok(workers)
    }

    fn file(&self) -> Option<&StoreFile> {
        None
    }

    fn bell(&self) -> Result<Box<dyn Bell>> {
        self.inner.bell()
    }
}
