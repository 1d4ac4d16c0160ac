//! `queuectl dequeue`: remove one job.

use queuectl_domain::JobId;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::views::Done;

const EXAMPLES: &str = "\
Examples:
  queuectl dequeue backup
  queuectl list --state dead --json | jq -j '.[].id + \"\\u0000\"' | xargs -0 -n1 queuectl dequeue --";

/// Remove one job that is not being processed
///
/// Its attempts and their output are deleted with it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The job's id
    #[arg(value_name = "JOB_ID")]
    id: JobId,
}

/// Removes it.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    cx.store_to_look_at()?.remove(&args.id)?;
    let id = args.id.as_str();
    Ok(Done::new(
        format!("Job '{id}' removed"),
        json!({ "id": id }),
    ))
}
