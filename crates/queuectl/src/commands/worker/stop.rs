//! `queuectl worker stop`: stop workers.

use std::time::Duration;

use queuectl_domain::{InvalidValue, WorkerId, parse_seconds};
use queuectl_store::{StopMode, StoreError};
use queuectl_worker::{HeldUp, StopOrder, Stopped, Whom};
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::missing;
use crate::views::Done;

const EXAMPLES: &str = "\
Examples:
  queuectl worker stop
  queuectl worker stop --timeout 30
  queuectl worker stop --now
  queuectl worker stop --all
  queuectl worker stop --worker worker-n5kp2xq7w0bc";

/// Stop workers: all of the store on this machine, all there are, or one
///
/// Running jobs finish, nothing new starts, and the command returns when all workers have ended. It doesn't wait
/// for a worker that hasn't been heard of for longer than its lease: that one stops when it comes back. Nor does it
/// wait for the worker whose job calls it: that one stops when its jobs have finished, even with --now.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// End running jobs; they go back to the queue, and no attempt is consumed
    #[arg(long)]
    now: bool,

    /// Seconds to wait for running jobs before they are ended [default: no limit]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, value_parser = seconds)]
    timeout: Option<Duration>,

    /// Stop the workers of all machines
    #[arg(long)]
    all: bool,

    /// Stop this one, on whatever machine it is
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    worker: Option<WorkerId>,
}

fn seconds(text: &str) -> Result<Duration, InvalidValue> {
    parse_seconds("timeout", text)
}

/// Stops them.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    let whom = match (&args.worker, args.all) {
        (Some(id), _) => Whom::One(id.clone()),
        (None, true) => Whom::Everywhere,
        (None, false) => Whom::Here,
    };
    let order = StopOrder {
        whom,
        mode: if args.now {
            StopMode::Now
        } else {
            StopMode::Drain
        },
        force_after: args.timeout,
        given_by: cx.worker_we_run_in(),
    };
    let data = cx.data_folder_to_look_at()?;
    let location = cx.location()?;
    let waits = |held_up: &HeldUp| {
        let (worker, console) = (&held_up.worker, cx.console);
        console.remark(&format!("waiting for {worker}: {held_up}"));
    };
    let stopped = match missing::open_existing(&location) {
        Ok(mut store) => {
            queuectl_worker::stop(&data, &location, Some(&mut *store), &order, &waits)?
        }
        // Workers can be stopped without their store, by their processes.
        Err(error) => {
            let stopped = queuectl_worker::stop(&data, &location, None, &order, &waits)?;
            let is_missing = matches!(error, StoreError::Missing(_));
            if stopped.ended > 0 || stopped.asked.is_some() {
                cx.console.remark(&CliError::from(error).message);
            } else if is_missing && cx.is_default() {
                cx.note_missing(&location);
                let mut nothing = queuectl_store::nothing(&location);
                return Ok(answer(
                    cx,
                    queuectl_worker::stop(&data, &location, Some(&mut *nothing), &order, &waits)?,
                ));
            } else {
                return Err(missing::said(&location, error));
            }
            stopped
        }
    };
    Ok(answer(cx, stopped))
}

fn answer(cx: &Context<'_>, stopped: Stopped) -> Done {
    let Stopped {
        ended,
        out_of_reach,
        asked,
        trouble,
    } = stopped;
    if let Some(trouble) = trouble {
        cx.console.remark(&trouble.to_string());
    }
    let mut lines = Vec::new();
    match (ended, out_of_reach, &asked) {
        (0, 0, None) => lines.push("No workers to stop".to_owned()),
        (0, _, _) => {}
        _ => lines.push(format!("Stopped {ended} worker(s)")),
    }
    if out_of_reach > 0 {
        lines.push(format!(
            "Out of reach: {out_of_reach} worker(s), which will stop when they come back"
        ));
    }
    if let Some(worker) = &asked {
        lines.push(format!(
            "Asked to stop: {worker}, which runs this job; it ends when its jobs have finished"
        ));
    }
    let asked = asked.iter().map(WorkerId::as_str).collect::<Vec<_>>();
    Done::lines(
        lines,
        json!({ "stopped": ended, "out_of_reach": out_of_reach, "asked": asked }),
    )
}
