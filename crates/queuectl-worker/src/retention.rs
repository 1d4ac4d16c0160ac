//! Completed jobs that are older than they are to be kept: workers delete them, a small portion at a time.
//!
//! No worker is chosen for it. As long as there are old jobs, each worker deletes a portion at its ticks, and two jobs for
//! each attempt that it has run. So the store stops growing however fast jobs complete and however many workers there are,
//! and deleting costs a fixed share of the work that is done. On a server a worker skips the rows that another is about to
//! delete.

use std::time::{Duration, Instant};

use queuectl_domain::Timestamp;
use queuectl_store::{ErrorKind, Store, StoreError};

/// How many jobs one transaction deletes. Others that want to write to a file wait for as long as that takes, some
/// milliseconds.
const PORTION: usize = 500;

/// For this many attempts a worker owes one portion. They are half as many as the portion has jobs, so a backlog shrinks.
const ATTEMPTS: u64 = PORTION as u64 / 2;

/// How many portions are deleted in a row. If more are owed, as after an outage of the store, they wait for the next turns.
const IN_A_ROW: u64 = 4;

/// How long to wait before looking again, at most and at least, after all old jobs have been deleted.
const LONGEST: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_secs(1);

/// When a worker deletes next.
pub(crate) struct Retention {
    /// Before this there is nothing to delete. `None` until the worker has looked once.
    next: Option<Instant>,
    /// For how many of its attempts the worker owes nothing any more.
    paid: u64,
}

impl Retention {
    pub(crate) fn new() -> Self {
        Self {
            next: None,
            paid: 0,
        }
    }

    /// Returns true if a worker that has run `attempts` attempts in all owes a portion. Each worker owes one at its first turn, since a
    /// worker that soon has nothing left to do may end before its first tick.
    pub(crate) fn is_owed(&self, attempts: u64) -> bool {
        self.next.is_none() || attempts - self.paid >= ATTEMPTS
    }

    /// Deletes the portions that are owed, and at least one, of the jobs older than `keep`, unless it is too early to look.
    pub(crate) fn tidy(
        &mut self,
        store: &mut dyn Store,
        keep: Option<Duration>,
        now: Timestamp,
        attempts: u64,
    ) -> Result<(), StoreError> {
        let owed = (attempts - self.paid) / ATTEMPTS;
        let pause = match keep.filter(|_| self.next.is_none_or(|next| Instant::now() >= next)) {
            None => Duration::ZERO,
            Some(keep) => {
                let portions = owed.clamp(1, IN_A_ROW);
                match delete(store, now.before(keep), portions) {
                    Ok(Left::More) => {
                        self.paid += owed.min(portions) * ATTEMPTS;
                        self.next = self.next.or_else(|| Some(Instant::now()));
                        return Ok(());
                    }
                    // What is kept for long needn't be looked at often.
                    Ok(Left::Nothing) => (keep / 10).clamp(SHORTEST, LONGEST),
                    // It can wait. Whether the store is in trouble shows when something is told that can't.
                    Err(error) if error.kind() == ErrorKind::Unavailable => LONGEST,
                    Err(error) => return Err(error),
                }
            }
        };
        self.next = self.next.max(Some(Instant::now() + pause));
        self.paid = attempts;
        Ok(())
    }
}

/// What is left of the jobs that are old enough.
enum Left {
    More,
    Nothing,
}

fn delete(store: &mut dyn Store, before: Timestamp, portions: u64) -> Result<Left, StoreError> {
    for _ in 0..portions {
        if store.forget_completed(before, PORTION)? < PORTION as u64 {
            return Ok(Left::Nothing);
        }
    }
    Ok(Left::More)
}
