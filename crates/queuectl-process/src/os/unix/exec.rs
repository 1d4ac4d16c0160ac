//! What a process is started with: program, arguments, environment and pipes, as the native call takes them.
//!
//! std's `Command` copies and sorts the whole environment and opens /dev/null each time. Here nothing is done per start that
//! can be done once.

use std::ffi::{CStr, CString, NulError, OsStr, OsString, c_char};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::ptr;
use std::sync::OnceLock;

use super::apart::APART;
use crate::os::native;

/// A process to be started.
pub(super) struct Exec {
    /// A path, or a name that is looked for in our own PATH.
    pub(super) program: CString,
    /// All arguments, the name of the program first.
    pub(super) argv: Vec<CString>,
    pub(super) cwd: CString,
    pub(super) environment: Environment,
}

/// A process that was started, and the pipes from it.
pub(super) struct Child {
    pub(super) born: native::Born,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// What the native call is given. Both arrays end with a null pointer. Their type doesn't borrow what
/// they point to: only `Exec::spawn` makes a `Call`, and all of it is in its own fields, in what is
/// inherited, and in temporaries that last until its call returns.
pub(in crate::os) struct Call<'a> {
    /// A path, or a name that is looked for in our own PATH.
    pub(in crate::os) program: &'a CStr,
    pub(in crate::os) argv: &'a [*const c_char],
    pub(in crate::os) environment: &'a [*const c_char],
    pub(in crate::os) cwd: &'a CStr,
    /// What becomes stdin, stdout and stderr.
    pub(in crate::os) fds: [RawFd; 3],
}

/// Why there is no process.
pub(in crate::os) enum Fault {
    /// A step failed that is the same for every command.
    Machine(io::Error),
    /// A step failed that uses the command's folder or its program.
    Command(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Machine(error)
    }
}

impl Exec {
    /// Starts it: as the leader of a new session, with an empty stdin, all signals at their default and none blocked.
    pub(super) fn spawn(&self) -> Result<Child, Fault> {
        let (stdout, stdout_end) = io::pipe()?;
        let (stderr, stderr_end) = io::pipe()?;
        let born = native::spawn(&Call {
            program: &self.program,
            argv: &pointers(self.argv.iter().map(CString::as_c_str)),
            environment: &pointers(self.environment.variables()),
            cwd: &self.cwd,
            fds: [
                empty()?.as_raw_fd(),
                stdout_end.as_raw_fd(),
                stderr_end.as_raw_fd(),
            ],
        })?;
        Ok(Child {
            born,
            stdout: stdout.into(),
            stderr: stderr.into(),
        })
    }
}

/// The inherited environment, read once per process, and what is added to it.
pub(super) struct Environment {
    added: Vec<CString>,
}

impl Environment {
    /// Of two that are added with one name, the later counts.
    pub(super) fn with<'a>(
        added: impl DoubleEndedIterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> Result<Self, NulError> {
        let mut environment = Self { added: Vec::new() };
        for (name, value) in added.rev() {
            let mut variable = OsString::with_capacity(name.len() + value.len() + 2);
            variable.push(name);
            variable.push("=");
            variable.push(value);
            let variable = CString::new(variable.into_vec())?;
            if !environment.adds(&variable) {
                environment.added.push(variable);
            }
        }
        Ok(environment)
    }

    /// The inherited variables, but for those of a name that has been added, and the added ones.
    fn variables(&self) -> impl Iterator<Item = &CStr> {
        let inherited = inherited();
        let mut kept: Vec<_> = inherited.iter().map(Some).collect();
        for added in &self.added {
            let named = inherited.partition_point(|one| name(one) < name(added));
            for (variable, kept) in inherited.iter().zip(&mut kept).skip(named) {
                if name(variable) != name(added) {
                    break;
                }
                *kept = None;
            }
        }
        kept.into_iter()
            .flatten()
            .chain(&self.added)
            .map(CString::as_c_str)
    }

    /// Whether one of the same name has been added.
    fn adds(&self, variable: &CStr) -> bool {
        self.added.iter().any(|added| name(added) == name(variable))
    }
}

/// A variable's name.
fn name(variable: &CStr) -> &[u8] {
    let bytes = variable.to_bytes();
    bytes.split(|byte| *byte == b'=').next().unwrap_or(bytes)
}

/// The inherited variables, in the order of names, without PWD and OLDPWD, which are folders of the shell that
/// started this process, not of a command, and without [`APART`], which is meant for this process alone.
#[expect(
    clippy::disallowed_methods,
    reason = "it is not looked at, only handed on to every child"
)]
fn inherited() -> &'static [CString] {
    static INHERITED: OnceLock<Vec<CString>> = OnceLock::new();
    INHERITED.get_or_init(|| {
        let joined = |(name, value): (OsString, OsString)| {
            [name.as_bytes(), b"=", value.as_bytes()].concat()
        };
        let mut variables: Vec<_> = std::env::vars_os()
            .filter(|(name, _)| !["PWD", "OLDPWD", APART].iter().any(|not| name == not))
            .filter_map(|variable| CString::new(joined(variable)).ok())
            .collect();
        variables.sort_by(|one, other| name(one).cmp(name(other)));
        variables
    })
}

/// What is read as the stdin of every command.
fn empty() -> io::Result<&'static File> {
    static EMPTY: OnceLock<File> = OnceLock::new();
    if let Some(empty) = EMPTY.get() {
        return Ok(empty);
    }
    let empty = File::open("/dev/null")?;
    Ok(EMPTY.get_or_init(|| empty))
}

fn pointers<'a>(strings: impl Iterator<Item = &'a CStr>) -> Vec<*const c_char> {
    strings.map(CStr::as_ptr).chain([ptr::null()]).collect()
}
