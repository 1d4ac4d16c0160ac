//! What to run, and who wants to hear of it. Only data and one trait; nothing here starts anything.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Everything needed to start one command.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The command itself.
    pub program: Program,
    /// The directory it runs in.
    pub cwd: PathBuf,
    /// Variables added to the inherited environment, of which PWD is set to `cwd`.
    pub env: Vec<(OsString, OsString)>,
    /// How long it may run; `None` is no limit.
    pub timeout: Option<Duration>,
    /// How long the tree may take to end after the polite signal, before it is ended by force.
    pub grace: Duration,
    /// A private folder for scripts, also those that stand in for a line too long to be one argument. No other process uses it.
    pub scratch: PathBuf,
    /// The variable by which processes that left the group are recognised; set in the environment too.
    pub tag: Option<Tag>,
}

/// What is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A line for a shell: `/bin/sh` on Unix and `cmd` on Windows, unless another is named.
    Shell {
        /// A name or path, for example `bash` or `pwsh`.
        shell: Option<String>,
        /// The line, passed on as it is.
        line: String,
    },
    /// A script for the program that its first line names. The script becomes a file, which needs no right to be executed.
    Script {
        /// The name or path of the program. On Windows a path of Unix stands for the program's name.
        interpreter: String,
        /// An argument for it before the script.
        argument: Option<String>,
        /// The whole script, its first line included.
        text: String,
    },
    /// A program and its arguments, executed directly, byte for byte.
    Argv(Vec<OsString>),
}

/// An environment variable whose value is in all processes of one attempt, or of one worker, and in no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The variable's name.
    pub name: String,
    /// Its value, unique to what is tagged.
    pub value: String,
}

impl Tag {
    /// Returns true if a variable of an environment, `NAME=VALUE`, is this tag.
    #[cfg(unix)]
    pub(crate) fn is(&self, variable: &[u8]) -> bool {
        let value = variable
            .strip_prefix(self.name.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="));
        value == Some(self.value.as_bytes())
    }
}

/// Hears what happens to a running command, on the thread that called [`run`](crate::run).
pub trait Watcher {
    /// The leader runs. Called once, before any output.
    fn started(&mut self, leader: Leader);
    /// A piece of output, in the order of arrival; only of what both streams hold at one look, or when a command of a few
    /// milliseconds has ended, stdout comes first. The bytes are gone after the call.
    fn output(&mut self, stream: Stream, bytes: &[u8]);
    /// The command has to end or has failed, and the run waits for this process (a pid), which belongs to another user and so can't
    /// be ended, or was killed and doesn't end. Called again for another process. A command that succeeded doesn't wait for
    /// processes of another user.
    fn holds_out(&mut self, _process: u32) {}
}

/// Where a piece of output was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// The process that was started, and enough to recognise it later, when its pid may belong to another.
///
/// The times are in the native unit of [`os::process_start`](crate::os::process_start): the clock was read just before and
/// just after the start, so the process began between the two. That costs no look into the process table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leader {
    /// Its process id; on Unix also the id of its process group and its session.
    pub pid: u32,
    /// It did not start before this.
    pub earliest: u64,
    /// It did not start after this.
    pub latest: u64,
}
