//! Unix: it is asked to end by SIGTERM.

use std::ffi::c_int;
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

/// Closes standard output and standard error.
pub(crate) fn close_streams() {
    for stream in [1, 2] {
        // SAFETY: nothing is printed any more.
        drop(unsafe { File::from_raw_fd(stream) });
    }
}
