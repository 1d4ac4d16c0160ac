//! What a job is and what may happen to it.
//!
//! Everything here is pure: no I/O, no clock, no randomness. Time comes in as
//! a [`Timestamp`]; text from outside becomes a type at the edge (`FromStr`)
//! and is not checked again further in. What happens to a job is decided in
//! one place, [`Life::apply`] in `lifecycle.rs`.

mod attempt;
mod command;
mod history;
mod id;
mod job;
mod lifecycle;
mod output;
mod rules;
mod settings;
mod time;

pub use attempt::{Attempt, Ending, Outcome, exit_code_text};
pub use command::{Command, Interpreter, MAX_COMMAND_BYTES, NativeString, ShellName};
pub use history::{History, Run};
pub use id::{Fence, JobId, WorkerId};
pub use job::{Claim, Job, Life, NewJob, Spec, State};
pub use lifecycle::{Event, TransitionError, Verb};
pub use output::{Chunk, Stream, left_out};
pub use rules::{BackoffBase, MaxRetries, Priority, Rules, Timeout};
pub use settings::{Key, Policy, Settings};
pub use time::{SortKey, Timestamp, measured_text, parse_seconds, seconds, seconds_text};

/// A value from outside that can't be what it should be.
///
/// The text says what was expected and what came instead, in lower case, and
/// is fit to follow `error: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub(crate) String);
