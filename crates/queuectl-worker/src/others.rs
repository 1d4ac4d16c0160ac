//! Whom of the other workers a worker looks after, and when.
//!
//! Where there are no leases all workers are on one machine, and each looks at the locks of the next ones at every tick.
//! On a server the store says whether a lease is over, with each turn. Workers of the same machine are looked at there, too:
//! their locks tell of a death long before a lease does. Who they are is asked seldom.

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant, SystemTime};

use queuectl_process::Orphans;
use queuectl_store::{Store, StoreError, Worker, WorkerInfo};

use crate::life::looks_after_others;
use crate::remains::Remains;
use crate::rescue::{Dead, Look, Seen};
use crate::rescuer::{Rescuer, Tried};
use crate::signal::Signal;
use crate::{DataFolder, Observer};

/// Which of the other workers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// All of them.
    All,
    /// Only the next ones in the ring of all workers in the order of their ids, up to the second that
    /// looks after others itself. So each worker is watched by two that aren't frozen, and looking
    /// costs the same with three workers as with many.
    Next,
}

/// How many workers that look after others each worker watches.
pub(crate) const WATCHED: usize = 2;

/// How often a worker of a server asks for other workers on its machine, if nothing tells it before.
const ASK: Duration = Duration::from_secs(300);
/// How long after it was out of reach itself a worker leaves those alone whose leases are over: they
/// may be about to come back as well.
const RETURN: Duration = Duration::from_secs(3);

/// What a worker knows of others.
pub(crate) struct Others<'a> {
    me: &'a Worker,
    /// Where the workers of this user have their files. It changes when one comes or goes.
    folder: PathBuf,
    none: bool,
    /// Whether workers have leases.
    leased: bool,
    /// Those that live on this machine, the next one first.
    here: Vec<WorkerInfo>,
    /// Some lease is over.
    lapsed: bool,
    asked: Option<(Instant, Option<SystemTime>)>,
    /// From when on workers whose leases are over are taken to be gone.
    settled_at: Instant,
    rescuer: Rescuer,
}

impl<'a> Others<'a> {
    pub(crate) fn new(
        me: &'a Worker,
        data: &DataFolder,
        leased: bool,
        signals: Sender<Signal>,
    ) -> Self {
        Self {
            me,
            folder: data.workers(),
            none: false,
            leased,
            here: Vec::new(),
            lapsed: false,
            asked: None,
            settled_at: Instant::now() + RETURN,
            rescuer: Rescuer::new(signals),
        }
    }

    /// Whether there are surely no others. On a server there may be some that have come since this was last looked at.
    pub(crate) fn are_none(&self) -> bool {
        self.none && !self.leased
    }

    /// Returns true if the processes of a dead worker are being ended now.
    pub(crate) fn are_being_rescued(&self) -> bool {
        self.rescuer.is_at_work()
    }

    /// The store has said whether some lease is over. Says whether that is news.
    pub(crate) fn heard(&mut self, lapsed: bool) -> bool {
        let is_news = lapsed && !self.lapsed;
        self.lapsed = lapsed;
        is_news
    }

    /// The store was out of reach, perhaps for others too.
    pub(crate) fn let_come_back(&mut self) {
        self.settled_at = Instant::now() + RETURN;
    }

    /// Looks after others: rescues the jobs of those whose leases are over, and begins the rescue of those that have died.
    /// Returns true if jobs were put back.
    pub(crate) fn look(
        &mut self,
        store: &mut dyn Store,
        watch: Watch,
        observer: &dyn Observer,
    ) -> Result<bool, StoreError> {
        let lapsed = self.lapsed && Instant::now() >= self.settled_at;
        if self.leased && watch == Watch::Next && !lapsed && !self.is_to_ask() {
            return Ok(false);
        }
        let changed = self.changed();
        let workers = store.workers()?;
        let is_known = |id: &_| workers.iter().any(|info| info.worker.id == *id);
        self.rescuer.forget_all_but(is_known);
        let look = Look {
            me: Some(&self.me.id),
            watch,
            lapsed,
            leave: &|id| self.rescuer.leaves(id),
        };
        let Seen {
            none,
            rescued,
            here,
            dead,
        } = look.at(workers, store, observer)?;
        for dead in dead {
            self.rescuer.begin(dead);
        }
        self.none = none;
        self.here = here;
        self.asked = Some((Instant::now(), changed));
        Ok(rescued)
    }

    /// Takes in how a try to end a dead worker's processes went. If they have ended, returns the worker: its jobs are to be put
    /// back.
    pub(crate) fn tried(
        &mut self,
        tried: Tried,
        observer: &dyn Observer,
    ) -> Option<(Dead, Orphans)> {
        let Tried { dead, orphans } = tried;
        match orphans {
            Ok(orphans) => {
                self.rescuer.succeeded(&dead.worker);
                // For other dead workers there may have been no thread.
                self.asked = None;
                Some((dead, orphans))
            }
            Err(error) => {
                self.rescuer.failed(&dead.worker);
                dead.failed(&error, observer);
                None
            }
        }
    }

    /// Whether someone of this machine has come, gone or died since this was asked.
    fn is_to_ask(&self) -> bool {
        let Some((at, changed)) = self.asked else {
            return true;
        };
        at.elapsed() >= ASK
            || changed != self.changed()
            || self.rescuer.is_due()
            || self.has_one_died()
    }

    /// Returns true if a worker that this one watches has died.
    fn has_one_died(&self) -> bool {
        let mut watchers = 0;
        for info in &self.here {
            if watchers >= WATCHED {
                return false;
            }
            if Remains::of(info).is_ok() {
                return true;
            }
            watchers += usize::from(looks_after_others(&info.worker));
        }
        false
    }

    fn changed(&self) -> Option<SystemTime> {
        self.folder.metadata().ok()?.modified().ok()
    }
}
