//! What a process inherits, and what it passes on. That concerns a whole process, so each test runs
//! this binary again.
#![allow(clippy::unwrap_used, reason = "all of it is test")]

#[path = "../support/mod.rs"]
mod support;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::process::Command;

#[cfg(unix)]
use unix::play;
#[cfg(windows)]
use windows::play;

const ROLE: &str = "INHERITED_TEST_ROLE";

/// Not a test of its own: what the helper process does. Without its variable there is nothing to do.
#[test]
fn helper() {
    #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
    if let Ok(role) = std::env::var(ROLE) {
        play(&role);
    }
}

/// A helper process with this role.
fn helper_with(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "helper", "--nocapture"])
        .env(ROLE, role);
    command
}

/// Plays a role to its end, in a process of its own.
#[track_caller]
fn as_helper(role: &str) {
    let output = helper_with(role).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
