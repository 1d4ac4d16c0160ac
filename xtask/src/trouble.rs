//! Why a chore didn't succeed.

use std::io;
use std::process::ExitStatus;

/// Why a chore didn't succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// A program isn't there, or can't be run.
    #[error("can't start `{program}`: {source}")]
    Start {
        /// Its name.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program ended with anything but success.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The machine lacks something that only its user can install.
    #[error("{what} missing; install it with this line, then try again:\n    {line}")]
    Missing {
        /// What is missing, with its verb.
        what: String,
        /// The line to run.
        line: String,
    },
    /// A package was installed, and what was missing still is.
    #[error("{what} still missing after the installation")]
    StillMissing {
        /// What is missing, with its verb.
        what: String,
    },
    /// A build that succeeded left no program: of a package, or for a target.
    #[error("the build of `{0}` left no program")]
    NoProgram(&'static str),
    /// There is nothing of this name to be fuzzed.
    #[error("there is no target `{name}`; there are {all}")]
    NoTarget {
        /// What was asked for.
        name: String,
        /// What there is.
        all: String,
    },
    /// A file of the chore's own can't be used.
    #[error("can't {what}: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A release archive doesn't do what it should.
    #[error("the archive for {target} is no good: {what}")]
    Archive {
        /// Which.
        target: String,
        /// What was seen.
        what: String,
    },
    /// Something takes longer than who waits for it should have to.
    #[error("{what} took longer than {limit} s")]
    Slow {
        /// What.
        what: &'static str,
        /// How long it may take, in seconds.
        limit: u64,
    },
    /// The PostgreSQL of the tests can't be started.
    #[error("can't start a PostgreSQL for the tests: {0}")]
    Server(queuectl_cluster::Trouble),
    /// The demo claimed something that isn't so.
    #[error("the demo went wrong: {0}")]
    Demo(String),
}
