//! `queuectl status`: how many jobs and workers there are.

use queuectl_worker::{Liveness, liveness};

use crate::context::Context;
use crate::error::CliError;
use crate::views::Status;

const EXAMPLES: &str = "\
Examples:
  queuectl status
  queuectl status --json | jq .pending";

/// Show how many jobs and workers there are
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

/// Counts them.
pub(crate) fn run(cx: &Context<'_>, _: &Args) -> Result<Status, CliError> {
    let mut store = cx.store_to_look_at()?;
    let counts = store.counts()?;
    let workers = store.workers()?;
    let living = workers
        .iter()
        .filter(|info| matches!(liveness(info), Liveness::Alive | Liveness::Elsewhere));
    Ok(Status {
        counts,
        workers: living.count() as u64,
        short_database: cx.short_location()?,
        database: cx.location()?.to_string(),
    })
}
