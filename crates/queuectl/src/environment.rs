//! What surrounds the process: variables, folders, terminals. The only room that asks.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use crate::error::CliError;

/// The variables that mean something here. An empty one counts as not set.
pub(crate) struct Environment {
    /// `QUEUECTL_DB`: which store.
    pub(crate) db: Option<OsString>,
    /// `QUEUECTL_HOME`: instead of `~/.queuectl`.
    pub(crate) home: Option<OsString>,
    /// `QUEUECTL_WORKER_ID`: the worker whose job calls us, if one does.
    pub(crate) worker: Option<OsString>,
    /// Whether colour isn't wanted (`NO_COLOR`) or possible (`TERM=dumb`).
    pub(crate) plain: bool,
}

impl Environment {
    /// Reads them.
    pub(crate) fn read() -> Self {
        Self {
            db: variable("QUEUECTL_DB"),
            home: variable("QUEUECTL_HOME"),
            worker: variable("QUEUECTL_WORKER_ID"),
            plain: variable("NO_COLOR").is_some()
                || variable("TERM").is_some_and(|it| it == "dumb"),
        }
    }
}

/// What the environment says of servers: `PG…` as for `psql`, and where the user's settings are.
pub(crate) fn for_servers(name: &str) -> Option<OsString> {
    variable(name).or_else(|| match name {
        "HOME" => user_home().map(OsString::from),
        _ => None,
    })
}

#[expect(clippy::disallowed_methods, reason = "this is the environment's room")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The command line, the program's own name first.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The folder that commands are given in.
pub(crate) fn current_dir() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// The user's home.
pub(crate) fn user_home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// This program's file.
pub(crate) fn program() -> Result<PathBuf, CliError> {
    std::env::current_exe()
        .map_err(|reason| CliError::internal(format!("can't tell where this program is: {reason}")))
}

/// Whether people read what is printed.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether people read the errors.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether there is someone to ask.
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// How many columns the terminal has; none if stdout isn't one.
pub(crate) fn width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
}
