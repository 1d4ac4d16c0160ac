//! `queuectl worker serve`: what a background worker runs. Not for people.

use queuectl_domain::WorkerId;
use queuectl_worker::{
    Control, Happening, LogFile, Observer, Options, READY, RunError, leave_folder, leave_terminal,
};

use super::{guard, whole};
use crate::console::Console;
use crate::context::Context;
use crate::error::CliError;
use crate::interrupted::no_signals;
use crate::views::Streamed;

/// Be a background worker
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The worker's name
    #[arg(long)]
    id: WorkerId,

    /// How many jobs it runs at once
    #[arg(long, default_value_t = 1, value_parser = whole("concurrency", 1, 1000))]
    concurrency: u32,
}

/// Works until it is stopped.
pub(crate) fn run(cx: &Context<'_>, args: Args) -> Result<Streamed, CliError> {
    leave_terminal()
        .map_err(|reason| CliError::internal(format!("can't leave the terminal: {reason}")))?;
    let control = Control::new();
    control.heed_signals().map_err(no_signals)?;
    let data = cx.data_folder()?;
    let log = LogFile::open(data.log(&args.id))
        .map_err(|reason| CliError::system("can't write the log", &reason))?;
    let store = cx.store()?;
    queuectl_worker::enlist(&data, &args.id, &cx.location()?)
        .map_err(|reason| CliError::system("can't write workers.json", &reason))?;
    let guard = guard::launch(cx)?;
    leave_folder(&data).map_err(|reason| {
        CliError::internal(format!("can't change to the data folder: {reason}"))
    })?;
    let options = Options {
        data,
        id: args.id,
        slots: args.concurrency,
        until_idle: false,
        job_variables: cx.variables_to_hand_on()?,
        guard: Some(guard),
    };
    let console = cx.console;
    queuectl_worker::run(store, &options, &control, &Background { console, log })?;
    Ok(Streamed)
}

/// Tells the starter when the worker works, and the log all the rest.
struct Background<'a> {
    console: &'a Console,
    log: LogFile,
}

impl Observer for Background<'_> {
    fn notice(&self, happening: &Happening<'_>) {
        self.log.notice(happening);
        if let Happening::WorkerStarted { .. } = happening {
            // A starter that has gone doesn't wait for it; the worker works all the same.
            let _ = self.console.try_print(&format!("{READY}\n"));
        }
    }
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) | RunError::GaveUp(error) => error.into(),
            RunError::Displaced(_) => Self::unavailable(
                error.to_string(),
                "see what is there now with `queuectl doctor`, and start workers anew",
            ),
            RunError::System { what, source } => Self::system(what, &source),
        }
    }
}
