//! One run of a job: how it went.

use std::fmt;
use std::time::Duration;

use crate::{Fence, InvalidValue, Timeout, Timestamp, WorkerId, measured_text};

/// One run of a job, kept for good.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The claim that this run had, which also names its output.
    pub fence: Fence,
    /// Which attempt it was, the first is 1. A crash or a stop consumes no
    /// attempt and a retry by hand starts over, so a number can come again.
    pub attempt: u32,
    /// Who ran it.
    pub worker: WorkerId,
    /// When it was claimed.
    pub started_at: Timestamp,
    /// When it ended and how; none while it runs.
    pub ended: Option<(Timestamp, Ending)>,
}

/// How an attempt ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Completed,
    /// Another exit code.
    Failed,
    /// Ended by a signal that wasn't ours.
    Killed,
    /// Ran longer than its timeout, and was ended.
    TimedOut,
    /// The operating system couldn't start it.
    NotStarted,
    /// Ended, or never begun, because the user stopped it or its worker, or because its worker was
    /// about to lose its lease.
    Stopped,
    /// Its worker died.
    Crashed,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 7] = [
        Self::Completed,
        Self::Failed,
        Self::Killed,
        Self::TimedOut,
        Self::NotStarted,
        Self::Stopped,
        Self::Crashed,
    ];

    /// The outcome's name in stores and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::TimedOut => "timed_out",
            Self::NotStarted => "not_started",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Outcome {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| InvalidValue(format!("no such outcome: `{}`", text.escape_debug())))
    }
}

/// How an attempt ended, in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// In one word.
    pub outcome: Outcome,
    /// The exit code, if the command exited by itself.
    pub exit_code: Option<i64>,
    /// The signal that killed it, if one did.
    pub signal: Option<i32>,
    /// Why it isn't a success, for people.
    pub error: Option<String>,
    /// How long it ran, by the monotonic clock.
    pub exec_time: Duration,
}

impl Ending {
    /// The command exited by itself. `last_line` is the last it wrote to stderr.
    pub fn exited(code: i64, last_line: Option<&str>, exec_time: Duration) -> Self {
        let (outcome, error) = if code == 0 {
            (Outcome::Completed, None)
        } else {
            let error = format!("Exit code {}", exit_code_text(code));
            let error = with_last_line(error, last_line);
            (Outcome::Failed, Some(error))
        };
        Self {
            outcome,
            exit_code: Some(code),
            signal: None,
            error,
            exec_time,
        }
    }

    /// A signal ended the command. `name` is the signal's, such as `SIGKILL`.
    pub fn killed(
        signal: i32,
        name: Option<&str>,
        last_line: Option<&str>,
        exec_time: Duration,
    ) -> Self {
        let error = match name {
            Some(name) => format!("Killed by signal {signal} ({name})"),
            None => format!("Killed by signal {signal}"),
        };
        let mut ending = Self::other(Outcome::Killed, with_last_line(error, last_line), exec_time);
        ending.signal = Some(signal);
        ending
    }

    /// The command ran longer than it may.
    pub fn timed_out(timeout: Timeout, exec_time: Duration) -> Self {
        let error = format!("Timeout exceeded ({timeout}s)");
        Self::other(Outcome::TimedOut, error, exec_time)
    }

    /// The operating system couldn't start the command, for `reason`.
    pub fn not_started(reason: String) -> Self {
        Self::other(Outcome::NotStarted, reason, Duration::ZERO)
    }

    /// The user stopped the worker before the command had ended.
    pub fn stopped(exec_time: Duration) -> Self {
        Self::other(Outcome::Stopped, "Stopped by the user".into(), exec_time)
    }

    /// The worker couldn't reach the store for so long that another might have taken the job.
    pub fn cut_off(exec_time: Duration) -> Self {
        let error = "Ended since its worker couldn't reach the store";
        Self::other(Outcome::Stopped, error.into(), exec_time)
    }

    /// The worker died while the command ran, some `exec_time` after its start.
    pub fn crashed(exec_time: Duration) -> Self {
        Self::other(Outcome::Crashed, "The worker died".into(), exec_time)
    }

    fn other(outcome: Outcome, error: String, exec_time: Duration) -> Self {
        Self {
            outcome,
            exit_code: None,
            signal: None,
            error: Some(error),
            exec_time,
        }
    }
}

/// An exit code as it is known: small ones by their number, those by which Windows warns or names a fault (an NTSTATUS) in hexadecimal, with
/// what the common ones mean.
pub fn exit_code_text(code: i64) -> String {
    let meaning = match code {
        ..0x8000_0000 => return code.to_string(),
        0x8000_0002 => "misaligned data",
        0x8000_0003 => "breakpoint",
        0xc000_0005 => "access violation",
        0xc000_0017 => "not enough memory",
        0xc000_001d => "illegal instruction",
        0xc000_0094 => "division by zero",
        0xc000_00fd => "stack overflow",
        0xc000_0135 => "a DLL wasn't found",
        0xc000_0139 => "a DLL lacks a function",
        0xc000_013a => "ended by Ctrl+C",
        0xc000_0142 => "a DLL failed to start",
        0xc000_0374 => "damaged heap",
        0xc000_0409 => "damaged stack, or the program gave up",
        _ => return format!("0x{code:08X}"),
    };
    format!("0x{code:08X} ({meaning})")
}

fn with_last_line(error: String, last_line: Option<&str>) -> String {
    match last_line {
        Some(line) => format!("{error}: {line}"),
        None => error,
    }
}

impl fmt::Display for Ending {
    /// One line: the outcome or the error, and how long it took.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.error.as_deref().unwrap_or(self.outcome.as_str());
        write!(f, "{what} after {}", measured_text(self.exec_time))
    }
}
