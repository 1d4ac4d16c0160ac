//! Completed jobs that are older than they are to be kept: a worker deletes them at its ticks, a small portion at a time.
//!
//! Nobody is chosen for it. Of many workers each looks seldom, and what one is about to delete the others pass over.

use std::time::{Duration, Instant};

use queuectl_domain::Timestamp;
use queuectl_store::{ErrorKind, Store, StoreError};

/// So many at once. Others that want to write to a file wait for as long as that takes, some milliseconds.
const PORTION: usize = 500;

/// How long at most and at least nobody looks when all was deleted that was old enough.
const LONGEST: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_secs(1);

/// When a worker looks next.
pub(crate) struct Retention(Instant);

impl Retention {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    /// Deletes a portion of what is older than `keep`, if it is time to look.
    pub(crate) fn tidy(
        &mut self,
        store: &mut dyn Store,
        keep: Option<Duration>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(keep) = keep.filter(|_| Instant::now() >= self.0) else {
            return Ok(());
        };
        let pause = match store.forget_completed(now.before(keep), PORTION) {
            Ok(deleted) if deleted == PORTION as u64 => return Ok(()),
            // What is kept for long needn't be looked at often.
            Ok(_) => (keep / 10).clamp(SHORTEST, LONGEST),
            // It can wait. Whether the store is in trouble shows when something is told that can't.
            Err(error) if error.kind() == ErrorKind::Unavailable => LONGEST,
            Err(error) => return Err(error),
        };
        self.0 = Instant::now() + pause;
        Ok(())
    }
}
