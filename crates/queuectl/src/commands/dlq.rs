//! `queuectl dlq`: the jobs that are dead.

use queuectl_domain::{JobId, State, Timeout};
use queuectl_store::{Clear, Query, Selection};
use serde_json::json;

use super::boxed;
use crate::context::Context;
use crate::error::CliError;
use crate::views::{DeadList, Done, View, jobs};

const EXAMPLES: &str = "\
Examples:
  queuectl dlq list
  queuectl dlq retry --all --timeout 60
  queuectl dlq clear";

const LIST_EXAMPLES: &str = "\
Examples:
  queuectl dlq list
  queuectl dlq list --json | jq -r '.[].last_error'";

const RETRY_EXAMPLES: &str = "\
Examples:
  queuectl dlq retry job2
  queuectl dlq retry job2 --timeout 60
  queuectl dlq retry --all";

const CLEAR_EXAMPLES: &str = "\
Examples:
  queuectl dlq clear
  queuectl dlq clear --yes";

const ADD_EXAMPLES: &str = "\
Examples:
  queuectl dlq add job3
  queuectl dlq add job3 --reason 'the server is gone'";

/// What to do with dead jobs.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// List the dead jobs, and why they died
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Run dead jobs again: attempts start over, the history is kept
    #[command(after_help = RETRY_EXAMPLES)]
    Retry(Retry),
    /// Delete all dead jobs
    #[command(after_help = CLEAR_EXAMPLES)]
    Clear {
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Put a waiting job into the dead letter queue by hand
    #[command(after_help = ADD_EXAMPLES)]
    Add {
        /// The job's id
        #[arg(value_name = "JOB_ID")]
        id: JobId,
        /// Say why, as its last error
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Which jobs to run again, and how.
#[derive(clap::Args)]
pub(crate) struct Retry {
    /// The jobs' ids
    #[arg(value_name = "JOB_ID")]
    ids: Vec<JobId>,

    /// Retry all dead jobs
    #[arg(long)]
    all: bool,

    /// Give them another timeout, in seconds; 0 for none [default: the old one]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    timeout: Option<Timeout>,
}

/// Does it.
pub(crate) fn run(cx: &Context<'_>, command: Command) -> Result<Box<dyn View>, CliError> {
    match command {
        Command::List => boxed(list(cx)),
        Command::Retry(args) => boxed(retry(cx, args)),
        Command::Clear { yes } => boxed(clear(cx, yes)),
        Command::Add { id, reason } => boxed(add(cx, &id, reason)),
    }
}

fn list(cx: &Context<'_>) -> Result<DeadList, CliError> {
    let mut store = cx.store_to_look_at()?;
    let page = store.list(&Query {
        state: Some(State::Dead),
        limit: u32::MAX as usize,
    })?;
    Ok(DeadList::new(page.jobs, store.now()?))
}

fn retry(cx: &Context<'_>, args: Retry) -> Result<Done, CliError> {
    let which = match (args.ids.is_empty(), args.all) {
        (true, false) => {
            let hint = "name jobs, see them with `queuectl dlq list`, or say --all";
            return Err(CliError::usage("there is no job to retry", hint));
        }
        (false, true) => {
            let hint = "name the jobs, or say --all, not both";
            return Err(CliError::usage(
                "--all and job ids exclude each other",
                hint,
            ));
        }
        (true, true) => Selection::AllDead,
        (false, false) => Selection::Jobs(args.ids),
    };
    let ids = cx.store_to_look_at()?.retry(&which, args.timeout)?;
    let sentence = match ids.as_slice() {
        [] => "The dead letter queue is empty".to_owned(),
        [id] => format!("Job '{id}' is back in the queue"),
        many => format!("{} are back in the queue", jobs(many.len() as u64)),
    };
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    Ok(Done::new(sentence, json!({ "retried": ids })))
}

fn clear(cx: &Context<'_>, yes: bool) -> Result<Done, CliError> {
    let mut store = cx.store_to_look_at()?;
    let done =
        |sentence: String, deleted: u64| Ok(Done::new(sentence, json!({ "deleted": deleted })));
    let dead = store.counts()?.of(State::Dead);
    if dead == 0 {
        return done("The dead letter queue is empty".into(), 0);
    }
    if !cx.confirm(&format!("Delete {} from the DLQ?", jobs(dead)), yes)? {
        return done("Nothing deleted".into(), 0);
    }
    let deleted = store.clear(Clear::Dead)?;
    done(format!("Deleted {} from the DLQ", jobs(deleted)), deleted)
}

fn add(cx: &Context<'_>, id: &JobId, reason: Option<String>) -> Result<Done, CliError> {
    cx.store_to_look_at()?.bury(id, reason)?;
    let sentence = format!("Job '{id}' moved to the dead letter queue");
    Ok(Done::new(sentence, json!({ "id": id.as_str() })))
}
