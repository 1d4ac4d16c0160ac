//! Jobs that have changed, column by column, as the statements that save them want them.

use queuectl_domain::WorkerId;

use super::jobs::Kept;
use super::wire::{Pipeline, params};
use crate::records::{Code, micros};

/// Jobs that have changed.
#[derive(Default)]
pub(super) struct Rows {
    seq: Vec<i64>,
    old_state: Vec<i64>,
    old_fence: Vec<Option<i64>>,
    state: Vec<i64>,
    sort_key: Vec<i64>,
    ready_at: Vec<i64>,
    timeout: Vec<i64>,
    attempts: Vec<i64>,
    crashes: Vec<i64>,
    started_at: Vec<Option<i64>>,
    finished_at: Vec<Option<i64>>,
    exec_time: Vec<Option<i64>>,
    exit_code: Vec<Option<i64>>,
    fence: Vec<Option<i64>>,
    worker: Vec<Option<String>>,
    last_error: Vec<Option<Vec<u8>>>,
    was_to_stop: Vec<bool>,
    stop: Vec<Option<Vec<u8>>>,
}

impl Rows {
    pub(super) fn push(&mut self, kept: &Kept) {
        let job = &kept.job;
        self.seq.push(kept.seq);
        self.old_state.push(kept.was.code());
        self.old_fence.push(kept.was_under.map(|fence| fence.0));
        self.state.push(job.state.code());
        self.sort_key.push(job.sort_key().0);
        self.ready_at.push(job.ready_at.0);
        let timeout = job.rules.timeout.limit().unwrap_or_default();
        self.timeout.push(micros(timeout));
        self.attempts.push(job.attempts.into());
        self.crashes.push(job.crashes.into());
        self.started_at.push(job.started_at.map(|at| at.0));
        self.finished_at.push(job.finished_at.map(|at| at.0));
        self.exec_time.push(job.exec_time.map(micros));
        self.exit_code.push(job.exit_code);
        let fence = job.claim.as_ref().map(|claim| claim.fence.0);
        self.fence.push(fence);
        let worker = job.last_worker.as_ref().map(WorkerId::to_string);
        self.worker.push(worker);
        let last_error = job.last_error.clone().map(String::into_bytes);
        self.last_error.push(last_error);
        self.was_to_stop.push(kept.was_to_stop);
        let stop = job.stop.clone().map(String::into_bytes);
        self.stop.push(stop);
    }

    /// Saves them by this statement, if there are any.
    pub(super) fn add_to(self, pipeline: &mut Pipeline<'_>, sql: &'static str) {
        if self.seq.is_empty() {
            return;
        }
        pipeline.add(
            sql,
            params![
                self.seq,
                self.old_state,
                self.old_fence,
                self.state,
                self.sort_key,
                self.ready_at,
                self.timeout,
                self.attempts,
                self.crashes,
                self.started_at,
                self.finished_at,
                self.exec_time,
                self.exit_code,
                self.fence,
                self.worker,
                self.last_error,
                self.was_to_stop,
                self.stop,
            ],
        );
    }
}
