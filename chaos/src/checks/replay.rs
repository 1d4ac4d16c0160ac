//! What a job's attempts say it must be. The rules stand here once more, in few
//! words, so that a mistake in the lifecycle isn't repeated.

use queuectl_domain::{Outcome, State};

use crate::evidence::Known;

/// What a job must be after its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replayed {
    pub(super) state: State,
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    /// How often somebody must have retried it by hand.
    pub(super) retries: usize,
}

/// Goes through the attempts; says what is impossible about them.
pub(super) fn replay(job: &Known, crash_limit: u32) -> Result<Replayed, String> {
    let mut now = Replayed {
        state: State::Pending,
        attempts: 0,
        crashes: 0,
        retries: 0,
    };
    for run in &job.runs {
        match now.state {
            State::Completed => {
                return Err(format!(
                    "{} ran again, with fence {}, though completed",
                    job.id, run.fence
                ));
            }
            State::Processing => {
                return Err(format!(
                    "{} ran again, with fence {}, while it ran",
                    job.id, run.fence
                ));
            }
            State::Dead => {
                now.retries += 1;
                (now.attempts, now.crashes) = (0, 0);
            }
            State::Pending | State::Failed => {}
        }
        if run.attempt != now.attempts + 1 {
            return Err(format!(
                "{} has attempt {} with fence {}, after {} that count",
                job.id, run.attempt, run.fence, now.attempts
            ));
        }
        now = now.after(run.ended.map(|(_, outcome)| outcome), job, crash_limit);
    }
    Ok(now)
}

impl Replayed {
    fn after(self, outcome: Option<Outcome>, job: &Known, crash_limit: u32) -> Self {
        let (mut attempts, mut crashes) = (self.attempts, self.crashes);
        let state = match outcome {
            None => {
                attempts += 1;
                State::Processing
            }
            Some(Outcome::Completed) => {
                attempts += 1;
                State::Completed
            }
            Some(Outcome::Stopped) => State::Pending,
            Some(Outcome::Crashed) => {
                crashes += 1;
                if crashes >= crash_limit {
                    State::Dead
                } else {
                    State::Pending
                }
            }
            Some(Outcome::Failed | Outcome::Killed | Outcome::TimedOut | Outcome::NotStarted) => {
                attempts += 1;
                if attempts >= job.max_retries {
                    State::Dead
                } else {
                    State::Failed
                }
            }
        };
        Self {
            state,
            attempts,
            crashes,
            retries: self.retries,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{job, run};
    use super::*;

    #[test]
    fn a_whole_life_is_replayed() {
        let runs = vec![
            run(1, 1, Outcome::Failed),
            run(2, 2, Outcome::Crashed),
            run(3, 2, Outcome::Stopped),
            run(4, 2, Outcome::TimedOut),
            run(5, 3, Outcome::Killed),
            run(6, 1, Outcome::Completed),
        ];
        let replayed = replay(&job("a", State::Completed, 1, runs), 3).unwrap();
        let expected = Replayed {
            state: State::Completed,
            attempts: 1,
            crashes: 0,
            retries: 1,
        };
        assert_eq!(replayed, expected);
    }

    #[test]
    fn a_run_after_the_result_is_impossible() {
        let runs = vec![run(1, 1, Outcome::Completed), run(2, 1, Outcome::Completed)];
        let error = replay(&job("a", State::Completed, 1, runs), 3).unwrap_err();
        assert_eq!(error, "a ran again, with fence 2, though completed");
    }

    #[test]
    fn a_stop_that_took_an_attempt_is_impossible() {
        let runs = vec![run(1, 1, Outcome::Stopped), run(2, 2, Outcome::Completed)];
        assert!(replay(&job("a", State::Completed, 2, runs), 3).is_err());
    }
}
