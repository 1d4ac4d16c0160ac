//! A job with all that is known of it, as it is in its store.

use queuectl_domain::{Attempt, Chunk, Ending, Fence, Job, Timestamp};

/// A job with all that is known of it. Nobody runs it.
#[derive(Debug)]
pub(crate) struct Whole {
    /// The job.
    pub(crate) job: Job,
    /// Its attempts, oldest first: they all have ended.
    pub(crate) attempts: Vec<(Attempt, Timestamp, Ending)>,
    /// What they printed.
    pub(crate) output: Vec<(Fence, Chunk)>,
}
