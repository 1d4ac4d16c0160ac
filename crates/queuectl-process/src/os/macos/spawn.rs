//! The native call that starts a process: `posix_spawn`, which is a system call here.

use std::ffi::{CStr, c_int, c_short};
use std::io;
use std::mem::MaybeUninit;

use rustix::process::Pid;

use crate::os::system::{Call, Fault};

/// A process that was just started.
pub(in crate::os) struct Born {
    pub(in crate::os) pid: Pid,
}

pub(in crate::os) fn spawn(call: &Call) -> Result<Born, Fault> {
    let mut actions = Actions::new()?;
    for (fd, target) in call.fds.into_iter().zip(0..) {
        actions.dup(fd, target)?;
    }
    actions.chdir(call.cwd)?;
    let attributes = Attributes::new()?;
    let mut pid = 0;
    // SAFETY: all pointers are to locals, or to what the call borrows: its texts, and the texts
    // that its arrays point to, are held by the caller until it returns. Both arrays end with a
    // null pointer.
    check(unsafe {
        libc::posix_spawnp(
            &mut pid,
            call.program.as_ptr(),
            &actions.0,
            &attributes.0,
            call.argv.as_ptr().cast(),
            call.environment.as_ptr().cast(),
        )
    })
    .map_err(Fault::Command)?;
    let pid =
        Pid::from_raw(pid).ok_or_else(|| io::Error::other("the system gave no process id"))?;
    Ok(Born { pid })
}

/// On this system the type is a pointer to memory that the C library has allocated, so it may be
/// moved.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call initialises the local that the pointer leads to, unless it fails, and
        // doesn't keep the pointer.
        unsafe {
            check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Ok(Self(actions.assume_init()))
        }
    }

    fn dup(&mut self, fd: c_int, target: c_int) -> io::Result<()> {
        // SAFETY: initialised by `new`; a call with two numbers.
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

/// Like [`Actions`] a pointer, and so one that may be moved.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: each value is initialised by the first call that gets it. Sets of signals are
        // copied, so the local may go.
        unsafe {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            let mut attributes = Self(attributes.assume_init());
            check(libc::posix_spawnattr_setflags(
                &mut attributes.0,
                FLAGS as c_short,
            ))?;
            libc::sigemptyset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(
                &mut attributes.0,
                signals.as_ptr(),
            ))?;
            libc::sigfillset(signals.as_mut_ptr());
            // These two are always at their default, and to ask for it may be refused.
            libc::sigdelset(signals.as_mut_ptr(), libc::SIGKILL);
            libc::sigdelset(signals.as_mut_ptr(), libc::SIGSTOP);
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

/// The command leads a session of its own, and so has no terminal. macOS has had this flag since
/// 10.15; the crate libc doesn't name it yet.
const POSIX_SPAWN_SETSID: c_int = 0x0400;

/// A child has no descriptor but those it is given: a pipe can't be made to close in children from the outset here.
const FLAGS: c_int = POSIX_SPAWN_SETSID
    | libc::POSIX_SPAWN_SETSIGMASK
    | libc::POSIX_SPAWN_SETSIGDEF
    | libc::POSIX_SPAWN_CLOEXEC_DEFAULT;

/// These calls return the error number.
fn check(error: c_int) -> io::Result<()> {
    if error == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(error))
    }
}
