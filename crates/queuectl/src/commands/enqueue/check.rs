//! The first reading of a file: what is wrong with it is found before anything is changed.

use queuectl_domain::JobId;
use queuectl_store::Store;

use super::batches::{Jobs, MOST_JOBS};
use super::names::{Fingerprints, Suspects};
use crate::context::Context;
use crate::error::CliError;
use crate::progress::Progress;

/// How often it is shown how far it has come, in lines.
const STEP: u64 = 1000;

/// What is known of a file that was checked.
pub(super) struct Checked {
    /// How many jobs it has.
    pub(super) jobs: u64,
    /// What tells it from any other.
    pub(super) digest: u64,
}

/// Checks all jobs, each by itself and against the others and the store.
pub(super) fn check(
    cx: &Context<'_>,
    jobs: &Jobs,
    store: &mut dyn Store,
    skip_existing: bool,
) -> Result<Checked, CliError> {
    let progress = Progress::new(cx.console, "checking", Some(jobs.source.length));
    let mut batches = jobs.begin()?;
    let mut fingerprints = Fingerprints::default();
    let mut asked = Asked::default();
    let mut count = 0;
    while let Some(job) = batches.next_job()? {
        count += 1;
        if let Some(id) = job.id {
            fingerprints.add(&id);
            if !skip_existing {
                asked.add(id, batches.lines.number, jobs, store)?;
            }
        }
        if batches.lines.number.is_multiple_of(STEP) {
            progress.at(batches.lines.position, count);
        }
    }
    asked.answer(jobs, store)?;
    if let Some(suspects) = fingerprints.suspects() {
        find_twins(jobs, suspects)?;
    }
    Ok(Checked {
        jobs: count,
        digest: batches.lines.digest(),
    })
}

/// Ids that the store is to be asked for, and the lines that they are in.
#[derive(Default)]
struct Asked {
    ids: Vec<JobId>,
    lines: Vec<u64>,
}

impl Asked {
    fn add(
        &mut self,
        id: JobId,
        line: u64,
        jobs: &Jobs,
        store: &mut dyn Store,
    ) -> Result<(), CliError> {
        self.ids.push(id);
        self.lines.push(line);
        if self.ids.len() < MOST_JOBS {
            return Ok(());
        }
        self.answer(jobs, store)
    }

    /// Asks for them all at once.
    fn answer(&mut self, jobs: &Jobs, store: &mut dyn Store) -> Result<(), CliError> {
        let taken = store.taken(&self.ids)?;
        if let Some(id) = taken.first() {
            let place = self.ids.iter().position(|asked| asked == id);
            let line = place.map_or(0, |place| self.lines[place]);
            return Err(jobs.source.conflict(
                line,
                &format!("job '{id}' already exists"),
                "pass over jobs that exist with --skip-existing; nothing was enqueued",
            ));
        }
        self.ids.clear();
        self.lines.clear();
        Ok(())
    }
}

/// Reads the file once more, to find two jobs that have the same id.
fn find_twins(jobs: &Jobs, mut suspects: Suspects) -> Result<(), CliError> {
    let mut batches = jobs.begin()?;
    while let Some(job) = batches.next_job()? {
        let line = batches.lines.number;
        let id = job.id.as_ref();
        let twin = id.and_then(|id| Some((id, suspects.earlier(id, line)?)));
        if let Some((id, earlier)) = twin {
            return Err(jobs.source.conflict(
                line,
                &format!("job '{id}' is in line {earlier} already"),
                "give each job an id of its own, or none; nothing was enqueued",
            ));
        }
    }
    Ok(())
}
