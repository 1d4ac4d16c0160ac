//! What may happen to a job, and what becomes of it.

mod lives;
mod table;

use std::time::Duration;

use queuectl_domain::{
    BackoffBase, Claim, Ending, Event, Fence, MaxRetries, Outcome, Priority, Rules, Timeout,
    Timestamp, WorkerId,
};

/// A point in time like any other.
pub(crate) const NOON: Timestamp = Timestamp(1_700_000_000_000_000);

pub(crate) fn rules(most: i64, base: i64) -> Rules {
    Rules {
        timeout: Timeout::from(Duration::from_secs(20)),
        max_retries: MaxRetries::new(most).expect("in range"),
        backoff_base: BackoffBase::new(base).expect("in range"),
        priority: Priority::new(5).expect("in range"),
    }
}

pub(crate) fn worker(name: &str) -> WorkerId {
    name.parse().expect("a worker's id")
}

pub(crate) fn claim(name: &str, fence: i64) -> Event {
    Event::Claim(Claim {
        worker: worker(name),
        fence: Fence(fence),
    })
}

pub(crate) fn settle(fence: Fence, outcome: Outcome) -> Event {
    Event::Settle {
        fence,
        ending: ending(outcome),
    }
}

pub(crate) fn ending(outcome: Outcome) -> Ending {
    let took = Duration::from_secs(1);
    match outcome {
        Outcome::Completed => Ending::exited(0, None, took),
        Outcome::Failed => Ending::exited(7, None, took),
        Outcome::Killed => Ending::killed(9, Some("SIGKILL"), None, took),
        Outcome::TimedOut => Ending::timed_out(Timeout::from(took), took),
        Outcome::NotStarted => Ending::not_started("no such file".into()),
        Outcome::Stopped => Ending::stopped(took),
        Outcome::Crashed => Ending::crashed(took),
    }
}

pub(crate) fn dies() -> Event {
    Event::Crash {
        worker: worker("me"),
    }
}
