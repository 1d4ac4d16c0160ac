//! Linux: processes are read from /proc, their end is a readable pidfd, and orphans come to the nearest subreaper.

mod adopted;
mod children;
mod disk;
mod leaders;
mod roots;
mod spawn;
mod strays;
mod table;

use std::borrow::Cow;
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, WaitIdOptions};
use rustix::time::{ClockId, DynamicClockId, clock_gettime, clock_gettime_dynamic};

use super::system::hostname;

pub use adopted::look_after_orphans;
pub use children::no_orphan;
pub(super) use disk::is_mount_point;
pub use disk::network_file_system;
pub(super) use leaders::{Running, starting};
pub use roots::trusted_roots;
pub(super) use spawn::{Born, commands_keep, spawn};
pub use strays::adopt_orphans;
pub(super) use strays::{adopting, end_strays};
pub(crate) use table::boot;
pub use table::sees_all_processes;
pub(super) use table::{Blank, Process, has_tag, pids, read, seeing, tagged};

/// The kernel counts /proc's times in hundredths of a second, whatever its own tick is.
const TICK_NANOS: u64 = 10_000_000;
/// A second, in the unit of [`now`].
pub(crate) const SECOND: u64 = 1_000_000_000 / TICK_NANOS;

/// The clock by which /proc says when a process started, in its unit.
pub(crate) fn now() -> u64 {
    let Ok(now) = clock_gettime_dynamic(DynamicClockId::Boottime) else {
        return 0;
    };
    (now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64) / TICK_NANOS
}

/// How long the system has been running, suspended or not. A system without such a clock counts only the time when it is awake.
pub fn since_boot() -> Duration {
    let clock = clock_gettime_dynamic(DynamicClockId::Boottime);
    let now = clock.unwrap_or_else(|_| clock_gettime(ClockId::Monotonic));
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// A name that no other start of this or another system has.
pub(crate) fn boot_name() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.map_or_else(|_| hostname(), |id| id.trim().to_owned())
}

/// The pid namespace in which this process sees others. None if `/proc` isn't mounted, or is that of another namespace: signals
/// don't go by the pids in it.
///
/// The kernel reuses a namespace's number after its end, such as when a container restarts. So the start time of process 1 is added.
/// `/proc` gives start times by the clock of the reader's time namespace; so another time namespace is another room, too.
pub(crate) fn process_room() -> Option<String> {
    let own = std::fs::read_link("/proc/self").ok()?;
    if own.to_str()?.parse() != Ok(std::process::id()) {
        return None;
    }
    let namespace = std::fs::read_link("/proc/self/ns/pid");
    let namespace = namespace.map_or_else(|_| hostname(), |name| name.display().to_string());
    let since = match read(1) {
        Some(first) => first.start.to_string(),
        // `hidepid` hides the processes of other users. A container's `/proc` was mounted when the container started.
        None => {
            let proc = std::fs::metadata("/proc").ok()?;
            format!("proc:{}.{:09}", proc.ctime(), proc.ctime_nsec())
        }
    };
    Some(format!("{namespace}@{since}"))
}

/// The soft limit of open files that a worker sets for itself: the hard limit.
pub(super) fn wanted_descriptors(_commands: usize, hard: Option<u64>) -> Option<u64> {
    hard
}

/// The name of a signal that not all systems have. Real-time signals are counted from 34, as
/// `kill -l` counts them where programs use glibc; glibc reserves 32 and 33 for itself.
pub(super) fn own_signal_name(signal: i32) -> Option<Cow<'static, str>> {
    const FIRST: i32 = 34;
    const LAST: i32 = 64;
    Some(match signal {
        libc::SIGSTKFLT => "SIGSTKFLT".into(),
        libc::SIGPWR => "SIGPWR".into(),
        FIRST => "SIGRTMIN".into(),
        LAST => "SIGRTMAX".into(),
        32..=LAST => format!("SIGRTMIN{:+}", signal - FIRST).into(),
        _ => return None,
    })
}

pub(super) fn make_fifo(path: &Path) -> io::Result<()> {
    Ok(mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?)
}

/// Becomes readable when a child has ended, without reaping it.
pub(super) enum ExitWatch {
    Pidfd(OwnedFd),
    /// Where there are no pidfds: a thread waits, and its end closes a pipe.
    Thread(PipeReader),
}

impl ExitWatch {
    pub(super) fn new(child: Born) -> io::Result<Self> {
        match child.pidfd {
            Some(pidfd) => Ok(Self::Pidfd(pidfd)),
            None => Self::by_thread(child.pid),
        }
    }

    fn by_thread(child: Pid) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        thread::Builder::new()
            .name("exit".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || {
                let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                let _ = rustix::io::retry_on_intr(|| {
                    rustix::process::waitid(rustix::process::WaitId::Pid(child), ended)
                });
                drop(writer);
            })?;
        Ok(Self::Thread(reader))
    }
}

impl AsFd for ExitWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Pidfd(fd) => fd.as_fd(),
            Self::Thread(pipe) => pipe.as_fd(),
        }
    }
}
