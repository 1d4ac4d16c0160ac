//! The numbers that stand for states, outcomes, streams and stop modes in every store. They never
//! change; a new one takes the next number.

use queuectl_domain::{Outcome, State, Stream};

use super::damaged;
use crate::{StopMode, StoreError};

const STATES: [(State, i64); 5] = [
    (State::Pending, 0),
    (State::Processing, 1),
    (State::Completed, 2),
    (State::Failed, 3),
    (State::Dead, 4),
];

const OUTCOMES: [(Outcome, i64); 7] = [
    (Outcome::Completed, 0),
    (Outcome::Failed, 1),
    (Outcome::Killed, 2),
    (Outcome::TimedOut, 3),
    (Outcome::NotStarted, 4),
    (Outcome::Stopped, 5),
    (Outcome::Crashed, 6),
];

const STREAMS: [(Stream, i64); 2] = [(Stream::Stdout, 1), (Stream::Stderr, 2)];

const STOP_MODES: [(StopMode, i64); 2] = [(StopMode::Drain, 0), (StopMode::Now, 1)];

/// Something that is a number in a store.
pub(crate) trait Code: Copy + PartialEq + 'static {
    const WHAT: &'static str;
    const TABLE: &'static [(Self, i64)];

    fn code(self) -> i64 {
        let found = Self::TABLE.iter().find(|(value, _)| *value == self);
        found.map(|(_, code)| *code).expect("each value has a code")
    }

    fn from_code(code: i64) -> Result<Self, StoreError> {
        let found = Self::TABLE.iter().find(|(_, known)| *known == code);
        found
            .map(|(value, _)| *value)
            .ok_or_else(|| damaged(format!("{} {code} doesn't exist", Self::WHAT)))
    }
}

impl Code for State {
    const WHAT: &'static str = "state";
    const TABLE: &'static [(Self, i64)] = &STATES;
}

impl Code for Outcome {
    const WHAT: &'static str = "outcome";
    const TABLE: &'static [(Self, i64)] = &OUTCOMES;
}

impl Code for Stream {
    const WHAT: &'static str = "stream";
    const TABLE: &'static [(Self, i64)] = &STREAMS;
}

impl Code for StopMode {
    const WHAT: &'static str = "stop mode";
    const TABLE: &'static [(Self, i64)] = &STOP_MODES;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_a_number_of_its_own() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()).ok(), Some(state));
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()).ok(), Some(outcome));
        }
        assert!(State::from_code(99).is_err());
    }
}
