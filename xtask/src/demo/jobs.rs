//! The commands of the demo's jobs, in the language of each system's shell.

use std::env::consts::OS;

/// The file that [`notes`] writes to.
pub(super) const NOTES: &str = "order.txt";

/// Adds `word` to a file.
pub(super) fn notes(word: &str) -> String {
    format!("echo {word}>> {NOTES}")
}

/// Fails, until it is run for the third time.
pub(super) fn flaky() -> &'static str {
    by_shell(
        "echo attempt $QUEUECTL_ATTEMPT; test $QUEUECTL_ATTEMPT = 3",
        "echo attempt %QUEUECTL_ATTEMPT%& if not %QUEUECTL_ATTEMPT%==3 exit 1",
    )
}

/// Takes more than a second.
pub(super) fn slow() -> &'static str {
    by_shell(
        "sleep 2; echo done at last",
        "ping -n 3 127.0.0.1 >nul& echo done at last",
    )
}

fn by_shell(sh: &'static str, cmd: &'static str) -> &'static str {
    if OS == "windows" { cmd } else { sh }
}
