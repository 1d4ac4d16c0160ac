//! The attempt that runs, which its job tells of, and how it ends when its worker has gone.

use std::time::Duration;

use queuectl_domain::{Attempt, Ending, Event, Fence, Job, Timestamp};

use super::damaged;
use crate::StoreError;

/// The attempt that runs, if one does.
pub(crate) fn running(job: &Job) -> Option<Attempt> {
    let claim = job.claim.as_ref()?;
    Some(Attempt {
        fence: claim.fence,
        attempt: job.attempts,
        worker: claim.worker.clone(),
        started_at: job.started_at?,
        ended: None,
    })
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
    /// What happens to a job that the worker held, and what is written down of the attempt; nothing is if it
    /// hadn't begun.
    pub(crate) fn parts_with(
        self,
        job: &Job,
        now: Timestamp,
    ) -> Result<(Event, Option<(Attempt, Ending)>), StoreError> {
        let Some(attempt) = running(job) else {
            return Err(damaged(format!("nobody processes job {}", job.id)));
        };
        let fence = attempt.fence;
        let time = time_so_far(job, now);
        let (event, ending) = match self {
            Gone::Ended => {
                let ending = Ending::stopped(time);
                let event = Event::Settle {
                    fence,
                    ending: ending.clone(),
                };
                (event, ending)
            }
            Gone::Died(Some(begun)) if !begun.contains(&fence) => {
                return Ok((Event::Release { fence }, None));
            }
            Gone::Died(_) => {
                let worker = attempt.worker.clone();
                (Event::Crash { worker }, Ending::crashed(time))
            }
        };
        Ok((event, Some((attempt, ending))))
    }
}

/// How long the attempt has been running, by the store's clock.
fn time_so_far(job: &Job, now: Timestamp) -> Duration {
    job.started_at
        .map_or(Duration::ZERO, |start| now.since(start))
}
