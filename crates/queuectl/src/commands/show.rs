//! `queuectl show`: everything about one job.

use queuectl_domain::JobId;

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
    Ok(JobDetails::new(job, runs, now))
}
