//! `queuectl clear`: delete all jobs, or those that are completed.

use std::time::Duration;

use queuectl_domain::{InvalidValue, State, Timestamp, parse_seconds, seconds_text};
use queuectl_store::{Clear, Store, StoreError};
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::views::{Done, jobs};

const EXAMPLES: &str = "\
Examples:
  queuectl clear
  queuectl clear --yes
  queuectl clear --yes --force
  queuectl clear --completed --older-than 86400";

/// So many completed jobs are deleted at once, so that workers needn't wait for long.
const AT_ONCE: usize = 1_000;

/// Delete all jobs, or those that are completed
///
/// Attempts and output are deleted with them; settings stay. Asks first, and says how many. Workers delete completed jobs by
/// themselves if `config set keep` says how long they are kept.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Don't ask
    #[arg(short, long)]
    yes: bool,

    /// Delete even jobs that are being processed, and end them
    #[arg(long, conflicts_with = "completed")]
    force: bool,

    /// Delete only jobs that are completed
    #[arg(long)]
    completed: bool,

    /// Of those only the ones that completed at least this many seconds ago
    #[arg(long, value_name = "SECONDS", requires = "completed", allow_hyphen_values = true, value_parser = age)]
    older_than: Option<Duration>,
}

fn age(text: &str) -> Result<Duration, InvalidValue> {
    parse_seconds("older-than", text)
}

/// Deletes them.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    let mut store = cx.store_to_look_at()?;
    if args.completed {
        return completed(cx, args, &mut *store);
    }
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

/// Deletes those that are completed, a portion at a time.
fn completed(cx: &Context<'_>, args: &Args, store: &mut dyn Store) -> Result<Done, CliError> {
    let count = store.counts()?.of(State::Completed);
    if count == 0 {
        let nothing = "There are no completed jobs".into();
        return Ok(Done::new(nothing, json!({ "deleted": 0 })));
    }
    let (question, before) = match args.older_than {
        // Even those that completed before the clock was set back.
        None => (
            format!("Delete {count} completed job(s)?"),
            Timestamp(i64::MAX),
        ),
        Some(age) => (
            format!(
                "Delete those of {count} completed job(s) that completed {} seconds ago or more?",
                seconds_text(age)
            ),
            store.now()?.before(age),
        ),
    };
    if !cx.confirm(&question, args.yes)? {
        return Ok(Done::new("Nothing deleted".into(), json!({ "deleted": 0 })));
    }
    let mut deleted = 0;
    loop {
        let more = store.forget_completed(before, AT_ONCE)?;
        deleted += more;
        if more == 0 {
            break;
        }
    }
    Ok(Done::new(
        format!("Deleted {}", jobs(deleted)),
        json!({ "deleted": deleted }),
    ))
}
