//! `queuectl status`: how many jobs and workers there are.

use std::path::Path;

use queuectl_store::Location;
use queuectl_worker::{Liveness, liveness};

use crate::context::Context;
use crate::environment;
use crate::error::CliError;
use crate::views::Status;

const EXAMPLES: &str = "\
Examples:
  queuectl status
  queuectl status --json | jq .pending";

/// Show how many jobs and workers there are
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

/// Counts them.
pub(crate) fn run(cx: &Context<'_>, _: &Args) -> Result<Status, CliError> {
    let mut store = cx.store()?;
    let counts = store.counts()?;
    let workers = store.workers()?;
    let living = workers
        .iter()
        .filter(|info| !matches!(liveness(info), Liveness::Dead | Liveness::Lapsed));
    let location = cx.location()?;
    Ok(Status {
        counts,
        workers: living.count() as u64,
        short_database: shortened(&location),
        database: location.to_string(),
    })
}

/// The location with `~` for the user's home, as the user would write it.
fn shortened(location: &Location) -> String {
    let Location::Sqlite(path) = location else {
        return location.to_string();
    };
    let home = environment::user_home();
    match home
        .as_deref()
        .and_then(|home| path.strip_prefix(home).ok())
    {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => location.to_string(),
    }
}
