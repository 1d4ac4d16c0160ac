//! Jobs that have changed, as the statements that save them want them.

use queuectl_domain::WorkerId;

use super::jobs::Kept;
use super::table::{Table, or_none};
use super::wire::{Pipeline, params};
use crate::records::{Code, micros};

/// Jobs that have changed.
#[derive(Default)]
pub(super) struct Rows {
    numbers: Table<15>,
    worker: Vec<Option<String>>,
    last_error: Vec<Option<Vec<u8>>>,
    stop: Vec<Option<Vec<u8>>>,
}

impl Rows {
    pub(super) fn push(&mut self, kept: &Kept) {
        let job = &kept.job;
        self.numbers.push([
            kept.seq,
            kept.was.code(),
            or_none(kept.was_under.map(|fence| fence.0)),
            job.state.code(),
            job.sort_key().0,
            job.ready_at.0,
            micros(job.rules.timeout.limit().unwrap_or_default()),
            job.attempts.into(),
            job.crashes.into(),
            or_none(job.started_at.map(|at| at.0)),
            or_none(job.finished_at.map(|at| at.0)),
            or_none(job.exec_time.map(micros)),
            or_none(job.exit_code),
            or_none(job.claim.as_ref().map(|claim| claim.fence.0)),
            kept.was_to_stop.into(),
        ]);
        let worker = job.last_worker.as_ref().map(WorkerId::to_string);
        self.worker.push(worker);
        let last_error = job.last_error.clone().map(String::into_bytes);
        self.last_error.push(last_error);
        let stop = job.stop.clone().map(String::into_bytes);
        self.stop.push(stop);
    }

    /// Saves them by this statement, if there are any.
    pub(super) fn add_to(self, pipeline: &mut Pipeline<'_>, sql: &'static str) {
        if !self.numbers.is_empty() {
            let Self {
                numbers,
                worker,
                last_error,
                stop,
            } = self;
            pipeline.add(sql, params![numbers, worker, last_error, stop]);
        }
    }
}
