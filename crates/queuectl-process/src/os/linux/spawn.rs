//! The native call that starts a process: `clone` as `vfork` does it, with nothing done per start that can be done once.
//!
//! glibc's `posix_spawn` makes some 140 system calls for one start, most of them to ask for each signal whether it has a
//! handler, and maps and unmaps a stack. Together that is a tenth of what `sh -c true` costs. The child begins in our own
//! memory (`CLONE_VM`), while the thread that starts it sleeps until it has become its program or has ended
//! (`CLONE_VFORK`). What makes that sound:
//!
//! - The child's stack is an array in the frame of the sleeping thread. It writes nowhere else but to `errno`, which is that
//!   thread's, and to the place for its error.
//! - It calls only what is async-signal-safe, and doesn't allocate, lock or unwind: all it needs was prepared before.
//! - No handler of ours runs in it: all signals are blocked from before its birth until every signal is back to its default.
//!   Which signals have a handler or are ignored is asked once, at the first start. A handler that was installed later could
//!   only run for a signal sent to the child alone in the instant before it becomes its program, and then as if on the sleeping
//!   thread.
//! - Descriptors, folder, session, limits and signal mask are its own (no `CLONE_FILES`, `CLONE_FS`, `CLONE_SIGHAND`). Descriptors of
//!   ours close when it becomes its program; std keeps 0, 1 and 2 open, so none of ours is one of these.

use std::ffi::{CStr, CString, OsString, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr::{self, null, null_mut};
use std::sync::OnceLock;

use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, WaitOptions, getpid, pidfd_open, setrlimit, waitpid,
};

use crate::os::system::{Call, Fault};

/// The limit of open files for commands, if this process has raised its own.
static ROOM: OnceLock<Rlimit> = OnceLock::new();

/// Sets the limit of open files for commands that are started from now on. Only the first call counts,
/// because it has the limit that this process was started with.
pub(in crate::os) fn commands_keep(room: Rlimit) {
    let _ = ROOM.set(room);
}

/// A process that was just started.
pub(in crate::os) struct Born {
    pub(in crate::os) pid: Pid,
    /// Where there are pidfds.
    pub(super) pidfd: Option<OwnedFd>,
}

/// Ample for a few system calls, and small beside the stack it is part of.
#[repr(C, align(64))]
struct Stack([u8; 32 * 1024]);

/// What the child is told, and its answer.
struct Birth<'a> {
    call: &'a Call<'a>,
    candidates: &'a [CString],
    /// The signals that aren't at their default in this process.
    changed: u64,
    /// The limit of open files, if it differs from that of this process.
    room: Option<Rlimit>,
    /// Whether the steps that are the same for every command have succeeded.
    is_prepared: bool,
    /// Why it didn't become its program.
    error: c_int,
}

pub(in crate::os) fn spawn(call: &Call) -> Result<Born, Fault> {
    let mut birth = Birth {
        call,
        candidates: &candidates(call.program),
        changed: changed(),
        room: ROOM.get().copied(),
        is_prepared: false,
        error: 0,
    };
    let mut pidfd: c_int = -1;
    let pidfds = if has_pidfds() { libc::CLONE_PIDFD } else { 0 };
    let mut cloned = clone(&mut birth, pidfds, &mut pidfd);
    if pidfds != 0 && matches!(&cloned, Err(error) if error.raw_os_error() == Some(libc::EINVAL)) {
        // A Linux that is only imitated, as by `qemu-aarch64`, may have them and not know of this flag.
        cloned = clone(&mut birth, 0, &mut pidfd);
    }
    let pid = cloned?;
    // SAFETY: a descriptor that the system has just given to us alone.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    if birth.error != 0 {
        let _ = rustix::io::retry_on_intr(|| waitpid(Some(pid), WaitOptions::empty()));
        let error = io::Error::from_raw_os_error(birth.error);
        return Err(match birth.is_prepared {
            true => Fault::Command(error),
            false => Fault::Machine(error),
        });
    }
    Ok(Born { pid, pidfd })
}

/// Gives birth, and sleeps until the child has become its program or has ended.
fn clone(birth: &mut Birth<'_>, pidfds: c_int, pidfd: &mut c_int) -> io::Result<Pid> {
    let mut stack = MaybeUninit::<Stack>::uninit();
    let mut mask = MaybeUninit::<libc::sigset_t>::uninit();
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: see the head of this file. The stack grows down from its end. Stack, masks and
    // `pidfd`, and all that `birth` borrows, are in frames of this thread, which sleeps until the
    // child uses them no more; so they can't go or move meanwhile.
    let (pid, error) = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), mask.as_mut_ptr());
        let pid = libc::clone(
            be_born,
            stack.as_mut_ptr().add(1).cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD | pidfds,
            ptr::from_mut(birth).cast(),
            ptr::from_mut(pidfd),
        );
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), null_mut());
        (pid, error)
    };
    // One that is negative says that there is no child, and isn't taken for a number of one.
    Pid::from_raw(pid.max(0)).ok_or(error)
}

/// The child's life before its program. It only returns if that can't be had, and with its return it ends.
extern "C" fn be_born(birth: *mut c_void) -> c_int {
    // SAFETY: `clone` was passed a pointer to one that `spawn` has in its frame. That thread
    // sleeps, so nobody else uses it.
    let birth = unsafe { &mut *birth.cast::<Birth>() };
    birth.error = birth.become_program();
    127
}

impl Birth<'_> {
    /// Returns the error number.
    fn become_program(&mut self) -> c_int {
        let call = self.call;
        let fds = call.fds.iter().zip(0..);
        // SAFETY: this is the child. System calls, each with pointers to what lives on in the
        // sleeping thread, or to locals; arrays end with a null pointer.
        unsafe {
            self.reset_signals();
            // A new session has no terminal. So a command can't read what is typed at the
            // worker's terminal, nor type into it.
            if libc::setsid() < 0 {
                return errno();
            }
            if let Some(room) = self.room {
                // Refused if the hard limit has been lowered since. Then that limit is small enough.
                let _ = setrlimit(Resource::Nofile, room);
            }
            for (fd, target) in fds {
                if libc::dup2(*fd, target) < 0 {
                    return errno();
                }
            }
            self.is_prepared = true;
            if libc::chdir(call.cwd.as_ptr()) < 0 {
                return errno();
            }
            let mut none = MaybeUninit::uninit();
            libc::sigemptyset(none.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), null_mut());
            self.execute()
        }
    }

    /// Puts all signals back to their defaults.
    ///
    /// # Safety
    ///
    /// Only the child may call it: in any other process handlers of ours, and those of libraries,
    /// would no longer be called.
    unsafe fn reset_signals(&self) {
        let mut left = self.changed;
        while left != 0 {
            let signal = left.trailing_zeros() as c_int + 1;
            // SAFETY: an action of zeroes is the default, with no flags. The system copies it.
            unsafe { sigaction(signal, &[0; ACTION], null_mut()) };
            left &= left - 1;
        }
    }

    /// Tries each candidate, and goes on where `execvp` would. Returns the error number.
    ///
    /// # Safety
    ///
    /// Only the child may call it, as its process becomes the program. Both arrays of the call have
    /// to end with a null pointer, and all else in them has to point to texts that end with a zero.
    unsafe fn execute(&self) -> c_int {
        let mut error = libc::ENOENT;
        for candidate in self.candidates {
            // SAFETY: the candidate is borrowed from the sleeping thread, and so are the arrays and
            // what they point to: `Exec::spawn` holds all of it until its call returns.
            unsafe {
                libc::execve(
                    candidate.as_ptr(),
                    self.call.argv.as_ptr(),
                    self.call.environment.as_ptr(),
                )
            };
            match errno() {
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT
                    if error == libc::EACCES => {}
                last @ (libc::EACCES
                | libc::ENOENT
                | libc::ENOTDIR
                | libc::ESTALE
                | libc::ENODEV
                | libc::ETIMEDOUT) => error = last,
                other => return other,
            }
        }
        error
    }
}

fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Where the program may be: in any folder of our own PATH, unless it names a folder itself.
#[expect(
    clippy::disallowed_methods,
    reason = "the system searches this very variable where it is left to it"
)]
fn candidates(program: &CStr) -> Vec<CString> {
    if program.is_empty() || program.to_bytes().contains(&b'/') {
        return vec![program.to_owned()];
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
    let within = |folder: &[u8]| {
        let slash: &[u8] = if folder.is_empty() { b"" } else { b"/" };
        CString::new([folder, slash, program.to_bytes()].concat()).ok()
    };
    let folders = path.as_bytes().split(|byte| *byte == b':');
    folders.filter_map(within).collect()
}

/// Our signals that have a handler or are ignored, one bit for each. Signal 1 is the lowest bit.
fn changed() -> u64 {
    static CHANGED: OnceLock<u64> = OnceLock::new();
    let is_changed = |signal: &c_int| {
        let mut action = [0; ACTION];
        // SAFETY: with nothing to set, the call only fills what the pointer leads to.
        unsafe { sigaction(*signal, null(), &mut action) };
        action[0] != libc::SIG_DFL
    };
    *CHANGED.get_or_init(|| {
        let changed = (1..=64).filter(is_changed);
        changed.fold(0, |bits, signal| bits | 1 << (signal - 1))
    })
}

/// More words than the kernel's `sigaction` has. The first is the handler, on x86-64 and ARM64.
const ACTION: usize = 8;

/// The system call itself. C libraries refuse the two or three signals that they reserve for themselves.
/// But a process that was started by glibc's `posix_spawn` ignores these, and so would its commands.
unsafe fn sigaction(signal: c_int, new: *const [usize; ACTION], old: *mut [usize; ACTION]) {
    const SIGNALS: usize = 64;
    // SAFETY: the caller's pointers are null or valid, and an `ACTION` is as large as what the
    // kernel reads or fills.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, new, old, SIGNALS / 8) };
}

/// Whether an end can be waited for by a pidfd: not before Linux 5.3, and not in some sandboxes.
fn has_pidfds() -> bool {
    static HAS_PIDFDS: OnceLock<bool> = OnceLock::new();
    *HAS_PIDFDS.get_or_init(|| pidfd_open(getpid(), PidfdFlags::empty()).is_ok())
}
