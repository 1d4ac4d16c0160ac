//! How things are written down, the same in every store.

mod attempts;
mod codes;
mod pieces;
mod standing;
mod values;
mod whole;

pub(crate) use attempts::{Gone, ended, running};
pub(crate) use codes::Code;
pub(crate) use pieces::outside;
pub(crate) use standing::{Standing, trouble};
pub(crate) use values::{
    claim, damaged, joined, last_made, made_up_to, micros, parsed, signed, split,
};
pub(crate) use whole::Whole;
