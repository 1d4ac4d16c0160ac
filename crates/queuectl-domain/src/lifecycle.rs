//! What may happen to a job, and what becomes of it: the one place where a state is decided.
//!
//! ```text
//!                 Claim                Settle: success
//!   ┌─▶ pending ────────▶ processing ─────────────────▶ completed
//!   │   │  ▲  ▲               │ │ │
//!   │   │  │  └─ given back ──┘ │ └─ out of attempts, or ─▶ dead ──┐
//!   │   │  │ Due                │    out of crashes         ▲  ▲   │ Retry
//!   │   │  └────── failed ◀─────┘ Settle: failure           │  │   │
//!   │   │             └───────────────── Bury ──────────────┘  │   │
//!   │   └─────────────────────────────── Bury ─────────────────┘   │
//!   └──────────────────────────────────────────────────────────────┘
//! ```
//!
//! A user can ask for the end of a run (`Stop`). The job stays `processing` until its worker has ended it, and is dead then,
//! unless it completed before.
//!
//! A job is given back when its run is stopped, when its worker dies, and when its worker releases it unbegun.

use crate::{
    Claim, Ending, Fence, Job, JobId, Outcome, Policy, State, Timeout, Timestamp, WorkerId,
};

/// Something that happens to a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A worker takes the job to run it.
    Claim(Claim),
    /// The attempt that holds `fence` has ended.
    Settle {
        /// The claim that the attempt was run under.
        fence: Fence,
        /// How it ended.
        ending: Ending,
    },
    /// The worker that claimed it gives it back, without having begun to run it.
    Release {
        /// The claim.
        fence: Fence,
    },
    /// The worker that ran it has died.
    Crash {
        /// The dead worker.
        worker: WorkerId,
    },
    /// The time for its retry has come.
    Due,
    /// The clock was set back while it waited. A wait that began at what is now a time to come begins anew.
    ClockSetBack,
    /// The user takes it out of the dead letter queue, for a new start.
    Retry {
        /// A new timeout, if the old one was the problem.
        timeout: Option<Timeout>,
    },
    /// The user puts it into the dead letter queue.
    Bury {
        /// Why.
        reason: Option<String>,
    },
    /// The user wants its run ended, and no other to follow.
    Stop {
        /// Why.
        reason: Option<String>,
    },
}

/// Something that can't happen to a job as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// Its state doesn't allow it.
    #[error("job '{id}' is {}, so it can't be {verb}", phrase(.state))]
    WrongState {
        /// The job.
        id: JobId,
        /// Its state.
        state: State,
        /// What can't be done to it.
        verb: &'static str,
    },
    /// The claim has been lost: the job was given to another, or taken away.
    #[error("job '{id}' is no longer held under this claim")]
    StaleFence {
        /// The job.
        id: JobId,
    },
    /// Its retry isn't due yet.
    #[error("job '{id}' waits for its retry")]
    NotDue {
        /// The job.
        id: JobId,
    },
}

fn phrase(state: &State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Processing => "being processed",
        State::Completed => "completed",
        State::Failed => "waiting for its retry",
        State::Dead => "in the dead letter queue",
    }
}

impl Job {
    /// What becomes of this job when `event` happens at `now`.
    ///
    /// # Errors
    ///
    /// Says why if the event can't happen to the job as it is; the job stays as it was.
    pub fn apply(
        &self,
        event: Event,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Self, TransitionError> {
        let job = self.clone();
        match (self.state, event) {
            (State::Pending, Event::Claim(claim)) => Ok(job.claimed(claim, now)),
            (State::Processing, Event::Settle { fence, ending }) if self.is_held_under(fence) => {
                Ok(job.settled(ending, policy, now))
            }
            (State::Processing, Event::Release { fence }) if self.is_held_under(fence) => {
                Ok(job.given_back(now))
            }
            (_, Event::Settle { .. } | Event::Release { .. }) => Err(self.stale()),
            (State::Processing, Event::Crash { worker }) => {
                if self
                    .claim
                    .as_ref()
                    .is_some_and(|held| held.worker == worker)
                {
                    Ok(job.crashed(policy, now))
                } else {
                    Err(self.stale())
                }
            }
            (_, Event::Crash { .. }) => Err(self.stale()),
            (State::Failed, Event::Due) if now < self.ready_at => {
                Err(TransitionError::NotDue { id: job.id })
            }
            (State::Failed, Event::Due) => Ok(Self {
                state: State::Pending,
                ..job
            }),
            (State::Pending | State::Failed, Event::ClockSetBack) => {
                if self.waits_from_the_future(now) {
                    Ok(job.waiting_anew(now))
                } else {
                    Ok(job)
                }
            }
            (State::Dead, Event::Retry { timeout }) => Ok(job.started_over(timeout, now)),
            (State::Pending | State::Failed, Event::Bury { reason }) => Ok(job.buried(reason, now)),
            (State::Processing, Event::Stop { reason }) => Ok(job.condemned(reason)),

            (_, Event::Claim(_)) => Err(self.refused("claimed")),
            (_, Event::Due | Event::Retry { .. }) => Err(self.refused("retried")),
            (_, Event::ClockSetBack) => Err(self.refused("made to wait anew")),
            (_, Event::Bury { .. }) => Err(self.refused("put into the dead letter queue")),
            (_, Event::Stop { .. }) => Err(self.refused("stopped")),
        }
    }

    /// What becomes of a job that comes from another store, at `now`.
    ///
    /// Who ran it there holds nothing here, so it is given back as if stopped. None waits longer than
    /// this store would let it wait, and none came in the future.
    pub fn taken_over(self, policy: &Policy, now: Timestamp) -> Self {
        let latest = match self.state {
            State::Failed => now.after(policy.max_backoff),
            State::Pending | State::Processing | State::Completed | State::Dead => now,
        };
        let job = Self {
            created_at: self.created_at.min(now),
            ready_at: self.ready_at.min(latest),
            ..self
        };
        match job.state {
            State::Processing => job.given_back(now),
            State::Pending | State::Failed | State::Completed | State::Dead => job,
        }
    }

    /// Whether the job may be deleted: not while it is being processed.
    ///
    /// # Errors
    ///
    /// Says so if it is.
    pub fn check_removable(&self) -> Result<(), TransitionError> {
        match self.state {
            State::Processing => Err(self.refused("removed")),
            State::Pending | State::Completed | State::Failed | State::Dead => Ok(()),
        }
    }

    /// Whether the job waits, and nobody has ever begun to run it.
    pub fn is_untouched(&self) -> bool {
        self.state == State::Pending && self.attempts == 0 && self.last_worker.is_none()
    }

    /// Whether the job waits, and its wait begins at a time to come: it began before the clock was set back.
    pub fn waits_from_the_future(&self, now: Timestamp) -> bool {
        match self.state {
            State::Pending => self.ready_at > now,
            State::Failed => self.ready_at > now && self.finished_at.is_some_and(|at| at > now),
            State::Processing | State::Completed | State::Dead => false,
        }
    }

    fn is_held_under(&self, fence: Fence) -> bool {
        self.claim.as_ref().is_some_and(|held| held.fence == fence)
    }

    fn claimed(self, claim: Claim, now: Timestamp) -> Self {
        Self {
            state: State::Processing,
            attempts: self.attempts.saturating_add(1),
            started_at: Some(now),
            finished_at: None,
            exec_time: None,
            exit_code: None,
            last_worker: Some(claim.worker.clone()),
            claim: Some(claim),
            ..self
        }
    }

    fn settled(self, ending: Ending, policy: &Policy, now: Timestamp) -> Self {
        let job = Self {
            claim: None,
            finished_at: Some(now),
            exec_time: Some(ending.exec_time),
            exit_code: ending.exit_code,
            ..self
        };
        match ending.outcome {
            Outcome::Completed => Self {
                state: State::Completed,
                last_error: None,
                stop: None,
                ..job
            },
            Outcome::Failed | Outcome::Killed | Outcome::TimedOut | Outcome::NotStarted => {
                job.failed(ending.error, policy, now)
            }
            Outcome::Stopped => job.given_back(now),
            Outcome::Crashed => job.crashed(policy, now),
        }
    }

    fn failed(self, error: Option<String>, policy: &Policy, now: Timestamp) -> Self {
        let mut job = Self {
            last_error: error,
            ..self
        };
        if let Some(reason) = job.stop.take() {
            return Self {
                state: State::Dead,
                last_error: Some(reason),
                ..job
            };
        }
        if job.attempts >= job.rules.max_retries.get() {
            return Self {
                state: State::Dead,
                ..job
            };
        }
        let delay = job
            .rules
            .backoff_base
            .delay(job.attempts, policy.max_backoff);
        Self {
            state: State::Failed,
            ready_at: now.after(delay),
            ..job
        }
    }

    fn crashed(self, policy: &Policy, now: Timestamp) -> Self {
        let job = Self {
            crashes: self.crashes.saturating_add(1),
            ..self.given_back(now)
        };
        if job.crashes < policy.crash_limit || job.state == State::Dead {
            return job;
        }
        let times = if job.crashes == 1 { "time" } else { "times" };
        Self {
            state: State::Dead,
            finished_at: Some(now),
            last_error: Some(format!("Its worker died {} {times}", job.crashes)),
            ..job
        }
    }

    /// Back among the waiting, at its old place, as if this attempt had not been. A place in
    /// the future, from before the clock was set back, would be behind all others. What a user has
    /// stopped is dead instead.
    fn given_back(self, now: Timestamp) -> Self {
        let mut job = self.put_back(now);
        match job.stop.take() {
            Some(reason) => job.buried(Some(reason), now),
            None => job,
        }
    }

    fn put_back(self, now: Timestamp) -> Self {
        Self {
            state: State::Pending,
            ready_at: self.ready_at.min(now),
            attempts: self.attempts.saturating_sub(1),
            started_at: None,
            finished_at: None,
            exec_time: None,
            exit_code: None,
            claim: None,
            ..self
        }
    }

    /// Waits as from now: for a place among the pending, or as long as it would have for its retry,
    /// as if its last attempt had ended now.
    fn waiting_anew(self, now: Timestamp) -> Self {
        let began = match self.state {
            State::Failed => self.finished_at.unwrap_or(self.ready_at),
            _ => self.ready_at,
        };
        Self {
            ready_at: now.after(self.ready_at.since(began)),
            finished_at: self.finished_at.map(|at| at.min(now)),
            ..self
        }
    }

    fn started_over(self, timeout: Option<Timeout>, now: Timestamp) -> Self {
        let mut job = self.put_back(now);
        job.rules.timeout = timeout.unwrap_or(job.rules.timeout);
        Self {
            attempts: 0,
            crashes: 0,
            ready_at: now,
            last_error: None,
            ..job
        }
    }

    fn buried(self, reason: Option<String>, now: Timestamp) -> Self {
        let reason = reason.unwrap_or_else(|| "Put into the DLQ by hand".into());
        Self {
            state: State::Dead,
            finished_at: Some(now),
            last_error: Some(reason),
            ..self
        }
    }

    fn condemned(self, reason: Option<String>) -> Self {
        let reason = reason.unwrap_or_else(|| "Stopped by hand".into());
        Self {
            stop: Some(reason),
            ..self
        }
    }

    fn refused(&self, verb: &'static str) -> TransitionError {
        TransitionError::WrongState {
            id: self.id.clone(),
            state: self.state,
            verb,
        }
    }

    fn stale(&self) -> TransitionError {
        TransitionError::StaleFence {
            id: self.id.clone(),
        }
    }
}
