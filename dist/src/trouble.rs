//! Why an archive can't be made.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::target::TARGETS;

/// Why an archive can't be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("can't use `{}`: {source}", .path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("can't start `{program}`: {source}")]
    Start {
        program: String,
        source: std::io::Error,
    },
    #[error("`{command}` failed ({status})")]
    Failed { command: String, status: ExitStatus },
    #[error("can't understand what {0} says")]
    Unexpected(&'static str),
    #[error("no archive is made for `{0}`, only for {all}", all = TARGETS.each_ref().map(|target| target.triple).join(", "))]
    NoTarget(String),
    #[error("the licence of {package} has no text in the package; give it one in {place}", place = crate::licences::FOLDER)]
    NoLicence { package: String },
    #[error("the program for {target} has a path of this machine in it: {path}")]
    PathInside { target: &'static str, path: String },
    #[error("{0} is linked by zig: say with --zig where it is")]
    NoZig(&'static str),
    #[error("{name} is larger than {goal} MiB")]
    TooLarge { name: String, goal: u64 },
}

/// What to say of a file that can't be used.
pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Trouble {
    move |source| Trouble::File {
        path: path.to_owned(),
        source,
    }
}
