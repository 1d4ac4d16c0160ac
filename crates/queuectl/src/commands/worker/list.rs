//! `queuectl worker list`: workers and what they do.

use queuectl_worker::liveness;

use crate::context::Context;
use crate::error::CliError;
use crate::views::WorkerList;

const EXAMPLES: &str = "\
Examples:
  queuectl worker list
  queuectl worker list --json | jq '[.[].running] | add'

States:
  running    takes jobs
  unable     can't start jobs, and takes none until it can; the reason is below
  stopping   finishes what it runs
  dead       ended without a word; its jobs go back to the queue
  lapsed     not heard of for longer than its lease; its jobs go to others
  elsewhere  ran in another container; nothing tells whether its jobs still run, so they wait";

/// List workers and what they do
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

/// Finds them.
pub(crate) fn run(cx: &Context<'_>, _: &Args) -> Result<WorkerList, CliError> {
    let workers = cx.store_to_look_at()?.workers()?.into_iter();
    let with_life = workers.map(|info| {
        let life = liveness(&info);
        (info, life)
    });
    Ok(WorkerList {
        workers: with_life.collect(),
        short_database: cx.short_location()?,
        database: cx.location()?.to_string(),
    })
}
