//! macOS: processes are read through libproc, their end is a readable kqueue, and orphans go to process 1.

mod roots;
mod spawn;
mod strays;

use std::borrow::Cow;
use std::ffi::CString;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Child;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent, kqueue};
use rustix::io::Errno;
use rustix::process::{Pid, Rlimit};
use rustix::time::{ClockId, clock_gettime};

use super::system::hostname;
use crate::Tag;

pub use roots::trusted_roots;
pub(super) use spawn::{Born, spawn};
pub(super) use strays::end_strays;

/// A second, in the unit of [`now`].
pub(crate) const SECOND: u64 = 1_000_000;

/// The clock by which libproc says when a process started: microseconds of the calendar.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000
}

/// How long the system has been running, asleep or not.
pub fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// A name that no other start of this or another system has.
pub(crate) fn boot_name() -> String {
    boot_session().unwrap_or_else(hostname)
}

/// What the system calls the time since it was started.
fn boot_session() -> Option<String> {
    let mut text = [0_u8; 64];
    let mut size = text.len();
    // SAFETY: the name is a literal, and the buffer a local with the size that is passed with it;
    // neither is kept.
    let done = unsafe {
        libc::sysctlbyname(
            c"kern.bootsessionuuid".as_ptr(),
            text.as_mut_ptr().cast(),
            &mut size,
            ptr::null_mut(),
            0,
        )
    };
    let text = text.get(..size).filter(|_| done == 0)?;
    let name = text.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(name).into_owned()).filter(|name| !name.is_empty())
}

/// All processes see each other.
pub(crate) fn process_room() -> Option<String> {
    Some("all".to_owned())
}

/// The soft limit of open files that a worker sets for itself: only as many as its commands need.
/// `posix_spawn` can't set another limit for a command, and in one that has more than 1,024
/// descriptors `select` may fail.
pub(super) fn wanted_descriptors(commands: usize, hard: Option<u64>) -> Option<u64> {
    /// For each command: its streams, its kqueue, its stop signal, and what a start opens briefly.
    const EACH: u64 = 10;
    /// For the rest of the worker.
    const OWN: u64 = 64;
    let wanted = OWN + EACH * commands as u64;
    Some(hard.map_or(wanted, |hard| wanted.min(hard)))
}

/// Does nothing: commands get the raised limit, which is therefore kept low.
pub(super) fn commands_keep(_room: Rlimit) {}

/// The name of a signal that not all systems have.
pub(super) fn own_signal_name(signal: i32) -> Option<Cow<'static, str>> {
    Some(match signal {
        libc::SIGEMT => "SIGEMT".into(),
        libc::SIGINFO => "SIGINFO".into(),
        _ => return None,
    })
}

pub(super) fn make_fifo(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path is a C string and a local, so it lives through the call.
    match unsafe { libc::mkfifo(path.as_ptr(), 0o600) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The name of the network file system that a path is on; none if the system calls its disk local.
pub fn network_file_system(path: &Path) -> io::Result<Option<String>> {
    let found = rustix::fs::statfs(path)?;
    if found.f_flags & libc::MNT_LOCAL as u32 != 0 {
        return Ok(None);
    }
    let name = found.f_fstypename.iter().map(|byte| *byte as u8);
    let name: Vec<u8> = name.take_while(|byte| *byte != 0).collect();
    Ok(Some(String::from_utf8_lossy(&name).into_owned()))
}

/// Never: only folders can be mounted.
pub(super) fn is_mount_point(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Does nothing: orphans go to process 1, which reaps them.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// Does nothing: no orphan becomes our child.
pub fn no_orphan(_child: &Child) {}

pub(super) fn adopting() -> bool {
    false
}

/// Does nothing: process 1 reaps orphans.
pub fn look_after_orphans() {}

/// A leader is being started. Only one is at a time: no other start may come between the making of a pipe and its marking as
/// one that closes.
pub(super) struct Starting {
    earliest: u64,
    alone: MutexGuard<'static, ()>,
}

/// A leader that has been started and not reaped. No code asks for it here.
pub(super) struct Running;

pub(super) fn starting() -> Starting {
    static STARTING: Mutex<()> = Mutex::new(());
    let alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    Starting {
        earliest: now(),
        alone,
    }
}

impl Starting {
    /// The leader doesn't start before this.
    pub(super) fn earliest(&self) -> u64 {
        self.earliest
    }

    pub(super) fn noted(self, _leader: Pid) -> Running {
        drop(self.alone);
        Running
    }
}

/// Becomes readable when a child has ended, without reaping it.
pub(super) enum ExitWatch {
    Kqueue(OwnedFd),
    /// It had ended before it could be watched: the reading end of a pipe without a writer.
    Ended(io::PipeReader),
}

impl ExitWatch {
    pub(super) fn new(child: Born) -> io::Result<Self> {
        let queue = kqueue()?;
        rustix::io::fcntl_setfd(&queue, rustix::io::FdFlags::CLOEXEC)?;
        let filter = EventFilter::Proc {
            pid: child.pid,
            flags: ProcessEvents::EXIT,
        };
        let change = Event::new(
            filter,
            EventFlags::ADD | EventFlags::RECEIPT,
            ptr::null_mut(),
        );
        let mut receipt = [const { MaybeUninit::<Event>::uninit() }; 1];
        // SAFETY: the event refers to a process, not to a descriptor that may be closed before the
        // queue, and carries no pointer.
        let (receipts, _) =
            unsafe { kevent(&queue, &[change], &mut receipt, Some(Duration::ZERO)) }?;
        match receipts.first().map_or(0, Event::data) {
            0 => Ok(Self::Kqueue(queue)),
            error if error == i64::from(Errno::SRCH.raw_os_error()) => {
                Ok(Self::Ended(io::pipe()?.0))
            }
            error => Err(io::Error::from_raw_os_error(error as i32)),
        }
    }
}

impl AsFd for ExitWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Kqueue(queue) => queue.as_fd(),
            Self::Ended(pipe) => pipe.as_fd(),
        }
    }
}

/// What libproc says of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) group: u32,
    pub(super) session: u32,
    pub(super) start: u64,
    pub(super) zombie: bool,
}

/// One process. `None` if there is none of that pid.
pub(super) fn read(pid: u32) -> Option<Process> {
    let raw = i32::try_from(pid).ok().filter(|raw| *raw > 0)?;
    let mut info = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    let size = size_of::<libc::proc_bsdinfo>() as i32;
    // SAFETY: the buffer is a local with the size that is passed with it, and isn't kept.
    let written = unsafe {
        libc::proc_pidinfo(
            raw,
            libc::PROC_PIDTBSDINFO,
            0,
            info.as_mut_ptr().cast(),
            size,
        )
    };
    if written != size {
        return None;
    }
    // SAFETY: zeroed and then filled; every bit pattern of it is valid.
    let info = unsafe { info.assume_init() };
    // SAFETY: a system call that touches no memory of ours.
    let session = unsafe { libc::getsid(raw) }.max(0);
    Some(Process {
        group: info.pbi_pgid,
        session: session.unsigned_abs(),
        start: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
        zombie: info.pbi_status == libc::SZOMB,
    })
}

/// Every pid there is.
pub(super) fn pids() -> Vec<u32> {
    const ALL: u32 = 1;
    // SAFETY: without a buffer it only says how many bytes are needed.
    let needed = unsafe { libc::proc_listpids(ALL, 0, ptr::null_mut(), 0) };
    let room = usize::try_from(needed).unwrap_or(0) / size_of::<i32>() + 64;
    let mut pids = vec![0_u32; room];
    // SAFETY: the buffer has the size that is passed with it, and isn't kept.
    let written = unsafe {
        libc::proc_listpids(
            ALL,
            0,
            pids.as_mut_ptr().cast(),
            (room * size_of::<i32>()) as i32,
        )
    };
    pids.truncate(usize::try_from(written).unwrap_or(0) / size_of::<i32>());
    pids.retain(|pid| *pid != 0);
    pids
}

/// Returns true: processes of other users can be seen.
pub fn sees_all_processes() -> bool {
    true
}

/// Returns what `look` has seen. To look at processes takes no descriptor here.
pub(super) fn seeing<T>(look: impl FnOnce() -> T) -> io::Result<T> {
    Ok(look())
}

/// Returns true if the environment with which a process was started has one of the tags. It follows the arguments in one block: their
/// count, the path, NULs, and then each argument and each variable with a NUL after it.
pub(super) fn has_tag(pid: u32, tags: &[Tag]) -> bool {
    let Some(block) = arguments(pid) else {
        return false;
    };
    let Some((count, rest)) = block.split_first_chunk::<4>() else {
        return false;
    };
    let count = usize::try_from(i32::from_ne_bytes(*count)).unwrap_or(0);
    let mut words = rest.split(|byte| *byte == 0);
    words.next();
    let words = words.skip_while(|word| word.is_empty()).skip(count);
    words
        .take_while(|word| !word.is_empty())
        .any(|variable| tags.iter().any(|tag| tag.is(variable)))
}

/// Processes that don't show what they were started with. None is waited for here.
#[derive(Default)]
pub(super) struct Blank;

/// Calls `found` with each of these processes, by pid and start time, whose environment has one of the tags. The times are of the
/// calendar, which may be set, so they exclude none.
pub(super) fn tagged(
    processes: Vec<(u32, u64)>,
    _began: u64,
    tags: &[Tag],
    _blank: &mut Blank,
    found: &mut dyn FnMut((u32, u64)),
) {
    let tagged = processes.into_iter().filter(|(pid, _)| has_tag(*pid, tags));
    tagged.for_each(found);
}

fn arguments(pid: u32) -> Option<Vec<u8>> {
    let mut name = [
        libc::CTL_KERN,
        libc::KERN_PROCARGS2,
        i32::try_from(pid).ok()?,
    ];
    let mut size = 1024 * 1024;
    let mut block = vec![0_u8; size];
    // SAFETY: name and buffer are locals with the lengths that are passed with them, and aren't
    // kept.
    let done = unsafe {
        libc::sysctl(
            name.as_mut_ptr(),
            3,
            block.as_mut_ptr().cast(),
            &mut size,
            ptr::null_mut(),
            0,
        )
    };
    block.truncate(size);
    (done == 0).then_some(block)
}

/// Which boot this is, by the first half of the name that the system gives each; 0 if it doesn't tell.
pub(crate) fn boot() -> u64 {
    let name = boot_session().unwrap_or_default();
    let digits = name.chars().filter_map(|digit| digit.to_digit(16));
    digits
        .take(16)
        .fold(0, |number, digit| number << 4 | u64::from(digit))
}
