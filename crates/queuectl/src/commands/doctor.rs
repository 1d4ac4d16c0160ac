//! `queuectl doctor`: whether all is well, and what to do where it isn't.

use queuectl_store::{ErrorKind, Store, StoreError};
use queuectl_worker::{Diagnosis, Examined, Subject};

use crate::context::Context;
use crate::error::CliError;
use crate::missing;
use crate::views::Checkup;

const EXAMPLES: &str = "\
Examples:
  queuectl doctor
  queuectl doctor --fix
  queuectl doctor --json | jq '.checks[] | select(.ok | not)'

Exit codes:
  0 all is well, or was mended; 4 something isn't as it should be;
  5 the store can't be opened; 6 the store, or what it holds, is damaged";

/// Check the store, its workers and their files, and mend what can be mended
///
/// Workers may go on meanwhile. A store that is damaged in itself is left as it is: nothing that is deleted
/// makes it whole.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Mend what can be mended
    #[arg(long)]
    fix: bool,
}

/// Looks at everything, from the outside in: what keeps the store from being opened is mended first.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Checkup, CliError> {
    let fix = args.fix;
    let location = cx.location()?;
    let permissions = queuectl_worker::permissions(&cx.data_path()?, &location, fix);
    let may_be_seen = permissions.findings.iter().all(Diagnosis::is_mended);
    let mut checkup = Checkup::new(vec![permissions], location.to_string());
    let mut store = match missing::open_existing(&location) {
        Ok(store) => store,
        Err(StoreError::Missing(_)) if cx.is_default() => {
            if may_be_seen {
                checkup.there_is_none();
            }
            return Ok(checkup);
        }
        Err(error) => {
            let error = missing::said(&location, error);
            checkup.add(found(Subject::Store, &error), error.kind);
            return Ok(checkup);
        }
    };
    checkup.add(
        Examined {
            subject: Subject::Store,
            findings: Vec::new(),
        },
        ErrorKind::Unavailable,
    );
    look_inside(cx, &mut *store, fix, &mut checkup)?;
    Ok(checkup)
}

/// What can't be looked at, and why.
fn found(subject: Subject, error: &CliError) -> Examined {
    let remedy = error.hint.clone().unwrap_or_default();
    Examined {
        subject,
        findings: vec![Diagnosis::left(error.message.clone(), remedy)],
    }
}

fn look_inside(
    cx: &Context<'_>,
    store: &mut dyn Store,
    fix: bool,
    checkup: &mut Checkup,
) -> Result<(), CliError> {
    let data = match cx.data_folder_to_look_at() {
        Ok(data) => data,
        Err(error) => {
            checkup.add(found(Subject::Files, &error), error.kind);
            return Ok(());
        }
    };
    for examined in queuectl_worker::store(store, &data, fix)? {
        let kind = if examined.subject.is_content() {
            ErrorKind::Corrupt
        } else {
            ErrorKind::Conflict
        };
        checkup.add(examined, kind);
    }
    // Of a damaged store it can't be told whom it knows.
    if checkup.has(Subject::Workers) {
        let known = store.workers()?;
        let files = queuectl_worker::files(&data, store.file(), &known, fix);
        checkup.add(files, ErrorKind::Conflict);
    }
    Ok(())
}
