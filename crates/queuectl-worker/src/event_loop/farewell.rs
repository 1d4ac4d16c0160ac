//! How long a worker that is to stop waits for a store that fails.

use std::time::{Duration, Instant};

use queuectl_store::StopMode;

/// How long one that was asked to finish what runs waits for the store when nothing runs any more. What it can't tell by then runs
/// again, so it is worth some wait; but whoever stops a machine doesn't wait for ever.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one waits that was asked to stop at once.
const IMPATIENCE: Duration = Duration::from_secs(2);

/// Since when only the store keeps a worker.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    since: Option<Instant>,
}

impl Farewell {
    /// Nothing runs any more, and the store has to be told something.
    pub(super) fn waits(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// Something runs, or nothing is owed.
    pub(super) fn is_off(&mut self) {
        self.since = None;
    }

    /// Until when the store is waited for. Of a lease, so much is left: after it others run what this worker can't tell the
    /// end of.
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
