//! What differs between systems: how a process is found and ended, who may read a file, what a path looks like. Each system has a
//! file, with the same names for what both have.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod rights;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(windows)]
pub(crate) use rights::open_to_others;
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// A process, as it is listed in a message.
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: i32,
    /// What it runs.
    pub(crate) command: String,
}

/// Whether what a worker runs outlives it when it is killed, until another one finds it.
pub(crate) const ORPHANS_LIVE_ON: bool = cfg!(unix);
