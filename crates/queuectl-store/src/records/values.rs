//! Values as they are kept.

use std::time::Duration;

use queuectl_domain::{JobId, NativeString};

use crate::StoreError;

/// The store holds something that can't be.
pub(crate) fn damaged(what: String) -> StoreError {
    StoreError::Corrupt(what)
}

/// A length of time as it is kept.
pub(crate) fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// A size or offset as it is kept. No file is long enough for it not to fit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// No store makes as many ids. What looks like one of a greater number is a name that somebody has chosen; if ids went on
/// after it, there might soon be no numbers left.
const MOST_IDS: u64 = 1 << 50;

/// The number up to which ids may have been made.
pub(crate) fn made_up_to(last: u64) -> i64 {
    if last <= MOST_IDS { signed(last) } else { 0 }
}

/// The greatest number of which one of these ids was made.
pub(crate) fn last_made<'i>(ids: impl Iterator<Item = &'i JobId>) -> i64 {
    let numbers = ids.filter_map(JobId::number).map(made_up_to);
    numbers.max().unwrap_or(0)
}

/// A value that the domain checks when it reads it.
pub(crate) fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| damaged(error.to_string()))
}

/// Arguments one after the other, with a NUL between: no argument can contain one.
pub(crate) fn joined(argv: &[NativeString]) -> Vec<u8> {
    let parts: Vec<&[u8]> = argv.iter().map(|arg| arg.0.as_slice()).collect();
    parts.join(&0)
}

/// The arguments that were joined.
pub(crate) fn split(joined: &[u8]) -> Vec<NativeString> {
    let parts = joined.split(|byte| *byte == 0);
    parts.map(|part| NativeString(part.to_vec())).collect()
}
