//! The commands: one file each, with its options, its help and what it does.

mod backup;
mod clear;
mod config;
mod copy;
mod dequeue;
mod dlq;
mod doctor;
mod enqueue;
mod import_legacy;
mod list;
mod show;
mod status;
mod stop;
mod worker;

pub(crate) use enqueue::{Folders, Form, Reader};

use crate::context::Context;
use crate::error::CliError;
use crate::views::View;

/// What to do. What help says of a command stands with its arguments.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Enqueue(enqueue::Args),
    /// Start, stop and list the workers that run jobs
    #[command(subcommand)]
    Worker(worker::Command),
    Status(status::Args),
    List(list::Args),
    Show(show::Args),
    /// List, retry and clear dead jobs (the dead letter queue)
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// Show and change the settings of the store
    #[command(subcommand)]
    Config(config::Command),
    Stop(stop::Args),
    Dequeue(dequeue::Args),
    Clear(clear::Args),
    Doctor(doctor::Args),
    Backup(backup::Args),
    Copy(copy::Args),
    ImportLegacy(import_legacy::Args),
}

/// Does it.
pub(crate) fn run(cx: &Context<'_>, command: Command) -> Result<Box<dyn View>, CliError> {
    match command {
        Command::Enqueue(args) => enqueue::run(cx, args),
        Command::Worker(command) => worker::run(cx, command),
        Command::Status(args) => boxed(status::run(cx, &args)),
        Command::List(args) => boxed(list::run(cx, &args)),
        Command::Show(args) => boxed(show::run(cx, &args)),
        Command::Dlq(command) => dlq::run(cx, command),
        Command::Config(command) => config::run(cx, command),
        Command::Stop(args) => boxed(stop::run(cx, args)),
        Command::Dequeue(args) => boxed(dequeue::run(cx, &args)),
        Command::Clear(args) => boxed(clear::run(cx, &args)),
        Command::Doctor(args) => boxed(doctor::run(cx, &args)),
        Command::Backup(args) => boxed(backup::run(cx, &args)),
        Command::Copy(args) => boxed(copy::run(cx, &args)),
        Command::ImportLegacy(args) => boxed(import_legacy::run(cx, &args)),
    }
}

/// Whatever a command shows, as something to be shown.
fn boxed<V: View + 'static>(result: Result<V, CliError>) -> Result<Box<dyn View>, CliError> {
    Ok(Box::new(result?))
}

/// A number on the command line that isn't what it should be.
#[derive(Debug, thiserror::Error)]
#[error("{what} must be a whole number from {least} to {most}, not `{}`", .given.escape_debug())]
pub(crate) struct NotWhole {
    what: &'static str,
    least: u32,
    most: u32,
    given: String,
}

/// Reads a whole number from `least` to `most`.
fn whole(
    what: &'static str,
    least: u32,
    most: u32,
) -> impl Fn(&str) -> Result<u32, NotWhole> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.trim().parse().ok();
        let fits = number.filter(|number| (least..=most).contains(number));
        fits.ok_or_else(|| NotWhole {
            what,
            least,
            most,
            given: text.to_owned(),
        })
    }
}
