//! `queuectl worker forget`: gives up workers that are out of sight.

use queuectl_domain::WorkerId;
use queuectl_worker::{ForgetError, Forgotten};
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::views::{Done, jobs, shell_word};

const EXAMPLES: &str = "\
Examples:
  queuectl worker list
  queuectl worker forget worker-3e66k4tb0h2m";

/// Give up workers that are elsewhere, and put their jobs back
///
/// Workers are elsewhere, as `worker list` shows them, if they ran in another container or on another machine and have no
/// lease that could end, so that nothing tells whether they live. Make sure first that nothing of them runs any more. If one lives after all, its jobs may run twice until
/// it learns that it was forgotten; then it ends what it runs. The crash count of each job grows by one.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The workers' names
    #[arg(required = true, value_name = "ID")]
    ids: Vec<WorkerId>,
}

/// Forgets them.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    let mut ids = args.ids.clone();
    ids.sort();
    ids.dedup();
    let forgotten = queuectl_worker::forget(&mut *cx.store_to_look_at()?, &ids)?;
    let line = |one: &Forgotten| {
        let (worker, jobs) = (&one.worker, jobs(one.jobs as u64));
        format!("Forgot {worker}, and put back {jobs}")
    };
    let mut lines: Vec<_> = forgotten.iter().map(line).collect();
    if forgotten.iter().any(|one| one.jobs > 0 && !one.is_dead) {
        let if_not =
            "If such a worker lives after all, its jobs may run twice until it learns of this";
        lines.push(if_not.to_owned());
    }
    let ids: Vec<_> = forgotten.iter().map(|one| one.worker.as_str()).collect();
    let jobs: usize = forgotten.iter().map(|one| one.jobs).sum();
    Ok(Done::lines(
        lines,
        json!({ "forgotten": ids, "jobs": jobs }),
    ))
}

impl From<ForgetError> for CliError {
    fn from(error: ForgetError) -> Self {
        let message = error.to_string();
        match error {
            ForgetError::Store(error) => error.into(),
            ForgetError::Lives { worker, .. } => {
                let worker = shell_word(worker.as_str());
                let hint = format!("stop it with `queuectl worker stop --worker {worker}`");
                Self::conflict(message, hint)
            }
            ForgetError::Runs { .. } => Self::conflict(message, "end that first, then try again"),
        }
    }
}
