//! The verdict: one check for each promise, each in a file of its own. A check looks at
//! the evidence and nothing else, so it can be shown evidence that was made up.

mod causes;
mod faults;
mod fences;
mod kept;
mod left;
#[cfg(test)]
mod made_up;
mod once;
mod replay;
mod rescue;
mod whole;

use std::time::Duration;

use crate::evidence::Evidence;
use crate::record::{Record, Span};

pub(crate) use rescue::Times;

/// What became of one promise.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) promise: &'static str,
    /// Each place where it doesn't hold.
    pub(crate) broken: Vec<String>,
}

impl Verdict {
    pub(crate) fn is_well(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Holds everything against everything.
pub(crate) fn all(evidence: &Evidence) -> Vec<Verdict> {
    let verdict = |promise, broken| Verdict { promise, broken };
    vec![
        verdict(
            "1 an answered enqueue is kept, and no job is stuck",
            kept::broken(evidence),
        ),
        verdict(
            "2 a job runs, never twice at once, never after its result",
            once::broken(evidence),
        ),
        verdict(
            "3 a dead worker's jobs run again in time; crashes are counted",
            rescue::broken(evidence),
        ),
        verdict(
            "4 fences rise, and a stale one changes nothing",
            fences::broken(evidence),
        ),
        verdict("5 no process of a job stays behind", left::broken(evidence)),
        verdict(
            "each attempt ended for a reason that there was",
            causes::broken(evidence),
        ),
        verdict(
            "the store is whole, its counters are right, nothing is left",
            whole::broken(evidence),
        ),
        verdict(
            "each kind of fault and of job was there",
            faults::broken(evidence),
        ),
    ]
}

/// What more a rescue may take, or a result be on its way, where the machine was slow: either
/// consists of a few such steps as were measured.
fn allowance(record: &Record, time: Span) -> Duration {
    const STEPS: u32 = 6;
    let touches = |slow: &&Span| slow.0 <= time.1 && time.0 <= slow.1;
    let slow = record.slow.iter().filter(touches);
    let longest = slow.map(|slow| length(*slow)).max();
    Duration::from_nanos(longest.unwrap_or_default()) * STEPS
}

/// How long a time was, without that in which something was frozen.
fn unfrozen(record: &Record, time: Span) -> Duration {
    let common = |span: &Span| length((span.0.max(time.0), span.1.min(time.1)));
    let frozen: u64 = record.frozen.iter().map(common).sum();
    Duration::from_nanos(length(time).saturating_sub(frozen))
}

fn length(span: Span) -> u64 {
    span.1.saturating_sub(span.0)
}
