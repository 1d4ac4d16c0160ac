//! Points in time, lengths of time as users write them, and the order of waiting jobs.

use std::time::Duration;

use crate::{InvalidValue, Priority};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This point in time, `length` later; stops at the end of time.
    pub fn after(self, length: Duration) -> Self {
        let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// This point in time, `length` before; stops at the beginning of time.
    pub fn before(self, length: Duration) -> Self {
        let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros))
    }

    /// How long after `earlier` this is; zero if it isn't after it.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_micros(micros.unsigned_abs())
    }
}

/// The order in which waiting jobs are claimed, smallest first.
///
/// Effective priority is `priority + seconds waited / 60`. All waiting jobs age
/// at the same rate, so their order never changes and is that of the constant
/// `ready_at − priority × 60 s`, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey(pub i64);

impl SortKey {
    /// The key of a job of this priority that may run from `ready_at` on.
    pub fn new(ready_at: Timestamp, priority: Priority) -> Self {
        const MINUTE: i64 = 60_000_000;
        Self(
            ready_at
                .0
                .saturating_sub(i64::from(priority.get()) * MINUTE),
        )
    }
}

/// The longest length of time that can be given, in seconds: about 31 years.
const MAX_SECONDS: f64 = 1e9;

/// Reads a number of seconds, fractions allowed, as [`seconds`] takes it.
pub fn parse_seconds(what: &str, text: &str) -> Result<Duration, InvalidValue> {
    let number = text.trim().parse().unwrap_or(f64::NAN);
    let length = seconds(what, number).ok();
    // `1e-400` is read as 0, since no `f64` is that small. But 0 means "for ever" or "at once".
    let read = length.filter(|length| !length.is_zero() || is_zero(text));
    read.ok_or_else(|| not_seconds(what, text))
}

/// Returns true if a text that was read as the number 0 means exactly 0.
fn is_zero(text: &str) -> bool {
    let digits = text.split(['e', 'E']).next().unwrap_or(text);
    !digits.contains(|digit: char| ('1'..='9').contains(&digit))
}

/// A length of so many seconds, from 0 to 1,000,000,000.
///
/// `what` names the value in the error. What is shorter than a millisecond but
/// isn't 0 is refused, since it would be rounded to a 0 with another meaning.
pub fn seconds(what: &str, number: f64) -> Result<Duration, InvalidValue> {
    let fits = number == 0.0 || (0.001..=MAX_SECONDS).contains(&number);
    if !fits {
        return Err(not_seconds(what, &number.to_string()));
    }
    let micros = (number * 1e6).round();
    Ok(Duration::from_micros(micros as u64))
}

fn not_seconds(what: &str, text: &str) -> InvalidValue {
    InvalidValue(format!(
        "{what} must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `{}`",
        text.escape_debug()
    ))
}

/// A measured length of time, for people: to the millisecond, `0.041s`.
pub fn measured_text(length: Duration) -> String {
    format!("{:.3}s", length.as_secs_f64())
}

/// A length of time that somebody has given, in seconds, as short as it can be written: `5`, `0.25`.
pub fn seconds_text(length: Duration) -> String {
    let text = format!("{}.{:06}", length.as_secs(), length.subsec_micros());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_as_they_are_written() {
        for text in ["0", "5", "0.25", "0.001", "1000000000"] {
            assert_eq!(seconds_text(parse_seconds("timeout", text).unwrap()), text);
        }
        for text in ["-1", "NaN", "inf", "1e10", "0.0001", "", "five", "-0.001"] {
            assert!(parse_seconds("timeout", text).is_err(), "{text} was taken");
        }
    }

    #[test]
    fn only_zero_is_zero() {
        for text in ["0", "-0", "0.000", " 0e5 ", "0E-400", "-0.0", ".0", "0."] {
            let length = parse_seconds("timeout", text);
            assert_eq!(length, Ok(Duration::ZERO), "{text}");
        }
        let tiny = format!("0.{}1", "0".repeat(400));
        for text in ["1e-400", "-1e-400", "0.0000001", "4E-9999999999", &tiny] {
            assert!(parse_seconds("timeout", text).is_err(), "{text} was taken");
        }
    }

    #[test]
    fn what_was_measured_is_told_to_the_millisecond() {
        let told = [0, 41_180, 2_000_000, 3_661_234_567];
        let told = told.map(|micros| measured_text(Duration::from_micros(micros)));
        assert_eq!(told, ["0.000s", "0.041s", "2.000s", "3661.235s"]);
    }

    #[test]
    fn time_stops_at_its_end() {
        let end = Timestamp(i64::MAX);
        assert_eq!(end.after(Duration::MAX), end);
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
    }
}
