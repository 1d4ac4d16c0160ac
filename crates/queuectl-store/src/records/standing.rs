//! How a worker stands with the store.

use std::time::Duration;

use queuectl_domain::Timestamp;

use crate::{StartTrouble, StopMode};

/// How often a worker that is at work says so.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What a turn wants to know of its worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// When it was last heard of.
    pub(crate) heartbeat_at: Timestamp,
    /// How it was asked to stop.
    pub(crate) stop: Option<StopMode>,
}

impl Standing {
    /// Whether the worker should be heard of again: it should when the clock was set back, too.
    pub(crate) fn heartbeat_due(&self, now: Timestamp) -> bool {
        now.since(self.heartbeat_at) >= HEARTBEAT || self.clock_was_set_back(now)
    }

    /// Whether the clock was set back since the worker was last heard of. What is less than the
    /// time between two heartbeats may go unseen, and makes somebody wait by as much longer.
    pub(crate) fn clock_was_set_back(&self, now: Timestamp) -> bool {
        now < self.heartbeat_at
    }
}

/// What keeps a worker from starting jobs, from its two columns: both are set, or neither.
pub(crate) fn trouble(reason: Option<String>, since: Option<i64>) -> Option<StartTrouble> {
    Some(StartTrouble {
        reason: reason?,
        since: Timestamp(since?),
    })
}
