//! How things are written down, the same in every store.

mod attempts;
mod codes;
mod pieces;
mod standing;
mod values;

pub(crate) use attempts::{Gone, running};
pub(crate) use codes::Code;
pub(crate) use pieces::outside;
pub(crate) use standing::Standing;
pub(crate) use values::{claim, damaged, joined, micros, parsed, signed, split};
