//! What is said after Ctrl+C.

use crate::console::Console;
use crate::environment;

/// Begins a line of a terminal anew: what the terminal itself has shown there, such as `^C`, goes.
pub(crate) const ANEW: &str = "\r\x1b[K";

/// Says on stderr what an interruption has left.
pub(crate) fn remark(console: &Console, left: &str) {
    if environment::stderr_is_terminal() {
        console.print_error(ANEW);
    }
    console.remark(&format!("interrupted; {left}"));
}
