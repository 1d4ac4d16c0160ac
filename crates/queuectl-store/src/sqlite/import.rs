//! Jobs of another store, with their past.

use queuectl_domain::{Attempt, History, Run};

use super::fault::Result;
use super::jobs::{self, Inserter};
use super::session::Change;
use super::{attempts, edit, output};
use crate::records::{ended, last_made};
use crate::{Batch, Existing, StoreError};

/// Adds jobs with all that is known of them, all or none, or all but those whose names are taken.
pub(super) fn add(
    change: &mut Change<'_>,
    histories: Vec<History>,
    existing: Existing,
) -> Result<Batch> {
    let settings = change.settings()?;
    let runs = histories.iter().map(|history| history.runs.len() as u64);
    let runs = runs.sum();
    if !change.counters.has_fences(runs) {
        change.counters.reserve_fences(runs);
    }
    let first = change.counters.last_job + 1;
    let mut ids = Vec::with_capacity(histories.len());
    let mut inserter = Inserter::new(change.conn)?;
    for History { job, runs } in histories {
        let seq = edit::next_number(&mut change.counters);
        let job = job.taken_over(&settings.policy, change.now);
        let id = job.spec.id.clone();
        match (
            jobs::insert_with_past(change, &mut inserter, seq, &job)?,
            existing,
        ) {
            (true, _) => ids.push(id),
            (false, Existing::Refused) => return Err(StoreError::JobExists(id).into()),
            (false, Existing::Skipped) => continue,
        }
        for run in runs {
            add_run(change, seq, run, settings.output_limit)?;
        }
    }
    let numbers = first..=change.counters.last_job;
    change.counters.make_ids_after(last_made(ids.iter()));
    Ok(Batch { ids, numbers })
}

fn add_run(change: &mut Change<'_>, seq: i64, run: Run, output_limit: u64) -> Result<()> {
    let fence = change.counters.next_fence();
    let attempt = Attempt {
        fence,
        ..run.attempt
    };
    let (ended_at, ending) = ended(&attempt, change.now);
    attempts::record(change.conn, seq, &attempt, ended_at, &ending)?;
    output::append(change.conn, fence, &run.output, output_limit)
}
