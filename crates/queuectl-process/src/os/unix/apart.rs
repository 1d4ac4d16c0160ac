//! Processes that don't end with the command that has started them: background workers and their guards.
//!
//! A command's descendants end with it, even if they hide. A worker that a command starts in the background is meant to outlive the
//! command. A variable in the worker's environment says so; commands don't inherit that variable.

use std::process::Command;
#[cfg(target_os = "linux")]
use std::slice;
#[cfg(target_os = "linux")]
use std::sync::OnceLock;

#[cfg(target_os = "linux")]
use crate::Tag;
#[cfg(target_os = "linux")]
use crate::os::native;

/// The variable that marks such a process.
pub(super) const APART: &str = "QUEUECTL_APART";

/// Makes the process that `command` starts outlive the command that we belong to, if we belong to one.
pub fn set_apart(command: &mut Command) {
    command.env(APART, "1");
}

/// Returns true if a process was started to outlive the command that started it.
#[cfg(target_os = "linux")]
pub(in crate::os) fn is_apart(pid: u32) -> bool {
    static TAG: OnceLock<Tag> = OnceLock::new();
    let tag = TAG.get_or_init(|| Tag {
        name: APART.to_owned(),
        value: "1".to_owned(),
    });
    native::has_tag(pid, slice::from_ref(tag))
}
