//! A store in one SQLite file.
//!
//! Beside `q.db` and SQLite's own `q.db-wal` and `q.db-shm` lie `q.db-lock`, where those that want
//! to write queue up, and `q.db-wake`, the bell. The statements are in the `.sql` files here.
//!
//! - [`open`] makes, checks and upgrades the file; [`session`] is one connection and its
//!   transactions, [`lock`] the queue before them, [`log`] what of them is on disk.
//! - [`guard`] refuses places where it would be in danger.
//! - [`check`] and [`mend`] look after the whole of it, [`backup`] copies it, and [`draft`] copies other stores.
//! - [`edit`], [`import`], [`export`], [`turn`] and [`workers`] are what happens in them.
//! - [`jobs`], [`attempts`], [`output`], [`settings`] and [`counters`] know how each thing is kept.

mod attempts;
mod backup;
mod bell;
mod check;
mod counters;
mod draft;
mod edit;
mod export;
mod fault;
mod guard;
mod import;
mod jobs;
mod lock;
mod log;
mod mend;
mod open;
mod output;
mod row;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod turn;
mod workers;
mod workshop;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use queuectl_domain::{
    Attempt, Chunk, Fence, History, Job, JobId, Key, NewJob, Settings, State, Timeout, Timestamp,
    WorkerId,
};
use queuectl_process::os;

use crate::records::{Code, Gone, made_up_to, signed};
use crate::{
    BackupTo, Batch, Bell, Checked, Clear, Counts, Existing, Finding, GivenBack, Missing, Options,
    Page, Progress, Query, Reply, Selection, StopMode, Store, StoreError, StoreFile, Turn, Worker,
    WorkerInfo,
};
use counters::Counters;
use session::{Durability, Session};

/// The text of a statement in this folder.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!($name, ".sql"))
    };
}
use sql;

pub(crate) use draft::{Draft, backup as write_backup};
pub(crate) use guard::files;
pub(crate) use open::APPLICATION_ID;

/// What may lie beside the file: SQLite's own, and ours.
const SIDE_FILES: [&str; 5] = ["-wal", "-shm", "-journal", "-lock", "-wake"];

type Result<T> = std::result::Result<T, StoreError>;

/// A store in one SQLite file.
pub(crate) struct SqliteStore {
    session: Session,
    file: StoreFile,
    bell: PathBuf,
    unsynced: bool,
    options: Options,
}

impl SqliteStore {
    /// Opens the store in the file at `path`. If there is none, creates it or fails, as `missing` says.
    pub(crate) fn open(path: &Path, missing: Missing, options: &Options) -> Result<Self> {
        let session = open::open(path, missing, options)?;
        let bell = open::bell_path(&session.path);
        let path = session.path.clone();
        let found = os::file_identity(&path);
        let identity = found.map_err(|error| fault::say_io(&error, &path.display().to_string()))?;
        Ok(Self {
            session,
            file: StoreFile { path, identity },
            bell,
            unsynced: false,
            options: options.clone(),
        })
    }

    /// Changes something, and has it on disk, with all that was changed before.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut session::Change<'_>) -> fault::Result<T>,
    ) -> Result<T> {
        let result = self.session.write(Durability::Full, change)?;
        self.unsynced = false;
        Ok(result)
    }
}

impl Store for SqliteStore {
    fn now(&mut self) -> Result<Timestamp> {
        Ok(self.session.now())
    }

    fn set_patience(&mut self, patience: Duration) {
        self.session.set_patience(patience);
    }

    fn identity(&mut self) -> Result<String> {
        let [disk, number] = self.file.identity;
        Ok(format!("file {disk} {number}"))
    }

    fn file(&self) -> Option<&StoreFile> {
        Some(&self.file)
    }

    fn enqueue_batch(&mut self, new: Vec<NewJob>, existing: Existing) -> Result<Batch> {
        if new.is_empty() {
            return Ok(Batch::nothing());
        }
        let batch = self.change(|change| edit::enqueue(change, new, existing))?;
        if !batch.ids.is_empty() {
            bell::ring(&self.bell);
        }
        Ok(batch)
    }

    fn import(&mut self, jobs: Vec<History>, existing: Existing) -> Result<Batch> {
        if jobs.is_empty() {
            return Ok(Batch::nothing());
        }
        let batch = self.change(|change| import::add(change, jobs, existing))?;
        if !batch.ids.is_empty() {
            bell::ring(&self.bell);
        }
        Ok(batch)
    }

    fn export(&mut self, after: i64, most: usize) -> Result<Vec<(i64, History)>> {
        self.session
            .read(|look| export::some(look.conn, after, most))
    }

    fn last_id_number(&mut self) -> Result<u64> {
        self.session
            .read(|look| Ok(Counters::load(look.conn)?.last_job.unsigned_abs()))
    }

    fn make_ids_after(&mut self, last: u64) -> Result<()> {
        self.change(|change| {
            change.counters.make_ids_after(made_up_to(last));
            Ok(())
        })
    }

    fn withdraw(&mut self, numbers: RangeInclusive<i64>) -> Result<u64> {
        self.change(|change| edit::withdraw(change, numbers))
    }

    fn taken(&mut self, ids: &[JobId]) -> Result<Vec<JobId>> {
        self.session.read(|look| jobs::taken(look.conn, ids))
    }

    fn job(&mut self, id: &JobId) -> Result<Job> {
        self.session.read(|look| {
            let number = jobs::number_of(look.conn, id)?;
            jobs::job(look.conn, number)
        })
    }

    fn attempts(&mut self, id: &JobId) -> Result<Vec<Attempt>> {
        self.session.read(|look| {
            let kept = jobs::find(look.conn, id)?;
            attempts::of(look.conn, kept.number, &kept.life)
        })
    }

    fn output(&mut self, fence: Fence) -> Result<Vec<Chunk>> {
        self.session.read(|look| output::of(look.conn, fence))
    }

    fn list(&mut self, query: &Query) -> Result<Page> {
        self.session.read(|look| {
            let limit = signed(query.limit as u64);
            let found = match query.state {
                None => jobs::numbers(look.conn, sql!("list_all"), [limit]),
                Some(State::Processing) => jobs::numbers(look.conn, sql!("list_running"), [limit]),
                Some(state) => {
                    let code = Code::code(state);
                    jobs::numbers(look.conn, sql!("list_in_state"), [limit, code])
                }
            };
            let jobs = found?
                .into_iter()
                .map(|number| jobs::job(look.conn, number))
                .collect::<fault::Result<_>>()?;
            let counts = Counters::load(look.conn)?.jobs;
            let total = query
                .state
                .map_or_else(|| counts.total(), |state| counts.of(state));
            Ok(Page { jobs, total })
        })
    }

    fn counts(&mut self) -> Result<Counts> {
        self.session
            .read(|look| Ok(Counters::load(look.conn)?.jobs))
    }

    fn retry(&mut self, which: &Selection, timeout: Option<Timeout>) -> Result<Vec<JobId>> {
        let ids = self.change(|change| edit::retry(change, which, timeout))?;
        if !ids.is_empty() {
            bell::ring(&self.bell);
        }
        Ok(ids)
    }

    fn bury(&mut self, id: &JobId, reason: Option<String>) -> Result<()> {
        self.change(|change| edit::bury(change, id, reason))
    }

    fn stop_job(&mut self, id: &JobId, reason: Option<String>) -> Result<Fence> {
        self.change(|change| edit::stop(change, id, reason))
    }

    fn remove(&mut self, id: &JobId) -> Result<()> {
        self.change(|change| edit::remove(change, id))
    }

    fn clear(&mut self, what: Clear) -> Result<u64> {
        self.change(|change| edit::clear(change, what))
    }

    fn forget_completed(&mut self, before: Timestamp, most: usize) -> Result<u64> {
        // Most who ask find nothing, and have to wait for nobody.
        let any = self
            .session
            .read(|look| edit::completed_before(look.conn, before, 1))?;
        if any.is_empty() {
            return Ok(0);
        }
        self.change(|change| edit::forget_completed(change, before, most))
    }

    fn settings(&mut self) -> Result<Settings> {
        self.session.read(|look| settings::load(look.conn))
    }

    fn set(&mut self, key: Key, value: &str) -> Result<()> {
        self.change(|change| settings::set(change, key, value))
    }

    /// There are no leases: the lock that each worker holds for its life tells of its death.
    fn register(&mut self, worker: &Worker) -> Result<Option<Duration>> {
        self.change(|change| workers::register(change, worker))?;
        Ok(None)
    }

    fn renew(&mut self, _: &WorkerId) -> Result<Option<Duration>> {
        Ok(None)
    }

    fn turn(&mut self, turn: &Turn<'_>) -> Result<Reply> {
        let reply = turn::take(&mut self.session, turn, &mut self.unsynced)?;
        if reply.more && turn.gives_back() {
            bell::ring(&self.bell);
        }
        Ok(reply)
    }

    fn sync(&mut self) -> Result<()> {
        if self.unsynced {
            self.session.sync()?;
            self.unsynced = false;
        }
        Ok(())
    }

    fn unregister(&mut self, id: &WorkerId) -> Result<()> {
        let given_back = self.change(|change| workers::forget(change, id, Gone::Ended))?;
        self.ring_for(&given_back);
        Ok(())
    }

    fn rescue(&mut self, id: &WorkerId, begun: Option<&[Fence]>) -> Result<Vec<GivenBack>> {
        let given_back = self.change(|change| workers::forget(change, id, Gone::Died(begun)))?;
        self.ring_for(&given_back);
        Ok(given_back)
    }

    fn rescue_lapsed(&mut self, _: &WorkerId) -> Result<Option<Vec<GivenBack>>> {
        Ok(None)
    }

    /// Without leases nobody is lost.
    fn lost_workers(&mut self) -> Result<Vec<WorkerId>> {
        Ok(Vec::new())
    }

    fn workers(&mut self) -> Result<Vec<WorkerInfo>> {
        let file = Some(self.file.identity);
        self.session.read(|look| workers::all(look.conn, file))
    }

    fn request_stop(&mut self, ids: &[WorkerId], mode: StopMode) -> Result<()> {
        self.change(|change| workers::request_stop(change, ids, mode))
    }

    fn set_trouble(&mut self, id: &WorkerId, reason: Option<&str>) -> Result<()> {
        self.change(|change| workers::set_trouble(change, id, reason))
    }

    fn check(&mut self) -> Result<Vec<Checked>> {
        check::check(&mut self.session)
    }

    fn mend(&mut self, finding: &Finding) -> Result<bool> {
        match finding {
            Finding::Miscounted { .. } | Finding::NumbersInUse => self.change(mend::recount)?,
            Finding::Ownerless { worker, .. } => {
                let put_back = self.change(|change| mend::put_back(change, worker))?;
                self.ring_for(&put_back);
            }
            Finding::Leftovers { .. } => self.change(mend::sweep)?,
            Finding::WaitFromTheFuture { .. } => {
                self.change(mend::wait_as_from_now)?;
                bell::ring(&self.bell);
            }
            Finding::LongLog { .. } => return mend::cut_log(&self.session),
            Finding::Damaged { .. } | Finding::Unreadable { .. } | Finding::Ahead { .. } => {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn backup(&mut self, to: &BackupTo<'_>, progress: &mut dyn FnMut(Progress)) -> Result<()> {
        backup::write(&self.session.path, to, &self.options, progress)
    }

    fn bell(&self) -> Result<Box<dyn Bell>> {
        let opened = bell::WakeBell::open(self.bell.clone());
        let opened =
            opened.map_err(|error| fault::say_io(&error, &self.bell.display().to_string()))?;
        Ok(Box::new(opened))
    }
}

impl SqliteStore {
    fn ring_for(&self, given_back: &[GivenBack]) {
        if given_back
            .iter()
            .any(|job| job.life.state == State::Pending)
        {
            bell::ring(&self.bell);
        }
    }
}
