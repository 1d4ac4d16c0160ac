//! What a process inherits from its starter, and what becomes of it. Each item is set by this
//! program, passed on to jobs, or doesn't matter.
//!
//! | inherited | in this program | in jobs |
//! |---|---|---|
//! | error mode | set: errors are returned, and no window waits to be closed | the same |
//! | Ctrl+C ignored, as after `start /b` | heard again, for a worker in the foreground | ignored: each is in a group of its own |
//! | console | kept in the foreground; none in the background | a new one without a window |
//! | standard handles | kept in the foreground; not inherited in the background | empty, and two pipes |
//! | other handles | kept in the foreground; not inherited in the background | none |
//! | Job Object of the starter | kept; a background worker leaves it if it may | the worker's, and one of its own |
//! | priority class | doesn't matter | below normal and idle as given, by Windows |
//! | processors, token, integrity level, desktop | doesn't matter | as given |
//! | current folder | kept in the foreground; the data folder in the background | the job's |
//! | environment | read by the caller | as given, without PWD and OLDPWD |
//!
//! A process passes on no umask, no limit of open files, no signal and no timer.

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Diagnostics::Debug::{
    GetErrorMode, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};

/// Sets what every command of this program relies on, whatever the process has inherited. To be
/// called first in `main`.
pub fn set_up_process() {
    // SAFETY: calls without pointers. There may be no console, and then there is no Ctrl+C.
    unsafe {
        SetErrorMode(GetErrorMode() | SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
        SetConsoleCtrlHandler(None, 0);
    }
}

/// Does nothing: a process may have some sixteen million handles.
pub fn make_room_for(_commands: usize) {}

/// There is no such limit.
pub fn largest_file() -> Option<u64> {
    None
}
