//! The counts of jobs by state, and the numbers given out last.

use queuectl_domain::{Fence, State};
use rusqlite::Connection;

use super::fault::Result;
use super::row::Columns;
use super::sql;
use crate::Counts;
use crate::records::Columns as _;

/// What the store counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) jobs: Counts,
    pub(super) last_job: i64,
    pub(super) last_fence: i64,
    /// The largest fence that may be given before another block of them is begun. It is on disk
    /// before any fence of its block is given.
    fences_reserved: i64,
    /// How often the settings were changed.
    pub(super) settings_changes: i64,
}

/// How many fences are reserved at a time.
const FENCE_BLOCK: i64 = 10_000;

/// The states in the order of their columns.
const STATES: [State; 5] = [
    State::Pending,
    State::Processing,
    State::Completed,
    State::Failed,
    State::Dead,
];

impl Counters {
    pub(super) fn load(conn: &Connection) -> Result<Self> {
        let mut statement = conn.prepare_cached(sql!("counters"))?;
        let mut rows = statement.query([])?;
        let mut row = Columns::of_one(&mut rows, "counters")?;
        let mut jobs = Counts::default();
        for state in STATES {
            *jobs.of_mut(state) = row.unsigned()?;
        }
        Ok(Self {
            jobs,
            last_job: row.next()?,
            last_fence: row.next()?,
            fences_reserved: row.next()?,
            settings_changes: row.next()?,
        })
    }

    /// Saves what has changed since `before`.
    pub(super) fn save(&self, conn: &Connection, before: &Self) -> Result<()> {
        if self == before {
            return Ok(());
        }
        let count = |state| i64::try_from(self.jobs.of(state)).unwrap_or(i64::MAX);
        let [pending, processing, completed, failed, dead] = STATES.map(count);
        conn.prepare_cached(sql!("save_counters"))?.execute([
            pending,
            processing,
            completed,
            failed,
            dead,
            self.last_job,
            self.last_fence,
            self.fences_reserved,
            self.settings_changes,
        ])?;
        Ok(())
    }

    /// A job goes from one state to another, or comes (from none) or goes (to none).
    pub(super) fn moved(&mut self, from: Option<State>, to: Option<State>) {
        if let Some(from) = from {
            let count = self.jobs.of_mut(from);
            *count = count.saturating_sub(1);
        }
        if let Some(to) = to {
            *self.jobs.of_mut(to) += 1;
        }
    }

    /// Goes on after the numbers of which another store has made ids.
    pub(super) fn make_ids_after(&mut self, last: i64) {
        self.last_job = self.last_job.max(last);
    }

    pub(super) fn next_fence(&mut self) -> Fence {
        self.last_fence += 1;
        Fence(self.last_fence)
    }

    /// Whether `count` fences are left of the block.
    pub(super) fn has_fences(&self, count: u64) -> bool {
        let left = self.fences_reserved.saturating_sub(self.last_fence);
        u64::try_from(left).is_ok_and(|left| left >= count)
    }

    /// Begins a block with room for `count` fences.
    pub(super) fn reserve_fences(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.fences_reserved = self.last_fence.saturating_add(count.max(FENCE_BLOCK));
    }

    /// Passes over all fences of the last block, since a power cut may have undone the claims that
    /// they were given to, and begins a new one.
    pub(super) fn pass_over_fences(&mut self) {
        self.last_fence = self.last_fence.max(self.fences_reserved);
        self.reserve_fences(0);
    }
}
