//! How things are written down, the same in every store.

mod attempts;
mod codes;
mod columns;
mod job;
mod pieces;
mod standing;
mod values;
mod whole;

pub(crate) use attempts::{Gone, ended, nobody_runs, read_attempt, running};
pub(crate) use codes::Code;
pub(crate) use columns::Columns;
#[cfg(test)]
pub(crate) use job::{KEPT, REST_OF_SPEC};
pub(crate) use job::{Kept, spec};
pub(crate) use pieces::outside;
pub(crate) use standing::{Standing, trouble};
pub(crate) use values::{damaged, joined, last_made, made_up_to, micros, parsed, signed, split};
pub(crate) use whole::Whole;
