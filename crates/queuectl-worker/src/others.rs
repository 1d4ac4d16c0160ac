//! Whom of the other workers a worker looks after, and when.
//!
//! Where there are no leases all workers are on one machine, and each looks at the locks of the next ones at every tick.
//! On a server the store says whether a lease is over, with each turn. Workers of the same machine are looked at there, too:
//! their locks tell of a death long before a lease does. Who they are is asked seldom.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use queuectl_store::{Store, StoreError, Worker, WorkerInfo};

use crate::life::Remains;
use crate::rescue::{Seen, rescue_gone};
use crate::{DataFolder, Observer};

/// Which of the other workers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// All of them.
    All,
    /// Only the next ones in the ring of all workers in the order of their ids, up
    /// to the second that lives. So each worker is watched by two others, one
    /// of which may be frozen, and looking costs the same with three workers as with many.
    Next,
}

/// How many living workers each worker watches.
pub(crate) const WATCHED: usize = 2;

/// How often a worker of a server asks who else is on its machine, if nothing tells it before.
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
}

impl<'a> Others<'a> {
    pub(crate) fn new(me: &'a Worker, data: &DataFolder, leased: bool) -> Self {
        Self {
            me,
            folder: data.workers(),
            none: false,
            leased,
            here: Vec::new(),
            lapsed: false,
            asked: None,
            settled_at: Instant::now() + RETURN,
        }
    }

    /// Whether there are surely no others. On a server there may be some that have come since this was last looked at.
    pub(crate) fn are_none(&self) -> bool {
        self.none && !self.leased
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

    /// Looks after others: rescues the jobs of those that are gone. Says whether there were any.
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
        let Seen {
            none,
            rescued,
            here,
        } = rescue_gone(store, Some(&self.me.id), watch, lapsed, observer)?;
        self.none = none;
        self.here = here;
        self.asked = Some((Instant::now(), changed));
        Ok(rescued)
    }

    /// Whether someone of this machine has come, gone or died since this was asked.
    fn is_to_ask(&self) -> bool {
        let Some((at, changed)) = self.asked else {
            return true;
        };
        let watched = self.here.iter().take(WATCHED);
        at.elapsed() >= ASK
            || changed != self.changed()
            || watched.into_iter().any(|info| Remains::of(info).is_ok())
    }

    fn changed(&self) -> Option<SystemTime> {
        self.folder.metadata().ok()?.modified().ok()
    }
}
