//! A worker: claim, run, settle; and the processes that do it.
//!
//! [`Worker`] is the loop that one process runs. [`start`] makes background
//! processes of it, [`stop`] ends them, [`liveness`] tells who still lives. What
//! happens is told to an [`Observer`]; nothing here prints.

mod data;
mod happening;
mod life;
mod registry;

pub use data::DataFolder;
pub use happening::{Happening, Observer};
pub use life::{Liveness, hostname, liveness};
