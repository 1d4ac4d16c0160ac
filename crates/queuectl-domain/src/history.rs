//! A job with all that is known of it, on its way from one store into another.

use crate::{Attempt, Chunk, Job};

/// A job with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The job, as it is where it comes from.
    pub job: Job,
    /// Its attempts, oldest first.
    pub runs: Vec<Run>,
}

/// An attempt and what it printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// How it went. Its fence is of no meaning elsewhere: the store that it comes to gives it one.
    pub attempt: Attempt,
    /// What it printed, in the order of arrival, as far as it was kept.
    pub output: Vec<Chunk>,
}
