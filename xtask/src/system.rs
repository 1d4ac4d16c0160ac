//! Which kind of system a chore runs on, as far as chores care.

use std::env::consts::OS;
use std::process::{Command, Stdio};

/// A kind of system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// Linux with Debian's package manager.
    Debian,
    /// Any other Linux or Unix.
    OtherUnix,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// The system that this program runs on.
    pub(crate) fn here() -> Self {
        match OS {
            "windows" => Self::Windows,
            "macos" => Self::MacOs,
            _ if answers("apt-get", &["--version"]) => Self::Debian,
            _ => Self::OtherUnix,
        }
    }
}

/// Whether a program is there and ends with success. What it prints is not shown.
pub(crate) fn answers(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args);
    command.stdin(Stdio::null());
    command.stdout(Stdio::null());
    command.stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
