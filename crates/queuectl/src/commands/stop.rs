//! `queuectl stop`: end a job's run, on whatever machine it is.

use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::{Fence, InvalidValue, Job, JobId, State, parse_seconds};
use queuectl_store::Store;
use queuectl_worker::HeldUp;
use serde_json::json;

use super::show::what_holds_up;
use crate::context::Context;
use crate::error::CliError;
use crate::views::Done;

/// How often to look for what keeps the job from its end.
const TELL: Duration = Duration::from_secs(1);
/// How often to look whether the run has ended.
const LOOK: Duration = Duration::from_millis(100);

const EXAMPLES: &str = "\
Examples:
  queuectl stop backup
  queuectl stop backup --reason 'it has hung since noon'
  queuectl dlq retry backup";

/// End a job's run; the job goes to the dead letter queue
///
/// Its worker, on whatever machine, ends it: politely, and by force after `kill_grace`. The command returns
/// when it has ended. A run that completes before stays completed.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The job's id
    #[arg(value_name = "JOB_ID")]
    id: JobId,

    /// Say why, as its last error
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Seconds to wait for the end [default: no limit]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, value_parser = seconds)]
    timeout: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, InvalidValue> {
    parse_seconds("timeout", text)
}

/// Asks for the end, and waits for it.
pub(crate) fn run(cx: &Context<'_>, args: Args) -> Result<Done, CliError> {
    let mut store = cx.store_to_look_at()?;
    let fence = store.stop_job(&args.id, args.reason)?;
    let deadline = args.timeout.map(|length| Instant::now() + length);
    let id = args.id.as_str();
    let tell = |held_up: &HeldUp| cx.console.remark(&format!("waiting: {held_up}"));
    let Some(job) = ended(&mut *store, &args.id, fence, deadline, &tell)? else {
        return Err(CliError::unavailable(
            format!("job '{id}' has been told to end, and hasn't ended yet"),
            "its worker may be slow or out of reach; see `queuectl worker list`",
        ));
    };
    let sentence = match job.life.state {
        State::Completed => format!("Job '{id}' completed before it was stopped"),
        _ => format!("Job '{id}' stopped; it is in the dead letter queue"),
    };
    let state = job.life.state.as_str();
    Ok(Done::new(sentence, json!({ "id": id, "state": state })))
}

/// Returns the job once the run under this claim has ended; none if it hasn't by the deadline.
fn ended(
    store: &mut dyn Store,
    id: &JobId,
    fence: Fence,
    deadline: Option<Instant>,
    tell: &dyn Fn(&HeldUp),
) -> Result<Option<Job>, CliError> {
    let (mut tell_at, mut told) = (Instant::now() + TELL, None);
    loop {
        let job = store.job(id)?;
        if job.life.claim.as_ref().map(|claim| claim.fence) != Some(fence) {
            return Ok(Some(job));
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(None);
        }
        if Instant::now() >= tell_at {
            let held_up = what_holds_up(store, &job)?;
            if let Some(held_up) = held_up.as_ref().filter(|_| told != held_up) {
                tell(held_up);
            }
            (tell_at, told) = (Instant::now() + TELL, held_up);
        }
        thread::sleep(LOOK);
    }
}
