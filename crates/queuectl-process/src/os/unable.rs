//! Errors of a start that say nothing of the command, in words.

use std::io;
use std::path::Path;

use super::plain::plain;
use super::system::lacks;
use crate::{StartError, Step, Unable};

/// Whether something failed since this machine or this process has no room for it: nothing can be told from that of what was
/// looked at.
pub fn is_out_of_room(error: &io::Error) -> bool {
    lacks(error).is_some()
}

/// A step failed that is the same for every command.
pub(super) fn no_process(error: &io::Error) -> StartError {
    let why = lacks(error).unwrap_or("no process can be started");
    unable(Step::Process, why, error)
}

/// A step failed in which the command has a part. None if that is why.
pub(super) fn no_room(error: &io::Error) -> Option<StartError> {
    lacks(error).map(|why| unable(Step::Process, why, error))
}

/// A script could not be written to this folder, which is ours.
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
