//! Jobs that have changed, as the statements that save them want them.

use queuectl_domain::WorkerId;

use super::jobs::Tracked;
use super::table::{Table, or_none};
use super::wire::{Pipeline, params};
use crate::records::{Code, micros};

/// Jobs that have changed.
#[derive(Default)]
pub(super) struct Rows {
    numbers: Table<14>,
    worker: Vec<Option<String>>,
    last_error: Vec<Option<Vec<u8>>>,
    stop: Vec<Option<Vec<u8>>>,
}

impl Rows {
    pub(super) fn push(&mut self, Tracked { kept, was }: &Tracked) {
        let life = &kept.life;
        self.numbers.push([
            kept.number,
            was.state.code(),
            or_none(was.fence.map(|fence| fence.0)),
            life.state.code(),
            kept.sort_key().0,
            life.ready_at.0,
            life.attempts.into(),
            life.crashes.into(),
            or_none(life.started_at.map(|at| at.0)),
            or_none(life.finished_at.map(|at| at.0)),
            or_none(life.exec_time.map(micros)),
            or_none(life.exit_code),
            or_none(life.claim.as_ref().map(|claim| claim.fence.0)),
            was.to_stop.into(),
        ]);
        let words = |words: &Option<String>| words.clone().map(String::into_bytes);
        self.worker
            .push(life.last_worker.as_ref().map(WorkerId::to_string));
        self.last_error.push(words(&life.last_error));
        self.stop.push(words(&life.stop));
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
