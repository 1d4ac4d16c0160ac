//! `queuectl backup`: a copy of the store, made while workers run.

use std::path::PathBuf;
use std::sync::Arc;

use queuectl_store::{BackupTo, Interrupted, Progress, StoreError};
use queuectl_worker::hold_stop;
use serde_json::json;

use crate::console::Console;
use crate::context::Context;
use crate::environment;
use crate::error::CliError;
use crate::interrupted;
use crate::views::Done;

const EXAMPLES: &str = "\
Examples:
  queuectl backup queue.backup
  queuectl backup --force /mnt/nas/queue.backup

To put it to use: stop the workers, put it in the place of the store, remove the files beside it that end
in -wal and -shm. What ran when it was made runs again.";

/// Write a copy of the store to a file, while workers run
///
/// The copy is of one moment, checked, on disk when the command returns, and there whole or not at all.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// Makes it.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    if args.file.as_os_str() == "-" {
        return Err(CliError::usage(
            "a backup can't be written to stdout, only to a file",
            "give its path; a file that is called `-` is `./-`",
        ));
    }
    let location = cx.location()?;
    let mut store = cx.store_that_is_there()?;
    let stop = hold_stop().map_err(interrupted::no_signals)?;
    let stop = Arc::new(stop);
    let asked = Arc::clone(&stop);
    let to = BackupTo {
        path: &args.file,
        replace: args.force,
        interrupted: Interrupted::when(move || asked.asked()),
    };
    let bar = Bar::new(cx.console);
    let mut bytes = 0;
    let written = store.backup(&to, &mut |progress| {
        bytes = progress.total;
        bar.show(progress);
    });
    drop(bar);
    if let Err(StoreError::Interrupted) = written {
        if !cx.console.quiet() {
            interrupted::remark(cx.console, "no backup was written");
        }
        stop.heed();
    }
    written?;
    let path = args.file.display().to_string();
    Ok(Done::new(
        format!("Backed up {location} to {path}"),
        json!({ "path": path, "bytes": bytes }),
    ))
}

/// How far it has come, on one line of a terminal, which is cleared in the end.
struct Bar<'a>(Option<&'a Console>);

impl<'a> Bar<'a> {
    fn new(console: &'a Console) -> Self {
        let seen = environment::stderr_is_terminal() && !console.json() && !console.quiet();
        Self(seen.then_some(console))
    }

    fn show(&self, progress: Progress) {
        if let Some(console) = self.0 {
            let percent = progress.done * 100 / progress.total.max(1);
            let total = progress.total >> 20;
            console.print_error(&format!("\r{percent:3} % of {total} MiB"));
        }
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let Some(console) = self.0 {
            console.print_error("\r\x1b[K");
        }
    }
}
