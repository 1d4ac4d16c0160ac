//! `queuectl show`: everything about one job.

use queuectl_domain::{Job, JobId};
use queuectl_store::{Store, StoreError};
use queuectl_worker::{HeldUp, held_up};

use crate::context::Context;
use crate::error::CliError;
use crate::views::{JobDetails, Run};

const EXAMPLES: &str = "\
Examples:
  queuectl show backup
  queuectl show backup --json | jq -r .output";

/// Show everything about one job
///
/// Output is what its last attempt printed, stdout and stderr in the order in which they came.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The job's id
    #[arg(value_name = "JOB_ID")]
    id: JobId,
}

/// Collects it.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<JobDetails, CliError> {
    let mut store = cx.store_to_look_at()?;
    let job = store.job(&args.id)?;
    let attempts = store.attempts(&args.id)?;
    let now = store.now()?;

    let last = attempts.len().saturating_sub(1);
    let mut runs = Vec::with_capacity(attempts.len());
    for (number, attempt) in attempts.into_iter().enumerate() {
        // People are shown the output of the last attempt only.
        let wanted = cx.console.json() || number == last;
        let output = if wanted {
            store.output(attempt.fence)?
        } else {
            Vec::new()
        };
        runs.push(Run { attempt, output });
    }
    let held_up = what_holds_up(&mut *store, &job)?;
    Ok(JobDetails::new(job, runs, now).held_up(held_up))
}

/// What keeps a job from its end, if that can be told from this machine.
pub(super) fn what_holds_up(
    store: &mut dyn Store,
    job: &Job,
) -> Result<Option<HeldUp>, StoreError> {
    let Some(claim) = &job.life.claim else {
        return Ok(None);
    };
    let workers = store.workers()?.into_iter();
    let mut own = workers.filter(|info| info.worker.id == claim.worker);
    let held_up = own.next().map(|info| held_up(&info)).unwrap_or_default();
    let mut of_this = held_up.into_iter();
    Ok(of_this.find(|held_up| held_up.fence == claim.fence))
}
