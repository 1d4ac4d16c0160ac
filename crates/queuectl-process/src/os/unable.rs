//! Errors of a start that say nothing about the command, in words.

use std::io;
use std::path::Path;

use super::plain::plain;
use super::system::lacks;
use crate::{StartError, Step, Unable};

/// Returns true if something failed because this machine or this process has no room for it. Such an error says nothing about
/// the file or process that was looked at.
pub fn is_out_of_room(error: &io::Error) -> bool {
    lacks(error).is_some()
}

/// The error for a failed step that is the same for every command.
pub(super) fn no_process(error: &io::Error) -> StartError {
    let why = lacks(error).unwrap_or("no process can be started");
    unable(Step::Process, why, error)
}

/// The error for a failed step that uses the command's folder or program. `None` if that may be to blame.
pub(super) fn no_room(error: &io::Error) -> Option<StartError> {
    lacks(error).map(|why| unable(Step::Process, why, error))
}

/// The error for a script that couldn't be written to `scratch`, which is our own folder.
pub(super) fn no_script(scratch: &Path, error: &io::Error) -> StartError {
    let why = format!(
        "the script of a command can't be written to `{}`",
        scratch.display()
    );
    unable(Step::Script, &why, error)
}

fn unable(step: Step, why: &str, error: &io::Error) -> StartError {
    let reason = format!("{why}: {}", plain(error));
    Unable { step, reason }.into()
}
