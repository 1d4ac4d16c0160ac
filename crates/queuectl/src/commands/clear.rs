//! `queuectl clear`: delete all jobs.

use queuectl_domain::State;
use queuectl_store::{Clear, StoreError};
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::views::{Done, jobs};

const EXAMPLES: &str = "\
Examples:
  queuectl clear
  queuectl clear --yes
  queuectl clear --yes --force";

/// Delete all jobs
///
/// Attempts and output are deleted with them; settings stay. Asks first, and says how many.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Don't ask
    #[arg(short, long)]
    yes: bool,

    /// Delete even jobs that are being processed, and end them
    #[arg(long)]
    force: bool,
}

/// Deletes them.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    let mut store = cx.store()?;
    let counts = store.counts()?;
    if counts.total() == 0 {
        return Ok(Done::new(
            "There are no jobs".into(),
            json!({ "deleted": 0 }),
        ));
    }
    let running = counts.of(State::Processing);
    if running > 0 && !args.force {
        return Err(StoreError::BeingProcessed(running).into());
    }
    let question = match running {
        0 => format!("Delete {}?", jobs(counts.total())),
        running => format!(
            "Delete {}, of which {running} being processed?",
            jobs(counts.total())
        ),
    };
    if !cx.confirm(&question, args.yes)? {
        return Ok(Done::new("Nothing deleted".into(), json!({ "deleted": 0 })));
    }
    let force = args.force;
    let deleted = store.clear(Clear::All { force })?;
    Ok(Done::new(
        format!("Deleted {}", jobs(deleted)),
        json!({ "deleted": deleted }),
    ))
}
