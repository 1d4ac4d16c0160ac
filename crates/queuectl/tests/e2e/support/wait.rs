//! Waiting for a condition, with a deadline: the one place of these tests that sleeps.

use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take, on a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long to wait before looking again, at most; it begins with a millisecond.
const PAUSE: Duration = Duration::from_millis(30);

/// What `look` finds, as soon as it finds it; until then it says what it saw instead.
///
/// # Panics
///
/// Says what was waited for and what was seen last, if it takes too long.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    match look_for(DEADLINE, &mut look) {
        Ok(found) => found,
        Err(seen) => panic!("waited {DEADLINE:?} for {what}; last seen: {seen}"),
    }
}

/// What `look` finds within `time`, or what it saw last.
pub(crate) fn look_for<T>(
    time: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let seen = look();
        if seen.is_ok() || begin.elapsed() > time {
            return seen;
        }
        std::thread::sleep(pause);
        pause = PAUSE.min(pause * 2);
    }
}

/// Waits until `is_so`.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || is_so().then_some(()).ok_or("not so".into()));
}

/// A point in time from JSON: RFC 3339, in UTC.
#[track_caller]
pub(crate) fn moment(object: &Value, field: &str) -> jiff::Timestamp {
    let text = super::text(object, field);
    assert!(text.ends_with('Z'), "`{field}` isn't in UTC: {text}");
    text.parse()
        .unwrap_or_else(|e| panic!("`{field}` isn't a time: {text} ({e})"))
}

/// How many seconds lie between two points in time of a JSON object.
#[track_caller]
pub(crate) fn seconds_between(object: &Value, earlier: &str, later: &str) -> f64 {
    let length = moment(object, later).duration_since(moment(object, earlier));
    length.as_secs_f64()
}
