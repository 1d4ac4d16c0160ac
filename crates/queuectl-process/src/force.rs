//! When a grace that was cut short is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When a tree is ended by force at the latest, however long its grace is. All clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForceAt(Arc<Mutex<Option<Instant>>>);

impl ForceAt {
    /// In so long, unless it is sooner already.
    pub(crate) fn within(&self, grace: Duration) {
        let at = Instant::now().checked_add(grace);
        let mut force_at = self.lock();
        *force_at = [*force_at, at].into_iter().flatten().min();
    }

    /// The end of a grace that would end at `end`.
    pub(crate) fn or(&self, end: Option<Instant>) -> Option<Instant> {
        [end, *self.lock()].into_iter().flatten().min()
    }

    /// Takes it back.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        // A point in time is always whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
