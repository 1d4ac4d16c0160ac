//! `queuectl copy`: a whole store into another, such as from a file to a server.

use std::ffi::OsString;

use queuectl_domain::{Key, Settings, State};
use queuectl_store::{Counts, Existing, Location, Options, Store, StoreError, open};
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::missing;
use crate::progress::Progress;
use crate::views::Done;

const EXAMPLES: &str = "\
Examples:
  queuectl copy --from ~/.queuectl/data/queuectl.db --to postgres://queue@db.example/jobs
  queuectl copy --from postgres://queue@db.example/jobs --to /backup/jobs.db

Others can read what is on a command line. Leave the password out of it, and in PGPASSWORD or ~/.pgpass.";

/// Jobs go over in pieces of so many, each whole.
const AT_ONCE: usize = 200;

/// Copy all jobs, with their attempts and output, and the settings into another store
///
/// Both may be files or servers. No worker may be at work on either. What runs again after it was broken off goes on where it
/// was: jobs that are there already, by their ids, are passed over.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The store that is copied: a path or a URL
    #[arg(long, value_name = "STORE")]
    from: OsString,

    /// The store that it is copied into; made if there is none
    #[arg(long, value_name = "STORE")]
    to: OsString,
}

/// Copies it.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Done, CliError> {
    let (from, to) = (cx.location_of(&args.from)?, cx.location_of(&args.to)?);
    let mut old = missing::open_existing(&from).map_err(|error| missing::said(&from, error))?;
    let mut new = open(&to, &Options::default())?;
    // They may have been named in two ways.
    if old.identity()? == new.identity()? {
        return Err(CliError::usage(
            format!("can't copy {from} into itself"),
            "name two stores",
        ));
    }
    let at_work = workers(&mut *old, &from)?.or(workers(&mut *new, &to)?);
    if let Some(found) = at_work {
        return Err(CliError::conflict(
            found,
            "stop them there with `queuectl worker stop --all`; `queuectl worker list` shows them",
        ));
    }
    copy_settings(&old.settings()?, &mut *new)?;
    // An id that was given once there isn't given to another job here, though its own be gone.
    new.make_ids_after(old.last_id_number()?)?;
    let before = old.counts()?;
    let total = before.total();
    let progress = Progress::new(cx.console, "copying", Some(total));
    let (mut after, mut seen, mut copied) = (i64::MIN, 0, 0);
    loop {
        let some = old.export(after, AT_ONCE)?;
        // Looked for after each piece was read, and so after the last was written, too.
        let at_work = workers(&mut *old, &from)?.or(workers(&mut *new, &to)?);
        if let Some(found) = at_work {
            return Err(CliError::conflict(
                format!("{found}, so the copy was broken off after {copied} job(s)"),
                "what is copied already may have run since: stop them, and copy into a new store",
            ));
        }
        let Some((last, _)) = some.last() else {
            break;
        };
        after = *last;
        seen += some.len() as u64;
        let histories = some.into_iter().map(|(_, history)| history).collect();
        copied += new.import(histories, Existing::Skipped)?.ids.len() as u64;
        progress.at(seen, copied);
    }
    drop(progress);
    if has_moved(&before, &old.counts()?) {
        return Err(CliError::conflict(
            format!("jobs of {from} have changed while they were copied"),
            "what is copied may be older than that: copy into a new store",
        ));
    }
    let passed_over = seen - copied;
    let mut lines = vec![format!("Copied {copied} job(s) from {from} to {to}")];
    if passed_over > 0 {
        lines.push(format!(
            "Passed over {passed_over} job(s) that were there already"
        ));
    }
    Ok(Done::lines(
        lines,
        json!({
            "from": from.to_string(), "to": to.to_string(), "copied": copied, "passed_over": passed_over,
        }),
    ))
}

/// Says so if workers are at work on a store.
fn workers(store: &mut dyn Store, location: &Location) -> Result<Option<String>, StoreError> {
    let count = queuectl_worker::at_work(store)?.len();
    Ok((count > 0).then(|| format!("there are {count} worker(s) at work on {location}")))
}

/// Whether jobs have run, or were changed in other ways, between two counts. That some came is no matter.
fn has_moved(before: &Counts, after: &Counts) -> bool {
    let mut states = State::ALL.into_iter();
    states.any(|state| match state {
        State::Pending => after.of(state) < before.of(state),
        _ => after.of(state) != before.of(state),
    })
}

/// What was set there is set here.
fn copy_settings(old: &Settings, new: &mut dyn Store) -> Result<(), StoreError> {
    let built_in = Settings::default();
    for key in Key::ALL {
        if old.get(key) != built_in.get(key) {
            new.set(key, &old.get(key))?;
        }
    }
    Ok(())
}
