//! How long a worker that is to stop waits for a store that fails: not for ever, because a machine that
//! shuts down doesn't wait for ever either.

use std::time::{Duration, Instant};

use queuectl_store::StopMode;

/// The wait after a gentle stop, from when nothing runs any more. Jobs whose end can't be told by then run
/// again, so it is worth waiting.
const PATIENCE: Duration = Duration::from_secs(10);
/// The wait after a stop at once.
const IMPATIENCE: Duration = Duration::from_secs(2);

/// How long one call to a store that is busy or doesn't answer may take after the worker was asked to stop.
pub(super) const PATIENCE_OF_A_CALL: Duration = Duration::from_secs(2);

/// A worker's wait for nothing but the store.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    since: Option<Instant>,
}

impl Farewell {
    /// Begins the wait, or goes on with it: nothing runs any more, and the store has to be told something.
    pub(super) fn waits(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// Ends the wait: something runs, or nothing is owed to the store.
    pub(super) fn is_off(&mut self) {
        self.since = None;
    }

    /// Returns when the wait is over, `None` if there is none. It never outlasts the lease: after that,
    /// others run the jobs whose end this worker can't tell.
    pub(super) fn until(&self, mode: StopMode, lease_left: Option<Duration>) -> Option<Instant> {
        let since = self.since?;
        let patience = match mode {
            StopMode::Drain => PATIENCE,
            StopMode::Now => IMPATIENCE,
        };
        let lease = lease_left.map(|left| Instant::now() + left);
        Some(lease.map_or(since + patience, |end| end.min(since + patience)))
    }
}
