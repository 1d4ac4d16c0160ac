//! `queuectl worker`: the processes that run jobs.

mod forget;
mod guard;
mod list;
mod serve;
mod start;
mod stop;

use super::{boxed, whole};
use crate::context::Context;
use crate::error::CliError;
use crate::views::View;

const EXAMPLES: &str = "\
Examples:
  queuectl worker start --count 2
  queuectl worker list
  queuectl worker stop";

/// What to do with workers.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Start(start::Args),
    Stop(stop::Args),
    List(list::Args),
    Forget(forget::Args),
    #[command(hide = true)]
    Serve(serve::Args),
    #[command(hide = true)]
    Guard(guard::Args),
}

/// Does it.
pub(crate) fn run(cx: &Context<'_>, command: Command) -> Result<Box<dyn View>, CliError> {
    match command {
        Command::Start(args) => start::run(cx, &args),
        Command::Stop(args) => boxed(stop::run(cx, &args)),
        Command::List(args) => boxed(list::run(cx, &args)),
        Command::Forget(args) => boxed(forget::run(cx, &args)),
        Command::Serve(args) => boxed(serve::run(cx, args)),
        Command::Guard(args) => boxed(guard::run(cx, &args)),
    }
}
