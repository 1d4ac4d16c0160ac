//! The attempt that runs, which its job tells of, and how it ends when its worker has gone.

use queuectl_domain::{Attempt, Ending, Event, Fence, Life, Outcome, Timestamp};

use super::{Code, Columns, damaged, parsed};
use crate::StoreError;

/// The attempt that runs, if one does.
pub(crate) fn running(life: &Life) -> Option<Attempt> {
    let claim = life.claim.as_ref()?;
    Some(Attempt {
        fence: claim.fence,
        attempt: life.attempts,
        worker: claim.worker.clone(),
        started_at: life.started_at?,
        ended: None,
    })
}

/// Reads an attempt that has ended: fence, attempt, worker, started_at, ended_at, outcome, exit_code, signal, error, exec_time.
pub(crate) fn read_attempt<'r, C: Columns<'r>>(row: &mut C) -> Result<Attempt, C::Error> {
    let fence = Fence(row.integer()?);
    let attempt = row.unsigned()?;
    let worker = parsed(row.text()?)?;
    let started_at = row.timestamp()?;
    let ended_at = row.timestamp()?;
    let ending = Ending {
        outcome: Outcome::from_code(row.integer()?)?,
        exit_code: row.optional_integer()?,
        // It was one when it was written.
        signal: row
            .optional_integer()?
            .and_then(|signal| signal.try_into().ok()),
        error: row.optional_words()?,
        exec_time: row.duration()?,
    };
    Ok(Attempt {
        fence,
        attempt,
        worker,
        started_at,
        ended: Some((ended_at, ending)),
    })
}

/// What is wrong with a job that is said to be processed when nobody does.
pub(crate) fn nobody_runs(number: i64) -> StoreError {
    damaged(format!("nobody processes job number {number}"))
}

/// When and how the attempt ended. One that still ran is stopped by being taken out of its worker's hands.
pub(crate) fn ended(attempt: &Attempt, now: Timestamp) -> (Timestamp, Ending) {
    let stopped = || (now, Ending::stopped(now.since(attempt.started_at)));
    attempt.ended.clone().unwrap_or_else(stopped)
}

/// Why a worker is forgotten.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gone<'a> {
    /// It has ended by itself.
    Ended,
    /// It has died, and had begun to run what it held under these claims, or under all.
    Died(Option<&'a [Fence]>),
}

impl Gone<'_> {
    /// What happens to a job when the worker has gone that runs this attempt of it, and how the attempt ended; none if it hadn't
    /// begun.
    pub(crate) fn parts_with(self, attempt: &Attempt, now: Timestamp) -> (Event, Option<Ending>) {
        let fence = attempt.fence;
        let time = now.since(attempt.started_at);
        match self {
            Gone::Ended => {
                let ending = Ending::stopped(time);
                let event = Event::Settle {
                    fence,
                    ending: ending.clone(),
                };
                (event, Some(ending))
            }
            Gone::Died(Some(begun)) if !begun.contains(&fence) => (Event::Release { fence }, None),
            Gone::Died(_) => {
                let worker = attempt.worker.clone();
                (Event::Crash { worker }, Some(Ending::crashed(time)))
            }
        }
    }
}
