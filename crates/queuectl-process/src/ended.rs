//! How an attempt ended, and in plain words why one could not begin.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Program, Unable};

/// The end of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// In which way.
    pub how: How,
    /// From the start of the command to the end of its leader, by the monotonic clock.
    pub elapsed: Duration,
}

/// The way an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// By itself, with this exit code.
    Exited(i64),
    /// By a signal that was not ours.
    Signaled {
        /// Its number.
        signal: i32,
        /// Whether the system wrote a core file.
        core_dumped: bool,
    },
    /// It ran longer than its timeout and was ended.
    TimedOut,
    /// It was ended because the stop signal was given.
    Stopped,
    /// It never ran.
    NotStarted(StartError),
    /// It has ended, but its exit status is lost: this process ignores SIGCHLD, or another part of it
    /// has waited for the child. That says nothing about the command.
    /// [`os::set_up_process`](crate::os::set_up_process) prevents the first.
    Unknown,
}

/// Why a command could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// No directory of PATH has such a program.
    #[error("can't start `{program}`: not found in PATH")]
    NotInPath {
        /// As it was asked for.
        program: String,
    },
    /// The path of the program leads nowhere.
    #[error("can't start `{program}`: no such file")]
    NoSuchFile {
        /// As it was asked for.
        program: String,
    },
    /// The file is there, but the interpreter or loader that it names is not.
    #[error("can't start `{program}`: the interpreter it names doesn't exist")]
    NoInterpreter {
        /// As it was asked for.
        program: String,
    },
    /// The file is there, but may not be executed.
    #[error("can't start `{program}`: not executable ({reason})")]
    NotExecutable {
        /// As it was asked for.
        program: String,
        /// In the operating system's words.
        reason: String,
    },
    /// The program that a script's first line names can't be started.
    #[error("can't start `{program}`, which the script's first line names: {reason}")]
    Interpreter {
        /// The program, as it is named there.
        program: String,
        /// Why, in plain words.
        reason: String,
    },
    /// The working directory can't be entered.
    #[error("can't start in `{}`: {reason}", cwd.display())]
    Directory {
        /// The directory.
        cwd: PathBuf,
        /// In plain words.
        reason: String,
    },
    /// The arguments and the environment are more than the system takes.
    #[error("can't start `{program}`: argument list too long")]
    TooLong {
        /// As it was asked for.
        program: String,
    },
    /// Its shell takes no line as long as this.
    #[error("can't start `{program}`: it takes lines of {longest} characters at most")]
    LongLine {
        /// The shell.
        program: String,
        /// The longest that it takes.
        longest: usize,
    },
    /// What is given to a batch file is read once more, by `cmd`, and some of it can't be written for that.
    #[error("can't start `{program}`: a batch file takes no argument with a line break")]
    Batch {
        /// As it was asked for.
        program: String,
    },
    /// A NUL byte can't be passed to a program.
    #[error("can't start `{program}`: a NUL byte in the command, an argument or the environment")]
    Nul {
        /// As it was asked for.
        program: String,
    },
    /// There is no program to start.
    #[error("can't start: the command is empty")]
    Empty,
    /// Nothing is wrong with the command: no other could be started now, either.
    #[error(transparent)]
    Unable(#[from] Unable),
    /// Anything else.
    #[error("can't start `{program}`: {reason}")]
    Other {
        /// As it was asked for.
        program: String,
        /// In the operating system's words.
        reason: String,
    },
}

impl StartError {
    /// Returns the same error, but if `what` is a script, says that the script names the program: the user
    /// didn't.
    pub(crate) fn of(self, what: &Program) -> Self {
        let Program::Script { .. } = what else {
            return self;
        };
        let (program, reason) = match self {
            Self::NotInPath { program } => (program, "not found in PATH".to_owned()),
            Self::NoSuchFile { program } => (program, "no such file".to_owned()),
            Self::NotExecutable { program, reason } => {
                (program, format!("not executable ({reason})"))
            }
            other => return other,
        };
        Self::Interpreter { program, reason }
    }
}
