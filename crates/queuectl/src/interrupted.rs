//! What is shown after Ctrl+C.

use crate::console::Console;
use crate::environment;

/// Clears the terminal's current line, where it may show `^C`.
pub(crate) const ANEW: &str = "\r\x1b[K";

/// Says on stderr that the command was interrupted, and what has become of its work.
pub(crate) fn remark(console: &Console, left: &str) {
    if environment::stderr_is_terminal() {
        console.print_error(ANEW);
    }
    console.remark(&format!("interrupted; {left}"));
}
