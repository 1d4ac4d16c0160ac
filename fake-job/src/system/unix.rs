//! Unix: it is asked to end by SIGTERM.

use std::ffi::c_int;
#[cfg(target_os = "linux")]
use std::ffi::c_long;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

const SIGKILL: c_int = 9;
const SIGTERM: c_int = 15;

static ASKED: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    fn signal(signal: c_int, handler: extern "C" fn(c_int)) -> usize;
    #[link_name = "kill"]
    fn send(pid: c_int, signal: c_int) -> c_int;
    fn setsid() -> c_int;
    #[cfg(target_os = "linux")]
    fn syscall(number: c_long, ...) -> c_long;
    #[cfg(target_os = "linux")]
    fn prctl(option: c_int, ...) -> c_int;
}

extern "C" fn note(_: c_int) {
    ASKED.store(true, Ordering::Relaxed);
}

/// From now on it hears that it is asked to end, and isn't ended by it.
pub(crate) fn hear() -> Result<(), String> {
    // SAFETY: the handler only sets a flag.
    unsafe { signal(SIGTERM, note) };
    Ok(())
}

/// Whether it was asked to end.
pub(crate) fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Ends a process by force.
pub(crate) fn kill(pid: u32) -> Result<(), String> {
    let pid = c_int::try_from(pid).map_err(|_| "no such process")?;
    // SAFETY: a system call that touches no memory of ours.
    match unsafe { send(pid, SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error().to_string()),
    }
}

/// Has a command lead a group of its own.
pub(crate) fn detach(command: &mut Command) {
    command.process_group(0);
}

/// Has a command lead a session of its own.
pub(crate) fn lead_a_session(command: &mut Command) {
    let lead = || {
        // SAFETY: a system call that touches no memory of ours.
        match unsafe { setsid() } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    };
    // SAFETY: it makes one system call, which may be made there.
    unsafe { command.pre_exec(lead) };
}

/// Starts a command in a group of its own, as a child of this process's own parent: by `clone` as `fork` does it, but for
/// `CLONE_PARENT`.
#[cfg(target_os = "linux")]
pub(crate) fn start_sibling(command: &mut Command) -> Result<(), String> {
    #[cfg(target_arch = "x86_64")]
    const CLONE: c_long = 56;
    #[cfg(target_arch = "aarch64")]
    const CLONE: c_long = 220;
    const CLONE_PARENT: c_long = 0x8000;
    const SIGCHLD: c_long = 17;
    // SAFETY: this process has one thread, so its copy is whole.
    let pid = unsafe { syscall(CLONE, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) };
    match pid {
        0 => Err(command.process_group(0).exec().to_string()),
        -1 => Err(io::Error::last_os_error().to_string()),
        _ => Ok(()),
    }
}

/// Other systems know of no such thing.
#[cfg(not(target_os = "linux"))]
pub(crate) fn start_sibling(_command: &mut Command) -> Result<(), String> {
    Err("a sibling can't be started on this system".to_owned())
}

/// Ends the calling thread, and with the last one the process: the system call, without what a library does at a thread's end.
#[cfg(target_os = "linux")]
pub(crate) fn end_thread() -> Result<(), String> {
    #[cfg(target_arch = "x86_64")]
    const EXIT: c_long = 60;
    #[cfg(target_arch = "aarch64")]
    const EXIT: c_long = 93;
    // SAFETY: nothing runs on this thread any more, and no other one waits for it.
    unsafe { syscall(EXIT, 0) };
    Err("the thread goes on".to_owned())
}

/// Other systems end a process with its first thread.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_thread() -> Result<(), String> {
    Err("a process ends with its first thread on this system".to_owned())
}

/// Has the system show this process's environment to root only.
#[cfg(target_os = "linux")]
pub(crate) fn be_secretive() -> Result<(), String> {
    const PR_SET_DUMPABLE: c_int = 4;
    // SAFETY: a system call that touches no memory of ours.
    match unsafe { prctl(PR_SET_DUMPABLE, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error().to_string()),
    }
}

/// Other systems know of no such thing.
#[cfg(not(target_os = "linux"))]
pub(crate) fn be_secretive() -> Result<(), String> {
    Err("no environment can be hidden on this system".to_owned())
}

/// Closes standard output and standard error.
pub(crate) fn close_streams() {
    for stream in [1, 2] {
        // SAFETY: nothing is printed any more.
        drop(unsafe { File::from_raw_fd(stream) });
    }
}
