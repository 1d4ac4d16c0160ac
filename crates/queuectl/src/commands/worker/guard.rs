//! `queuectl worker guard`: ends what a worker runs if the worker can't. Not for people.

use std::ffi::OsString;

use queuectl_domain::WorkerId;
use queuectl_worker::{Control, Launch, leave_terminal};

use crate::context::Context;
use crate::environment;
use crate::error::CliError;
use crate::interrupted::no_signals;
use crate::views::Streamed;

/// Be the guard of a worker
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The worker's name
    #[arg(long)]
    id: WorkerId,
}

/// Guards until the worker has ended.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Streamed, CliError> {
    leave_terminal()
        .map_err(|reason| CliError::internal(format!("can't leave the terminal: {reason}")))?;
    // Whoever asks all processes of this program to stop means the worker: the guard goes after it.
    Control::new().heed_signals().map_err(no_signals)?;
    queuectl_worker::guard(&cx.data_folder()?, &args.id, std::io::stdin())
        .map_err(|reason| CliError::internal(format!("can't end what was left: {reason}")))?;
    Ok(Streamed)
}

/// The command that becomes a guard.
pub(super) fn launch(cx: &Context<'_>) -> Result<Launch, CliError> {
    Ok(Launch {
        program: environment::program()?,
        args: ["worker", "guard"].map(OsString::from).to_vec(),
        env: vec![("QUEUECTL_HOME".into(), cx.home()?.into())],
    })
}
