//! The names by which jobs, workers and claims are known.

use std::fmt;
use std::str::FromStr;

use crate::InvalidValue;

/// The longest job id, in bytes of UTF-8.
const MAX_ID_BYTES: usize = 200;

/// The digits of Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many of them a generated id has at the least.
const FEWEST_DIGITS: u32 = 6;

/// A job's name: one to 200 bytes of UTF-8 without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

impl JobId {
    /// The id given to a job that was enqueued without one: `j` and the job's
    /// number in Crockford's base 32, at least six digits, so that ids sort in
    /// the order of creation (for the first 2^30 jobs of a store).
    pub fn generated(number: u64) -> Self {
        let mut text = vec![b'j'];
        let width = (u64::BITS - number.leading_zeros())
            .div_ceil(5)
            .max(FEWEST_DIGITS);
        for place in (0..width).rev() {
            text.push(DIGITS[(number >> (place * 5)) as usize & 31]);
        }
        Self(text.into_iter().map(char::from).collect())
    }

    /// The number of which this id was generated; none if it can't have been.
    pub fn number(&self) -> Option<u64> {
        let mut number = 0_u64;
        for digit in self.0.strip_prefix('j')?.bytes() {
            let value = DIGITS.iter().position(|known| *known == digit)?;
            number = number.checked_mul(32)?.checked_add(value as u64)?;
        }
        (Self::generated(number) == *self).then_some(number)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let problem = if text.is_empty() {
            "a job id can't be empty".to_owned()
        } else if text.len() > MAX_ID_BYTES {
            format!(
                "a job id has at most {MAX_ID_BYTES} bytes, this one has {}",
                text.len()
            )
        } else if text.chars().any(char::is_control) {
            "a job id can't contain control characters".to_owned()
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidValue(problem))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A worker's name, unique among all workers of a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(String);

impl WorkerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkerId {
    type Err = InvalidValue;

    /// Worker ids become file names, so they are made of letters, digits and `-`.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if (1..=64).contains(&text.len()) && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue(format!(
                "a worker id has 1 to 64 letters, digits and `-`, not `{}`",
                text.escape_debug()
            )))
        }
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The token that proves a claim: each claim of a store gets a larger one than
/// every claim before it. Who presents an older fence can change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub i64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
