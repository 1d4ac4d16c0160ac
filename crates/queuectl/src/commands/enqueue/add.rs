//! The second reading of a file: its jobs are added, batch by batch, and taken back if not all can be.

use std::fmt;
use std::ops::RangeInclusive;

use queuectl_domain::NewJob;
use queuectl_store::{Existing, Store, StoreError};

use super::answer::Answer;
use super::batches::Jobs;
use super::reserve::Reserve;
use crate::console::Console;
use crate::error::CliError;
use crate::progress::Progress;
use crate::views::jobs as so_many_jobs;

/// Jobs on their way into the store.
pub(super) struct Adding<'a> {
    store: &'a mut dyn Store,
    existing: Existing,
    answer: Option<Answer>,
    reserve: Reserve,
    batches: Vec<RangeInclusive<i64>>,
    added: u64,
    skipped: u64,
}

/// Why not all were added.
pub(super) enum Cut {
    /// Something went wrong.
    Failed(CliError),
    /// Whoever wanted them doesn't any more.
    Interrupted,
}

impl<E: Into<CliError>> From<E> for Cut {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl<'a> Adding<'a> {
    pub(super) fn new(
        store: &'a mut dyn Store,
        skip_existing: bool,
        answer: Option<Answer>,
        reserve: Reserve,
    ) -> Self {
        Self {
            store,
            existing: if skip_existing {
                Existing::Skipped
            } else {
                Existing::Refused
            },
            answer,
            reserve,
            batches: Vec::new(),
            added: 0,
            skipped: 0,
        }
    }

    /// Adds all jobs of the file that had this digest when it was checked.
    pub(super) fn all(
        &mut self,
        jobs: &Jobs,
        digest: u64,
        interrupted: impl Fn() -> bool,
        progress: &Progress,
    ) -> Result<(), Cut> {
        let mut batches = jobs.begin()?;
        loop {
            let batch = batches.next_batch()?;
            if interrupted() {
                return Err(Cut::Interrupted);
            }
            if batch.is_empty() {
                break;
            }
            self.batch(batch)?;
            progress.at(batches.lines.position, self.added + self.skipped);
        }
        if batches.lines.digest() != digest {
            return Err(jobs.source.changed().into());
        }
        Ok(())
    }

    fn batch(&mut self, batch: Vec<NewJob>) -> Result<(), CliError> {
        let given = batch.len() as u64;
        let wanted = match &self.answer {
            Some(_) => batch.iter().map(|job| job.id.clone()).collect(),
            None => Vec::new(),
        };
        let batch = self.store.enqueue_batch(batch, self.existing)?;
        let added = batch.ids.len() as u64;
        self.batches.push(batch.numbers);
        self.added += added;
        self.skipped += given.saturating_sub(added);
        match &mut self.answer {
            Some(answer) => answer.add(&wanted, batch.ids),
            None => Ok(()),
        }
    }

    /// Takes back what was added, the newest first.
    pub(super) fn take_back(&mut self, console: &Console) -> Left {
        let progress = Progress::new(console, "taking back", Some(self.added));
        self.reserve = Reserve::none();
        let mut left = Left {
            added: self.added,
            withdrawn: 0,
            trouble: None,
        };
        for numbers in self.batches.drain(..).rev() {
            match self.store.withdraw(numbers) {
                Ok(withdrawn) => {
                    left.withdrawn += withdrawn;
                    progress.at(left.withdrawn, left.withdrawn);
                }
                Err(error) => left.trouble = Some(error),
            }
        }
        left
    }

    /// What was done, for people.
    pub(super) fn sentence(&self) -> String {
        let added = so_many_jobs(self.added);
        match self.skipped {
            0 => format!("Enqueued {added}"),
            skipped => format!("Enqueued {added}, passed over {skipped} that exist"),
        }
    }

    /// What was done, for programs, if they are to be told.
    pub(super) fn into_answer(self) -> Option<Answer> {
        self.answer
    }
}

/// What is left of jobs that were taken back.
pub(super) struct Left {
    added: u64,
    withdrawn: u64,
    trouble: Option<StoreError>,
}

impl Left {
    pub(super) fn is_nothing(&self) -> bool {
        self.withdrawn >= self.added
    }

    /// The error for which they were taken back, with what is left.
    pub(super) fn after(&self, error: CliError) -> CliError {
        if self.is_nothing() {
            return error;
        }
        CliError {
            message: format!("{}; {self}", error.message),
            ..error
        }
        .with_hint("see what is there with `queuectl list`")
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_nothing() {
            return f.write_str("nothing was enqueued");
        }
        let left = so_many_jobs(self.added - self.withdrawn);
        match &self.trouble {
            None => write!(f, "workers have begun {left}, which can't be taken back"),
            Some(error) => write!(f, "{left} can't be taken back: {error}"),
        }
    }
}
