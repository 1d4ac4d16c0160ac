//! The native call that starts a process: `posix_spawn`, with nothing done per start that can be done once.
//!
//! std's `Command` takes the same call, but copies and sorts the whole environment and opens /dev/null each time; together
//! with the rest that is a tenth of what `sh -c true` costs.

use std::ffi::{CStr, CString, NulError, OsStr, OsString, c_char, c_int, c_short};
use std::fs::File;
use std::io::{self, PipeReader};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::ptr;
use std::sync::OnceLock;

use rustix::process::Pid;

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
    pub(super) pid: Pid,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

impl Exec {
    /// Starts it: as the leader of a new group, with an empty stdin, and without our signal mask or our ignored SIGPIPE.
    pub(super) fn spawn(&self) -> io::Result<Child> {
        let (stdout, stdout_end) = io::pipe()?;
        let (stderr, stderr_end) = io::pipe()?;
        let mut actions = Actions::new()?;
        actions.dup(empty()?.as_raw_fd(), 0)?;
        actions.dup(stdout_end.as_raw_fd(), 1)?;
        actions.dup(stderr_end.as_raw_fd(), 2)?;
        actions.chdir(&self.cwd)?;
        let attributes = Attributes::new()?;
        let argv = pointers(self.argv.iter().map(CString::as_c_str));
        let environment = pointers(self.environment.variables());
        let mut pid = 0;
        // SAFETY: all pointers are to values that live through the call; both arrays end with a null pointer.
        check(unsafe {
            libc::posix_spawnp(
                &mut pid,
                self.program.as_ptr(),
                &actions.0,
                &attributes.0,
                argv.as_ptr().cast(),
                environment.as_ptr().cast(),
            )
        })?;
        let pid =
            Pid::from_raw(pid).ok_or_else(|| io::Error::other("the system gave no process id"))?;
        let owned = |pipe: PipeReader| OwnedFd::from(pipe);
        Ok(Child {
            pid,
            stdout: owned(stdout),
            stderr: owned(stderr),
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

    fn variables(&self) -> impl Iterator<Item = &CStr> {
        let inherited = inherited().iter().filter(|variable| !self.adds(variable));
        inherited.chain(&self.added).map(CString::as_c_str)
    }

    /// Whether one of the same name has been added.
    fn adds(&self, variable: &CStr) -> bool {
        let variable = variable.to_bytes();
        let name = variable
            .iter()
            .position(|byte| *byte == b'=')
            .and_then(|end| variable.get(..=end))
            .unwrap_or(variable);
        self.added
            .iter()
            .any(|added| added.to_bytes().starts_with(name))
    }
}

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
        std::env::vars_os()
            .filter_map(|variable| CString::new(joined(variable)).ok())
            .collect()
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

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call initialises what the pointer leads to, unless it fails.
        unsafe {
            check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Ok(Self(actions.assume_init()))
        }
    }

    fn dup(&mut self, fd: c_int, target: c_int) -> io::Result<()> {
        // SAFETY: initialised by `new`.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&mut self.0, fd, target) })
    }

    fn chdir(&mut self, path: &CStr) -> io::Result<()> {
        // SAFETY: initialised by `new`; the call copies the path.
        check(unsafe { libc::posix_spawn_file_actions_addchdir_np(&mut self.0, path.as_ptr()) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised by `new` and not used after.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: each value is initialised by the first call that gets it.
        unsafe {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            let mut attributes = Self(attributes.assume_init());
            check(libc::posix_spawnattr_setflags(
                &mut attributes.0,
                FLAGS as c_short,
            ))?;
            check(libc::posix_spawnattr_setpgroup(&mut attributes.0, 0))?;
            libc::sigemptyset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(
                &mut attributes.0,
                signals.as_ptr(),
            ))?;
            libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE);
            check(libc::posix_spawnattr_setsigdefault(
                &mut attributes.0,
                signals.as_ptr(),
            ))?;
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised by `new` and not used after.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

const FLAGS: c_int = libc::POSIX_SPAWN_SETPGROUP
    | libc::POSIX_SPAWN_SETSIGMASK
    | libc::POSIX_SPAWN_SETSIGDEF
    | native::SPAWN_FLAGS;

/// These calls return the error number.
fn check(error: c_int) -> io::Result<()> {
    if error == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(error))
    }
}
