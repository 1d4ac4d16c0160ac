//! What the Python program's error messages tell: how an attempt ended, and what it wrote to stderr.

use std::time::Duration;

use queuectl_domain::{Ending, Outcome, Timeout};

/// How a failed attempt ended, and what of its stderr was kept.
pub(super) fn read(
    message: Option<&str>,
    timeout: Timeout,
    exec_time: Duration,
) -> (Ending, Option<&str>) {
    let message = message.map_or("", str::trim);
    if let Some((code, stderr)) = exit_code(message) {
        let last_line = stderr.and_then(|stderr| stderr.lines().last());
        return (Ending::exited(code, last_line, exec_time), stderr);
    }
    if message.starts_with("Timeout exceeded") {
        let ending = Ending {
            error: Some(message.to_owned()),
            ..Ending::timed_out(timeout, exec_time)
        };
        return (ending, None);
    }
    let (outcome, error) = match message.strip_prefix("Exception: ") {
        Some(reason) => (Outcome::NotStarted, reason),
        None if message.is_empty() => (Outcome::Failed, "It isn't known why it failed"),
        None => (Outcome::Failed, message),
    };
    let ending = Ending {
        outcome,
        exit_code: None,
        signal: None,
        error: Some(error.to_owned()),
        exec_time,
    };
    (ending, None)
}

/// Reads `Exit code 7` and `Exit code 7: what it wrote to stderr`.
fn exit_code(message: &str) -> Option<(i64, Option<&str>)> {
    let rest = message.strip_prefix("Exit code ")?;
    let (code, stderr) = match rest.split_once(": ") {
        Some((code, stderr)) => (code, Some(stderr)),
        None => (rest, None),
    };
    let code = code.parse().ok().filter(|code| *code != 0)?;
    Some((code, stderr.filter(|stderr| !stderr.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: Option<&str>) -> (Outcome, Option<i64>, String, Option<&str>) {
        let (ending, stderr) = read(message, Timeout::from(Duration::ZERO), Duration::ZERO);
        let error = ending.error.unwrap();
        (ending.outcome, ending.exit_code, error, stderr)
    }

    #[test]
    fn each_message_says_how_it_ended() {
        use Outcome::{Failed, NotStarted, TimedOut};
        let unknown = "It isn't known why it failed";
        for (message, outcome, code, error, stderr) in [
            ("Exit code 7", Failed, Some(7), "Exit code 7", None),
            (
                "Exit code 1: one\ntwo: three",
                Failed,
                Some(1),
                "Exit code 1: two: three",
                Some("one\ntwo: three"),
            ),
            ("Exit code -9", Failed, Some(-9), "Exit code -9", None),
            ("Exit code 0", Failed, None, "Exit code 0", None),
            (
                "Timeout exceeded (5s)",
                TimedOut,
                None,
                "Timeout exceeded (5s)",
                None,
            ),
            (
                "Exception: no such file",
                NotStarted,
                None,
                "no such file",
                None,
            ),
            ("who knows", Failed, None, "who knows", None),
            ("", Failed, None, unknown, None),
        ] {
            let expected = (outcome, code, error.to_owned(), stderr);
            assert_eq!(said(Some(message)), expected, "{message}");
        }
        assert_eq!(said(None).2, unknown);
    }
}
