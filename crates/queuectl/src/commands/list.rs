//! `queuectl list`: the newest jobs.

use queuectl_domain::State;
use queuectl_store::Query;

use super::whole;
use crate::context::Context;
use crate::error::CliError;
use crate::views::JobList;

const EXAMPLES: &str = "\
Examples:
  queuectl list
  queuectl list --state failed --limit 10
  queuectl list --json | jq -r '.[] | select(.priority > 5) | .id'

States:
  pending     ready to run
  processing  a worker runs it
  completed   an attempt succeeded
  failed      an attempt failed; it waits for its retry
  dead        in the dead letter queue";

/// List jobs, newest first
///
/// Wait is how long a job has been ready to run. Effective is its priority plus one for each
/// minute of that; the highest is run next.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// List only jobs in this state
    #[arg(long)]
    state: Option<State>,

    /// List N jobs at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true,
          value_parser = whole("limit", 0, u32::MAX))]
    limit: u32,
}

/// Finds them.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<JobList, CliError> {
    let mut store = cx.store_to_look_at()?;
    let page = store.list(&Query {
        state: args.state,
        limit: match args.limit {
            0 => usize::MAX,
            limit => limit as usize,
        },
    })?;
    Ok(JobList::new(page, args.state, store.now()?))
}
