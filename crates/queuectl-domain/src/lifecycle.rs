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

use std::fmt;

use crate::{Claim, Ending, Fence, Life, Outcome, Policy, Rules, State, Timestamp, WorkerId};

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
    Retry,
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

/// Something that can't happen to a job as it is. The text is fit to follow the job's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// Its state doesn't allow it.
    #[error("is {}, so it can't be {verb}", phrase(*.state))]
    WrongState {
        /// Its state.
        state: State,
        /// What can't be done to it.
        verb: Verb,
    },
    /// The claim has been lost: the job was given to another, or taken away.
    #[error("is no longer held under this claim")]
    StaleFence,
    /// Its retry isn't due yet.
    #[error("waits for its retry")]
    NotDue,
}

/// What may be done to a job, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// [`Event::Claim`]
    Claim,
    /// [`Event::Retry`], and [`Event::Due`]
    Retry,
    /// [`Event::ClockSetBack`]
    WaitAnew,
    /// [`Event::Bury`]
    Bury,
    /// [`Event::Stop`]
    Stop,
    /// Deleting it.
    Remove,
}

impl fmt::Display for Verb {
    /// The participle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claim => "claimed",
            Self::Retry => "retried",
            Self::WaitAnew => "made to wait anew",
            Self::Bury => "put into the dead letter queue",
            Self::Stop => "stopped",
            Self::Remove => "removed",
        })
    }
}

fn phrase(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Processing => "being processed",
        State::Completed => "completed",
        State::Failed => "waiting for its retry",
        State::Dead => "in the dead letter queue",
    }
}

impl Life {
    /// What becomes of a job with this life and these rules when `event` happens at `now`.
    ///
    /// # Errors
    ///
    /// Says why if the event can't happen to the job as it is; its life stays as it was.
    pub fn apply(
        &self,
        rules: &Rules,
        event: Event,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Self, TransitionError> {
        let life = self.clone();
        match (self.state, event) {
            (State::Pending, Event::Claim(claim)) => Ok(life.claimed(claim, now)),
            (State::Processing, Event::Settle { fence, ending }) if self.is_held_under(fence) => {
                Ok(life.settled(rules, ending, policy, now))
            }
            (State::Processing, Event::Release { fence }) if self.is_held_under(fence) => {
                Ok(life.given_back(now))
            }
            (State::Processing, Event::Crash { worker }) if self.is_held_by(&worker) => {
                Ok(life.crashed(policy, now))
            }
            (_, Event::Settle { .. } | Event::Release { .. } | Event::Crash { .. }) => {
                Err(TransitionError::StaleFence)
            }
            (State::Failed, Event::Due) if now < self.ready_at => Err(TransitionError::NotDue),
            (State::Failed, Event::Due) => Ok(Self {
                state: State::Pending,
                ..life
            }),
            (State::Pending | State::Failed, Event::ClockSetBack) => {
                if self.waits_from_the_future(now) {
                    Ok(life.waiting_anew(now))
                } else {
                    Ok(life)
                }
            }
            (State::Dead, Event::Retry) => Ok(life.started_over(now)),
            (State::Pending | State::Failed, Event::Bury { reason }) => {
                Ok(life.buried(reason, now))
            }
            (State::Processing, Event::Stop { reason }) => Ok(life.condemned(reason)),

            (_, Event::Claim(_)) => Err(self.refused(Verb::Claim)),
            (_, Event::Due | Event::Retry) => Err(self.refused(Verb::Retry)),
            (_, Event::ClockSetBack) => Err(self.refused(Verb::WaitAnew)),
            (_, Event::Bury { .. }) => Err(self.refused(Verb::Bury)),
            (_, Event::Stop { .. }) => Err(self.refused(Verb::Stop)),
        }
    }

    /// As it goes on in another store: see [`Job::taken_over`](crate::Job::taken_over).
    pub(crate) fn taken_over(self, policy: &Policy, now: Timestamp) -> Self {
        let latest = match self.state {
            State::Failed => now.after(policy.max_backoff),
            State::Pending | State::Processing | State::Completed | State::Dead => now,
        };
        let life = Self {
            ready_at: self.ready_at.min(latest),
            ..self
        };
        match life.state {
            State::Processing => life.given_back(now),
            State::Pending | State::Failed | State::Completed | State::Dead => life,
        }
    }

    /// Whether the job may be deleted: not while it is being processed.
    ///
    /// # Errors
    ///
    /// Says so if it is.
    pub fn check_removable(&self) -> Result<(), TransitionError> {
        match self.state {
            State::Processing => Err(self.refused(Verb::Remove)),
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

    fn is_held_by(&self, worker: &WorkerId) -> bool {
        self.claim
            .as_ref()
            .is_some_and(|held| held.worker == *worker)
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

    fn settled(self, rules: &Rules, ending: Ending, policy: &Policy, now: Timestamp) -> Self {
        let life = Self {
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
                ..life
            },
            Outcome::Failed | Outcome::Killed | Outcome::TimedOut | Outcome::NotStarted => {
                life.failed(rules, ending.error, policy, now)
            }
            Outcome::Stopped => life.given_back(now),
            Outcome::Crashed => life.crashed(policy, now),
        }
    }

    fn failed(self, rules: &Rules, error: Option<String>, policy: &Policy, now: Timestamp) -> Self {
        let mut life = Self {
            last_error: error,
            ..self
        };
        if let Some(reason) = life.stop.take() {
            return Self {
                state: State::Dead,
                last_error: Some(reason),
                ..life
            };
        }
        if life.attempts >= rules.max_retries.get() {
            return Self {
                state: State::Dead,
                ..life
            };
        }
        let delay = rules.backoff_base.delay(life.attempts, policy.max_backoff);
        Self {
            state: State::Failed,
            ready_at: now.after(delay),
            ..life
        }
    }

    fn crashed(self, policy: &Policy, now: Timestamp) -> Self {
        let life = Self {
            crashes: self.crashes.saturating_add(1),
            ..self.given_back(now)
        };
        if life.crashes < policy.crash_limit || life.state == State::Dead {
            return life;
        }
        let times = if life.crashes == 1 { "time" } else { "times" };
        Self {
            state: State::Dead,
            finished_at: Some(now),
            last_error: Some(format!("Its worker died {} {times}", life.crashes)),
            ..life
        }
    }

    /// Back among the waiting, at its old place, as if this attempt had not been. A place in
    /// the future, from before the clock was set back, would be behind all others. What a user has
    /// stopped is dead instead.
    fn given_back(self, now: Timestamp) -> Self {
        let mut life = self.put_back(now);
        match life.stop.take() {
            Some(reason) => life.buried(Some(reason), now),
            None => life,
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

    fn started_over(self, now: Timestamp) -> Self {
        Self {
            attempts: 0,
            crashes: 0,
            ready_at: now,
            last_error: None,
            ..self.put_back(now)
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

    fn refused(&self, verb: Verb) -> TransitionError {
        let state = self.state;
        TransitionError::WrongState { state, verb }
    }
}
