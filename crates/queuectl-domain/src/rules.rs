//! The rules for running a job: how urgent, how long, how often.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{InvalidValue, parse_seconds, seconds, seconds_text};

/// The rules that a job is run by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long one attempt may take.
    pub timeout: Timeout,
    /// How many attempts there are in all.
    pub max_retries: MaxRetries,
    /// What the delay before a retry is a power of.
    pub backoff_base: BackoffBase,
    /// How urgent the job is.
    pub priority: Priority,
}

/// How urgent a job is: 1 to 10, higher is more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(u8);

impl Priority {
    /// The most urgent there is.
    pub const HIGHEST: Self = Self(10);
}

/// How many attempts a job has in all, the first included: 1 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxRetries(u32);

/// What the delay before a retry is a power of, in seconds: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackoffBase(u8);

/// How long one attempt may take; none is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout(Option<Duration>);

/// A whole number in a range, with the same ways in and out for each such type.
macro_rules! whole_number {
    ($name:ident, $inner:ty, $what:literal, $least:literal, $most:literal) => {
        impl $name {
            /// The number, if it is in the range.
            pub fn new(number: i64) -> Result<Self, InvalidValue> {
                match <$inner>::try_from(number) {
                    Ok(fits) if ($least..=$most).contains(&fits) => Ok(Self(fits)),
                    _ => Err(Self::refused(&number.to_string())),
                }
            }

            /// The number.
            pub fn get(self) -> $inner {
                self.0
            }

            fn refused(text: &str) -> InvalidValue {
                InvalidValue(format!(
                    concat!(
                        $what,
                        " must be a whole number from ",
                        $least,
                        " to ",
                        $most,
                        ", not `{}`"
                    ),
                    text.escape_debug()
                ))
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let number: i64 = text.trim().parse().map_err(|_| Self::refused(text))?;
                Self::new(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

whole_number!(Priority, u8, "priority", 1, 10);
whole_number!(MaxRetries, u32, "max_retries", 1, 1_000_000);
whole_number!(BackoffBase, u8, "backoff_base", 1, 100);

impl BackoffBase {
    /// How long to wait after attempt `attempt` (the first is 1) has failed:
    /// `base ^ attempt` seconds, `cap` at most.
    pub fn delay(self, attempt: u32, cap: Duration) -> Duration {
        let seconds = u64::from(self.0).saturating_pow(attempt);
        Duration::from_secs(seconds).min(cap)
    }
}

impl Timeout {
    /// The limit, if there is one.
    pub fn limit(self) -> Option<Duration> {
        self.0
    }
}

impl TryFrom<f64> for Timeout {
    type Error = InvalidValue;

    /// A limit of so many seconds; zero means no limit.
    fn try_from(number: f64) -> Result<Self, InvalidValue> {
        seconds("timeout", number).map(Self::from)
    }
}

impl From<Duration> for Timeout {
    /// A length of zero means no limit.
    fn from(length: Duration) -> Self {
        Self((!length.is_zero()).then_some(length))
    }
}

impl FromStr for Timeout {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        parse_seconds("timeout", text).map(Self::from)
    }
}

impl fmt::Display for Timeout {
    /// Seconds; `0` where there is no limit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&seconds_text(self.0.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outside_its_range_is_refused_with_the_range() {
        let error = "11".parse::<Priority>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "priority must be a whole number from 1 to 10, not `11`"
        );
        for text in ["0", "-1", "256", "2.5", "", "99999999999999999999"] {
            assert!(text.parse::<Priority>().is_err(), "{text} was taken");
        }
    }

    #[test]
    fn zero_seconds_are_no_timeout() {
        assert_eq!("0".parse::<Timeout>().unwrap().limit(), None);
        let half = "0.5".parse::<Timeout>().unwrap();
        assert_eq!(half.limit(), Some(Duration::from_millis(500)));
    }
}
