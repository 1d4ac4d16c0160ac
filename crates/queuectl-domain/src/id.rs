//! The names by which jobs, workers and claims are known.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::is_nfc;

use crate::InvalidValue;

/// The longest job id, in bytes of UTF-8.
const MAX_ID_BYTES: usize = 200;

/// The digits of Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many of them a generated id has at the least.
const FEWEST_DIGITS: u32 = 6;

/// What an id may have besides letters and digits. None of it means anything in a list or a pattern, nor,
/// except `~` at the beginning, to a shell.
const SIGNS: &str = "._~:@+/=-";

/// What an id can't begin with. A `-` begins an option.
const NOT_FIRST: [char; 2] = ['-', '@'];

/// A job's name: 1 to 200 bytes of letters and digits of any script and `._~:@+/=-`, the first
/// neither `-` nor `@`, in Unicode's composed form (NFC).
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

    /// Parses an id that a user gives to a job. Ids that only schedules give are refused.
    pub fn given(text: &str) -> Result<Self, InvalidValue> {
        let id: Self = text.parse()?;
        if id.is_of_a_schedule() {
            return Err(InvalidValue(
                "a job id can't end like `@20261128T013000Z`, as those of schedules do".into(),
            ));
        }
        Ok(id)
    }

    /// Returns true for `NAME@20261128T013000Z`: a schedule, and when this job of it was due.
    fn is_of_a_schedule(&self) -> bool {
        let Some((_, time)) = self.0.rsplit_once('@') else {
            return false;
        };
        let digit = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
        time.bytes().map(digit).eq(*b"00000000T000000Z")
    }

    /// Returns true if an id may have this character, though perhaps not as its first.
    pub fn allows(c: char) -> bool {
        SIGNS.contains(c) || c.is_alphanumeric() && !is_unseen(c)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns true for letters, by Unicode, that are invisible or look like others.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        // Accents of the letter before them, with which they look like one letter.
        '\u{300}'..='\u{36f}'
        // Parts of Korean syllables, which look like the whole ones, and fillers, which are empty.
        | '\u{1100}'..='\u{11ff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{d7b0}'..='\u{d7ff}'
        | '\u{3164}'
        | '\u{ffa0}'
        // The blanks of hieroglyphs.
        | '\u{13441}'..='\u{13442}'
    )
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
        } else if let Some(wrong) = text.chars().find(|c| !Self::allows(*c)) {
            let wrong = shown(wrong);
            format!("a job id can't have `{wrong}`, only letters, digits and `{SIGNS}`")
        } else if let Some(first) = text.chars().next().filter(|c| NOT_FIRST.contains(c)) {
            format!("a job id can't begin with `{first}`")
        } else if !is_nfc(text) {
            "a job id has to be in Unicode's composed form (NFC), in which each letter is written in one way only".to_owned()
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidValue(problem))
    }
}

/// A character for an error message: by its number if it may be invisible or look like another.
fn shown(c: char) -> String {
    if c.is_ascii() {
        c.escape_debug().to_string()
    } else {
        c.escape_unicode().to_string()
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
