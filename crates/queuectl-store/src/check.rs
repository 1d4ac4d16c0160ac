//! What a check of a store looks at, and what it can find.

use std::fmt;

use queuectl_domain::{JobId, State, Timestamp, WorkerId};

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Whether the storage itself is whole.
    Integrity,
    /// Whether there is as much as is counted.
    Counters,
    /// Whether each job can be read and has an owner while it is processed, and nothing is left of others.
    Jobs,
    /// Whether the log of changes is no longer than it has to be.
    Log,
    /// Whether the clock agrees with what has been written down.
    Clock,
}

/// What a check has looked at, and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was looked at.
    pub check: Check,
    /// What isn't as it should be; nothing if all is well.
    pub findings: Vec<Finding>,
}

/// Something in a store that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The storage is damaged.
    Damaged {
        /// The first complaints.
        complaints: Vec<String>,
    },
    /// There are more or fewer jobs in a state than are counted.
    Miscounted {
        /// The state.
        state: State,
        /// How many are counted.
        counted: u64,
        /// How many there are.
        there: u64,
    },
    /// Numbers that have been given out would be given out again.
    NumbersInUse,
    /// Jobs can't be read, and stand in the way of whoever comes upon them.
    Unreadable {
        /// How many.
        jobs: u64,
        /// What is wrong with one of them.
        example: String,
    },
    /// Jobs are being processed by a worker that isn't known.
    Ownerless {
        /// That worker.
        worker: WorkerId,
        /// The jobs.
        jobs: Vec<JobId>,
    },
    /// Attempts and output are there of jobs that are gone.
    Leftovers {
        /// How many rows.
        rows: u64,
    },
    /// The log of changes has grown too long.
    LongLog {
        /// How long it is.
        bytes: u64,
    },
    /// Something was written down later than it is now.
    Ahead {
        /// The latest time that is written down.
        newest: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// Jobs wait since, or were put back at, a time that is yet to come.
    WaitFromTheFuture {
        /// How many.
        jobs: u64,
    },
}

impl Finding {
    /// Whether [`Store::mend`](crate::Store::mend) can put it right.
    pub fn is_mendable(&self) -> bool {
        !matches!(
            self,
            Self::Damaged { .. } | Self::Unreadable { .. } | Self::Ahead { .. }
        )
    }

    /// What becomes of it when it is mended, or what else there is to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => {
                "put a backup in its place, or save what can be read with `sqlite3 FILE .recover`"
            }
            Self::Miscounted { .. } => "counts them anew",
            Self::NumbersInUse => "goes on after the highest number",
            Self::Unreadable { .. } => "put a backup in its place, or mend them by hand",
            Self::Ownerless { .. } => "ends what is left of them and puts them back",
            Self::Leftovers { .. } => "removes what is left",
            Self::LongLog { .. } => "copies it into the store, unless a reader still needs it",
            Self::Ahead { .. } => {
                "set the clock of this machine right; if it is right, the times written down are wrong and do no harm"
            }
            Self::WaitFromTheFuture { .. } => "lets them wait as from now",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { complaints } => {
                write!(f, "the store is damaged: {}", complaints.join("; "))
            }
            Self::Miscounted {
                state,
                counted,
                there,
            } => write!(
                f,
                "{counted} jobs are counted as {state}, there are {there}"
            ),
            Self::NumbersInUse => {
                f.write_str("the next number of a job or claim has been given out already")
            }
            Self::Unreadable { jobs, example } => {
                write!(f, "jobs can't be read: {jobs}, such as: {example}")
            }
            Self::Ownerless { worker, jobs } => {
                write!(f, "jobs are processed by {worker}, which isn't known: ")?;
                name_some(f, jobs)
            }
            Self::Leftovers { rows } => {
                write!(f, "attempts or output of jobs that are gone: {rows} rows")
            }
            Self::LongLog { bytes } => {
                write!(f, "the log of changes has grown to {} MiB", bytes >> 20)
            }
            Self::Ahead { newest, now } => {
                let by = newest.since(*now).as_secs();
                write!(
                    f,
                    "the clock is {by} s behind the newest time that is written down"
                )
            }
            Self::WaitFromTheFuture { jobs } => {
                write!(f, "jobs wait from a time that is yet to come: {jobs}")
            }
        }
    }
}

fn name_some(f: &mut fmt::Formatter<'_>, jobs: &[JobId]) -> fmt::Result {
    const SOME: usize = 3;
    for (number, job) in jobs.iter().take(SOME).enumerate() {
        write!(f, "{}{job}", if number > 0 { ", " } else { "" })?;
    }
    match jobs.len().saturating_sub(SOME) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}
