//! What this process was started with, and what becomes of it. Each is either *set* here, at the start of
//! [`main`](set_up_process), or *passed on* to jobs as it was given; the rest is *of no matter*.
//!
//! | inherited | for this program | for jobs |
//! |---|---|---|
//! | error mode | set: an error is told to the program, and no window waits for somebody to close it | the same: nobody sees their windows |
//! | that Ctrl+C is ignored, as after `start /b` | set: a worker in the foreground hears it | ignored: they are in a group of their own, and end by other means |
//! | console | kept in the foreground; a background worker has none | one of their own, without a window |
//! | standard handles | kept in the foreground; closed to what runs in the background | their own three |
//! | other handles that may be inherited | kept in the foreground, closed to what runs in the background | none but the three |
//! | Job Object of the starter | kept; a background worker leaves it where it may | that of the worker, and one of their own |
//! | priority class | of no matter | as Windows has it: idle and below normal are passed on |
//! | processors, integrity level, token, desktop | of no matter | as given |
//! | folder it runs in | kept in the foreground; a background worker goes to the data folder | the job's own |
//! | environment | read by the caller | passed on, but for PWD and OLDPWD, which shells of Unix keep there |
//!
//! There is no umask, no limit of open files that matters, no signal and no timer that a process passes on.

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Diagnostics::Debug::{
    GetErrorMode, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};

/// Sets what this process relies on and may have been started without. To be called first in `main`.
pub fn set_up_process() {
    // SAFETY: calls without pointers. There may be no console, and then there is no Ctrl+C.
    unsafe {
        SetErrorMode(GetErrorMode() | SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
        SetConsoleCtrlHandler(None, 0);
    }
}

/// Does nothing: a process may have some sixteen million handles open.
pub fn make_room_for(_commands: usize) {}

/// There is no such limit.
pub fn largest_file() -> Option<u64> {
    None
}
