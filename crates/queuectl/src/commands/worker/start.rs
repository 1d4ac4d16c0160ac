//! `queuectl worker start`: start workers.

use std::ffi::OsString;
use std::time::Duration;

use queuectl_worker::{Control, Launch, Options, Patience, StartError, hold_stop, new_worker_id};
use serde_json::json;

use super::{boxed, guard, whole};
use crate::context::Context;
use crate::environment;
use crate::error::CliError;
use crate::interrupted;
use crate::live::{Live, Unprinted};
use crate::views::{Done, Streamed, Told, View};

const EXAMPLES: &str = "\
Examples:
  queuectl worker start --count 3
  queuectl worker start --concurrency 8
  queuectl worker start --foreground
  queuectl worker start --foreground --until-idle --json";

/// How long a background worker may take until it works, including its wait for a busy store.
const UNTIL_IT_WORKS: Duration = Duration::from_secs(60);

/// Start workers, in the background or in this terminal
///
/// Background workers survive the terminal; stop them with `queuectl worker stop`. In the
/// foreground, Ctrl+C lets running jobs finish, and a second one ends them. With --json, a
/// foreground worker prints one JSON object on a line for each thing that happens; with --quiet
/// it tells of trouble with the store only.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Number of background workers [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true,
          value_parser = whole("count", 1, 1000))]
    count: Option<u32>,

    /// Number of jobs that each worker runs at once
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true,
          value_parser = whole("concurrency", 1, 1000))]
    concurrency: u32,

    /// Work in this terminal, and show what happens
    #[arg(short, long)]
    foreground: bool,

    /// End as soon as no job is left that could run (with --foreground)
    #[arg(long)]
    until_idle: bool,
}

/// Starts them.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Box<dyn View>, CliError> {
    if args.foreground {
        foreground(cx, args)
    } else {
        boxed(background(cx, args))
    }
}

fn foreground(cx: &Context<'_>, args: &Args) -> Result<Box<dyn View>, CliError> {
    if args.count.unwrap_or(1) > 1 {
        return Err(CliError::usage(
            "a terminal has room for one worker, so --foreground doesn't go with --count",
            "leave one of them out, or run several jobs at once with --concurrency",
        ));
    }
    let data = cx.data_folder()?;
    let store = cx.store()?;
    let control = Control::new();
    control.heed_signals().map_err(interrupted::no_signals)?;
    let options = Options {
        data,
        id: new_worker_id(),
        slots: args.concurrency,
        until_idle: args.until_idle,
        job_variables: cx.variables_to_hand_on()?,
        guard: Some(guard::launch(cx)?),
    };
    let live = Live::start(cx.console, &options, &control)
        .map_err(|reason| CliError::internal(format!("can't start a thread: {reason}")))?;
    let ran = queuectl_worker::run(store, &options, &control, &live);
    let printed = live.finish();
    let ended = ran
        .map_err(CliError::from)
        .and(printed.map_err(CliError::from));
    match ended {
        Ok(()) => boxed(Ok(Streamed)),
        Err(error) => {
            cx.console.fail_in_time(&error);
            boxed(Ok(Told(error.kind)))
        }
    }
}

impl From<Unprinted> for CliError {
    fn from(unprinted: Unprinted) -> Self {
        let what = match unprinted {
            Unprinted::Gone => "nobody reads what this worker prints",
            Unprinted::Stuck => {
                "nobody reads what this worker prints any more, so its end isn't shown"
            }
        };
        Self::internal(what).with_hint("run it in the background, or let it print to a file")
    }
}

fn background(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    if args.until_idle {
        return Err(CliError::usage(
            "--until-idle is for a worker in the foreground",
            "add --foreground, or leave it out",
        ));
    }
    // What is wrong with the store is told here better than by a worker's log.
    drop(cx.store()?);
    let data = cx.data_folder()?;
    let launch = launch(cx, args)?;
    let count = args.count.unwrap_or(1) as usize;
    let stop = hold_stop().map_err(interrupted::no_signals)?;
    let patience = Patience {
        each: UNTIL_IT_WORKS,
        interrupted: &|| stop.asked(),
    };
    let started = queuectl_worker::start(&data, &launch, count, &patience);
    if let Err(StartError::Interrupted { started }) = started {
        interrupted::remark(cx.console, &stopped_again(started));
        stop.heed();
    }
    let started = started?;
    drop(stop);

    let pids: Vec<u32> = started.iter().map(|worker| worker.pid).collect();
    let ids: Vec<&str> = started.iter().map(|worker| worker.id.as_str()).collect();
    Ok(Done::lines(
        vec![
            format!("Started {} worker(s)", started.len()),
            format!("Worker PIDs: {pids:?}"),
        ],
        json!({ "started": started.len(), "pids": pids, "ids": ids }),
    ))
}

/// What is said when the user has interrupted the start after `started` processes.
fn stopped_again(started: usize) -> String {
    match started {
        0 => "no worker was started".into(),
        1 => "the worker that had been started was stopped".into(),
        many => format!("the {many} workers that had been started were stopped"),
    }
}

/// The command that becomes a worker. The store isn't among its arguments:
/// everybody can read these, and a URL may hold a password.
fn launch(cx: &Context<'_>, args: &Args) -> Result<Launch, CliError> {
    let program = environment::program()?;
    let slots = args.concurrency.to_string();
    let arguments = ["worker", "serve", "--concurrency", &slots];
    Ok(Launch {
        program,
        args: arguments.map(OsString::from).to_vec(),
        env: cx.variables_to_hand_on()?,
    })
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        let hint = match &error {
            StartError::System(_) => "check the data folder, and how many processes you may have",
            StartError::Interrupted { .. } => "run the command again",
            StartError::Died { log, .. } | StartError::Late { log, .. } => {
                let hint = format!("read its log at {}", log.display());
                let died_with = match &error {
                    StartError::Died { code, .. } => *code,
                    _ => None,
                };
                return Self::of_process(died_with, error.to_string(), hint);
            }
        };
        Self::internal(error.to_string()).with_hint(hint)
    }
}
