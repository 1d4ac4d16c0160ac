//! `queuectl`: arguments in, views out. A library only so that what reads the text of others, and what shows it, can be held
//! against random text; the program is [`main`].
//!
//! A command returns what it shows; the console shows it, as a table or as
//! JSON. Nothing else in this crate prints, but for the bar of `progress.rs`,
//! and only `environment.rs` asks what surrounds the process.

mod cli;
mod commands;
mod console;
mod context;
mod environment;
mod error;
pub mod exposed;
mod interrupted;
mod live;
mod missing;
mod near;
mod progress;
mod usage;
mod views;

use std::process::ExitCode;

use clap::FromArgMatches as _;

use crate::cli::{Cli, Hints};
use crate::console::Console;
use crate::context::Context;
use crate::environment::Environment;

/// The program.
pub fn main() -> ExitCode {
    queuectl_worker::set_up_process();
    let environment = Environment::read();
    let arguments = environment::arguments();

    // What can't be parsed has to be told in the form that was asked for.
    let hints = Hints::of(&arguments);
    let early = Console::new(&environment, hints.json, hints.color, false);
    let parsed = cli::command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage::report(&early, &arguments, &error),
    };

    let global = cli.global;
    let console = Console::new(&environment, global.json, global.color, global.quiet);
    let context = Context::new(&environment, &console, &global);
    match commands::run(&context, cli.command) {
        Ok(view) => console.show(view.as_ref()),
        Err(error) => console.fail(&error),
    }
}
