//! What is shown after Ctrl+C, or if it can't be heard.

use std::io;

use crate::console::Console;
use crate::environment;
use crate::error::CliError;

/// Clears the terminal's current line, where it may show `^C`.
pub(crate) const ANEW: &str = "\r\x1b[K";

/// The error if the system doesn't let this process hear signals.
pub(crate) fn no_signals(reason: io::Error) -> CliError {
    CliError::system("can't listen for signals", &reason)
}

/// Says on stderr that the command was interrupted, and what has become of its work.
pub(crate) fn remark(console: &Console, left: &str) {
    if environment::stderr_is_terminal() {
        console.print_error(ANEW);
    }
    console.remark(&format!("interrupted; {left}"));
}
