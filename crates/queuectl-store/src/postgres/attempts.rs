//! Attempts in and out of the tables. The running one isn't written before it ends: its job tells of it.

use super::fault::Result;
use super::jobs::{self, Tracked};
use super::row::Columns;
use super::session::Moment;
use super::sql;
use super::table::{Table, or_none};
use super::wire::{Pipeline, Wire, params};
use crate::records::{Code, micros, read_attempt, running};
use queuectl_domain::{Attempt, Ending, JobId, Timestamp};

/// Attempts that have ended, as the statement that adds them wants them.
#[derive(Default)]
pub(super) struct Ended {
    numbers: Table<9>,
    worker: Vec<String>,
    error: Vec<Option<Vec<u8>>>,
}

impl Ended {
    /// Writes down how an attempt ended.
    pub(super) fn record(
        &mut self,
        seq: i64,
        attempt: &Attempt,
        ended_at: Timestamp,
        ending: &Ending,
    ) {
        self.numbers.push([
            seq,
            attempt.fence.0,
            attempt.attempt.into(),
            attempt.started_at.0,
            ended_at.0,
            ending.outcome.code(),
            or_none(ending.exit_code),
            or_none(ending.signal.map(i64::from)),
            micros(ending.exec_time),
        ]);
        self.worker.push(attempt.worker.to_string());
        let error = ending.error.clone().map(String::into_bytes);
        self.error.push(error);
    }

    pub(super) fn add_to(self, pipeline: &mut Pipeline<'_>) {
        if !self.numbers.is_empty() {
            let added = params![self.numbers, self.worker, self.error];
            pipeline.add(sql!("insert_attempts"), added);
        }
    }
}

/// All attempts of a job, oldest first.
pub(super) async fn of(wire: &Wire, id: &JobId) -> Result<Vec<Attempt>> {
    let mut moment = Moment::begin(wire);
    let job = moment.pipeline.add(sql!("find_life"), params![id.as_str()]);
    let ended = moment.pipeline.add(sql!("attempts"), params![id.as_str()]);
    let answers = moment.see().await?;
    let job = Tracked::read(jobs::found(&answers[job], id)?)?;
    let mut attempts = answers[ended]
        .iter()
        .map(|row| read_attempt(&mut Columns::of(row)))
        .collect::<Result<Vec<_>>>()?;
    attempts.extend(running(&job.kept.life));
    Ok(attempts)
}
