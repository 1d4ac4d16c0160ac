//! Waiting for a condition, with a deadline: the one place of these tests that sleeps without a reason in the story.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take, on a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until `look` finds what it looks for; until then it says what it saw instead.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut look: impl FnMut() -> Result<(), String>) {
    let begin = Instant::now();
    while let Err(seen) = look() {
        assert!(
            begin.elapsed() < DEADLINE,
            "waited {DEADLINE:?} until {what}; last seen: {seen}"
        );
        sleep(Duration::from_millis(20));
    }
}
