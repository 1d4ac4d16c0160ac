//! A store in one schema of a PostgreSQL database.
//!
//! The tables are in `migrations`, the statements in the `.sql` files here; each names its tables as
//! `queuectl.…`, which [`schema`] replaces by the schema's real name. Built-in functions are called by their schema, too, as
//! `pg_catalog.…`: another role may create a function of the same name in a schema of the search path, such as `public`, whose
//! parameters fit better, and it would run with our rights. Behind a pooler a session keeps nothing, so setting `search_path` isn't enough.
//!
//! - [`target`] says where the server is, [`wire`] is one connection to it, [`session`] a handle's way of keeping
//!   one, [`pooler`] whether that is a session from beginning to end, [`value`] what statements are given, [`bounds`] how
//!   long the server keeps one that is lost, [`fault`] says what can be tried again, and [`trouble`] what is said of an error.
//! - [`open`] makes and upgrades the tables.
//! - [`change`] is a transaction; [`enqueue`], [`import`], [`edit`], [`forget`], [`turn`] and [`workers`] are what happens in them.
//! - [`check`] and [`mend`] look after the whole of it, [`tidy`] does so now and then, [`backup`] copies it.
//! - [`bell`] wakes who waits, and [`doubt`] is what a lost connection leaves open.
//! - [`jobs`], [`attempts`], [`output`], [`settings`] and [`counts`] know how each thing is kept, [`save`] how
//!   jobs are written.

mod attempts;
mod backup;
mod bell;
mod bounds;
mod change;
mod check;
mod counts;
mod doubt;
mod edit;
mod enqueue;
mod export;
mod fault;
mod forget;
mod import;
mod jobs;
mod look;
mod mend;
mod open;
mod output;
mod pooler;
mod row;
mod save;
mod schema;
mod session;
mod settings;
mod table;
mod target;
mod tidy;
mod trouble;
mod turn;
mod value;
mod wire;
mod workers;

/// The text of a statement in this folder.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!($name, ".sql"))
    };
}
use sql;

use std::ops::RangeInclusive;
use std::time::Duration;

use queuectl_domain::{
    Attempt, Chunk, Fence, History, Job, JobId, Key, NewJob, Settings, Timeout, Timestamp, WorkerId,
};

use crate::records::Gone;
use crate::{
    BackupTo, Batch, Bell, Checked, Clear, Counts, Existing, Finding, GivenBack, Missing, Options,
    Page, Progress, Query, Reply, Selection, StopMode, Store, StoreError, StoreFile, Turn, Worker,
    WorkerInfo, sqlite,
};
use doubt::Doubt;
use forget::Swept;
use look::Rest;
use session::{Effort, Session};
pub use target::Target;
pub(crate) use target::{rooted_url, rooted_variables};

type Result<T> = std::result::Result<T, StoreError>;

/// After so many jobs that were claimed or ended it is time to tidy up.
const TIDY_EVERY: usize = 1_000;

/// A store in one schema of a PostgreSQL database.
pub(crate) struct PostgresStore {
    session: Session,
    doubt: Doubt,
    /// What was left after a turn.
    rest: Option<Rest>,
    /// How many jobs were claimed or ended since it was last tidied up.
    untidied: usize,
    /// Whether the floors may be above what is there.
    is_unfounded: bool,
    swept: Swept,
}

impl PostgresStore {
    /// Opens the store. If there is none, creates it or fails, as `missing` says.
    pub(crate) fn open(target: &Target, missing: Missing, options: &Options) -> Result<Self> {
        Ok(Self {
            session: Session::open(target, missing, options.patience)?,
            doubt: Doubt::default(),
            rest: None,
            untidied: 0,
            is_unfounded: false,
            swept: Swept::nothing(),
        })
    }

    /// Puts the floors where they belong, if that couldn't be done when its worker began: others were at work just then.
    fn lay_floors(&mut self) {
        if self.is_unfounded {
            let is_done = self.session.try_once(tidy::floors_anew);
            self.is_unfounded = is_done != Some(true);
        }
    }

    /// Has so many jobs changed, and tidies up now and then.
    fn has_moved(&mut self, jobs: usize) {
        self.untidied += jobs;
        if self.untidied >= TIDY_EVERY {
            self.untidied = 0;
            // What can't be done now is done later, or by others.
            self.session.try_once(tidy::up);
        }
    }
}

impl Store for PostgresStore {
    fn now(&mut self) -> Result<Timestamp> {
        self.session.ask(session::now)
    }

    fn set_patience(&mut self, patience: Duration) {
        self.session.set_patience(patience);
    }

    fn identity(&mut self) -> Result<String> {
        self.session.ask(session::identity)
    }

    fn file(&self) -> Option<&StoreFile> {
        None
    }

    fn enqueue_batch(&mut self, new: Vec<NewJob>, existing: Existing) -> Result<Batch> {
        if new.is_empty() {
            return Ok(Batch::nothing());
        }
        let batch = enqueue::enqueue(&mut self.session, &new, existing)?;
        // Each batch is one row of counts, so it weighs as much as a turn, however large it is.
        self.has_moved(1);
        Ok(batch)
    }

    fn import(&mut self, histories: Vec<History>, existing: Existing) -> Result<Batch> {
        if histories.is_empty() {
            return Ok(Batch::nothing());
        }
        self.session.write(Effort::Bulk, async |change| {
            import::add(change, &histories, existing).await
        })
    }

    fn export(&mut self, after: i64, most: usize) -> Result<Vec<(i64, History)>> {
        self.session.run(Effort::Bulk, async |wire| {
            export::some(wire, after, most).await
        })
    }

    fn last_id_number(&mut self) -> Result<u64> {
        self.session.ask(jobs::last_name)
    }

    fn make_ids_after(&mut self, last: u64) -> Result<()> {
        self.session.write(Effort::Small, async |change| {
            jobs::make_ids_after(change.wire, last).await
        })
    }

    fn withdraw(&mut self, numbers: RangeInclusive<i64>) -> Result<u64> {
        self.session.write(Effort::Bulk, async |change| {
            edit::withdraw(change, &numbers).await
        })
    }

    fn taken(&mut self, ids: &[JobId]) -> Result<Vec<JobId>> {
        let taken = self
            .session
            .ask(async |wire| jobs::taken(wire, ids).await)?;
        let mut given = ids.to_vec();
        given.retain(|id| taken.contains(id));
        Ok(given)
    }

    fn job(&mut self, id: &JobId) -> Result<Job> {
        self.session.ask(async |wire| jobs::job(wire, id).await)
    }

    fn attempts(&mut self, id: &JobId) -> Result<Vec<Attempt>> {
        self.session.ask(async |wire| attempts::of(wire, id).await)
    }

    fn output(&mut self, fence: Fence) -> Result<Vec<Chunk>> {
        self.session.ask(async |wire| output::of(wire, fence).await)
    }

    fn list(&mut self, query: &Query) -> Result<Page> {
        self.session.ask(async |wire| jobs::list(wire, query).await)
    }

    fn counts(&mut self) -> Result<Counts> {
        self.session.ask(counts::load)
    }

    fn retry(&mut self, which: &Selection, timeout: Option<Timeout>) -> Result<Vec<JobId>> {
        self.session.write(Effort::Bulk, async |change| {
            edit::retry(change, which, timeout).await
        })
    }

    fn bury(&mut self, id: &JobId, reason: Option<String>) -> Result<()> {
        self.session.write(Effort::Small, async |change| {
            edit::bury(change, id, reason.clone()).await
        })
    }

    fn stop_job(&mut self, id: &JobId, reason: Option<String>) -> Result<Fence> {
        self.session.write(Effort::Small, async |change| {
            edit::stop(change, id, reason.clone()).await
        })
    }

    fn remove(&mut self, id: &JobId) -> Result<()> {
        self.session
            .write(Effort::Small, async |change| edit::remove(change, id).await)
    }

    fn clear(&mut self, what: Clear) -> Result<u64> {
        self.session
            .write(Effort::Bulk, async |change| edit::clear(change, what).await)
    }

    fn forget_completed(&mut self, before: Timestamp, most: usize) -> Result<u64> {
        let from = self.swept.from();
        let (deleted, last) = self.session.write(Effort::Small, async |change| {
            forget::completed(change, from, before, most).await
        })?;
        self.swept.done(last);
        Ok(deleted)
    }

    fn settings(&mut self) -> Result<Settings> {
        self.session.ask(settings::load)
    }

    fn set(&mut self, key: Key, value: &str) -> Result<()> {
        self.session.write(Effort::Small, async |change| {
            settings::set(change, key, value).await
        })
    }

    fn register(&mut self, worker: &Worker) -> Result<Option<Duration>> {
        let lease = self.session.write(Effort::Bulk, async |change| {
            workers::register(change, worker).await
        })?;
        // Where a dump was restored the floors may be above what is there.
        self.is_unfounded = !self.session.run(Effort::Bulk, tidy::floors_anew)?;
        Ok(Some(lease))
    }

    fn renew(&mut self, id: &WorkerId) -> Result<Option<Duration>> {
        let renewed = self
            .session
            .with_settings(Effort::Small, async |wire, settings| {
                workers::renew(wire, settings, id).await
            });
        renewed.map(Some)
    }

    fn turn(&mut self, turn: &Turn<'_>) -> Result<Reply> {
        self.lay_floors();
        let reply = turn::take(&mut self.session, turn, &mut self.doubt, &mut self.rest)?;
        if reply.more && turn.gives_back() {
            // What the worker has got is its own, whether or not others hear of the rest; they look by themselves, too.
            self.session.try_once(change::ring);
        }
        let moved = reply.claimed.len() + turn.settled.len() + turn.released.len();
        self.has_moved(moved);
        Ok(reply)
    }

    fn sync(&mut self) -> Result<()> {
        // Every commit has waited for the server's disk.
        Ok(())
    }

    fn unregister(&mut self, id: &WorkerId) -> Result<()> {
        self.session.write(Effort::Small, async |change| {
            workers::forget(change, id, Gone::Ended).await
        })?;
        Ok(())
    }

    fn rescue(&mut self, id: &WorkerId, begun: Option<&[Fence]>) -> Result<Vec<GivenBack>> {
        self.session.write(Effort::Small, async |change| {
            workers::forget(change, id, Gone::Died(begun)).await
        })
    }

    fn rescue_lapsed(&mut self, id: &WorkerId) -> Result<Option<Vec<GivenBack>>> {
        self.session.write(Effort::Small, async |change| {
            workers::forget_lapsed(change, id).await
        })
    }

    fn lost_workers(&mut self) -> Result<Vec<WorkerId>> {
        self.session.ask(workers::lost)
    }

    fn workers(&mut self) -> Result<Vec<WorkerInfo>> {
        self.session.ask(workers::all)
    }

    fn request_stop(&mut self, ids: &[WorkerId], mode: StopMode) -> Result<()> {
        self.session
            .ask(async |wire| workers::request_stop(wire, ids, mode).await)
    }

    fn set_trouble(&mut self, id: &WorkerId, reason: Option<&str>) -> Result<()> {
        self.session
            .ask(async |wire| workers::set_trouble(wire, id, reason).await)
    }

    fn check(&mut self) -> Result<Vec<Checked>> {
        self.session.run(Effort::Bulk, check::check)
    }

    fn mend(&mut self, finding: &Finding) -> Result<bool> {
        self.session.write(Effort::Bulk, async |change| {
            match finding {
                Finding::Miscounted { .. } | Finding::NumbersInUse => mend::recount(change).await?,
                Finding::Ownerless { worker, .. } => mend::put_back(change, worker).await?,
                Finding::Leftovers { .. } => mend::sweep(change).await?,
                Finding::WaitFromTheFuture { .. } => {
                    mend::wait_as_from_now(change).await?;
                    change.ring();
                }
                Finding::LongLog { .. }
                | Finding::Damaged { .. }
                | Finding::Unreadable { .. }
                | Finding::Ahead { .. } => return Ok(false),
            }
            Ok(true)
        })
    }

    fn backup(&mut self, to: &BackupTo<'_>, progress: &mut dyn FnMut(Progress)) -> Result<()> {
        sqlite::write_backup(to, |draft| {
            let mut is_begun = false;
            self.session.run(Effort::Bulk, async |wire| {
                if std::mem::replace(&mut is_begun, true) {
                    let lost = "the connection was lost before all was copied".into();
                    return Err(StoreError::Io(lost).into());
                }
                backup::copy(wire, draft, progress).await
            })
        })
    }

    fn bell(&self) -> Result<Box<dyn Bell>> {
        Ok(Box::new(bell::ServerBell::open(&self.session.target)?))
    }
}
