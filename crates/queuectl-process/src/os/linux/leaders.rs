//! Which of our children are leaders of running jobs, so that nobody takes them for orphans or strays.
//!
//! Between its start and the moment its pid is known, a leader can't be told from a stray that leads a session of its own. So
//! a process that may be either is a doubt. It is settled by those who were starting a leader when it arose: either one of
//! them says that it is its own, or the last of them ends it. Nobody waits, and nobody opens a leader's /proc folder: that
//! alone would make its end a tenth slower.

use std::mem;
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, waitid, waitpid};

use super::{now, strays, table};
use crate::Tag;

static REGISTER: Mutex<Register> = Mutex::new(Register {
    running: Vec::new(),
    starting: Vec::new(),
    next: 0,
    doubts: Vec::new(),
});

struct Register {
    running: Vec<Led>,
    /// The starts that are under way.
    starting: Vec<Start>,
    next: u64,
    doubts: Vec<Doubt>,
}

/// A leader, and a time before its start.
struct Led {
    pid: Pid,
    earliest: u64,
}

#[derive(Clone, Copy)]
struct Start {
    number: u64,
    earliest: u64,
}

struct Doubt {
    pid: Pid,
    tag: Option<Tag>,
    /// The starts that were under way when it arose and still are.
    starting: Vec<u64>,
}

/// A leader is being started. To be held around the call that starts it.
pub(in crate::os) struct Starting(Start);

/// A leader that has been started and not reaped.
pub(in crate::os) struct Running(Pid);

pub(in crate::os) fn starting() -> Starting {
    let mut register = register();
    register.next += 1;
    let start = Start {
        number: register.next,
        earliest: now(),
    };
    register.starting.push(start);
    Starting(start)
}

impl Starting {
    /// The leader doesn't start before this.
    pub(in crate::os) fn earliest(&self) -> u64 {
        self.0.earliest
    }

    pub(in crate::os) fn noted(self, leader: Pid) -> Running {
        register().running.push(Led {
            pid: leader,
            earliest: self.0.earliest,
        });
        Running(leader)
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let mut register = register();
        let ended = self.0.number;
        register.starting.retain(|start| start.number != ended);
        if register.doubts.is_empty() {
            return;
        }
        let Register {
            running, doubts, ..
        } = &mut *register;
        for doubt in doubts.iter_mut() {
            doubt.starting.retain(|number| *number != ended);
        }
        doubts.retain(|doubt| !running.iter().any(|led| led.pid == doubt.pid));
        let (settled, open) = mem::take(doubts)
            .into_iter()
            .partition(|doubt| doubt.starting.is_empty());
        register.doubts = open;
        drop(register);
        let settled: Vec<Doubt> = settled;
        for Doubt { pid, tag, .. } in settled {
            strays::end_with_descendants(pid, tag.as_ref());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut register = register();
        if let Some(at) = register.running.iter().position(|led| led.pid == self.0) {
            register.running.swap_remove(at);
        }
    }
}

/// Whether a process is neither gone, nor one of ours, nor in the group of a running leader. If it may be a leader that is
/// just being started, whoever starts it settles what the caller wanted to do.
pub(super) fn is_stranger(pid: Pid, tag: Option<&Tag>) -> bool {
    let Some(group) = group_of(Some(pid)).filter(|group| Some(*group) != group_of(None)) else {
        return false;
    };
    if pid.as_raw_nonzero().get().unsigned_abs() == process::id() {
        return false;
    }
    let mut register = register();
    if register.runs(group) {
        return false;
    }
    if register.starting.is_empty() || group != pid || !leads_session(pid) || !is_child(pid) {
        return true;
    }
    let doubt = Doubt {
        pid,
        tag: tag.cloned(),
        starting: register.starting.iter().map(|start| start.number).collect(),
    };
    register.doubts.push(doubt);
    false
}

impl Register {
    /// Returns true if this is a leader that runs.
    fn runs(&self, pid: Pid) -> bool {
        self.running.iter().any(|led| led.pid == pid)
    }

    /// Returns true if no start is under way by which a process may have come that started then.
    fn has_no_start_before(&self, start: u64) -> bool {
        self.starting.iter().all(|one| start < one.earliest)
    }
}

/// Returns true if this is a leader that runs.
pub(super) fn runs(pid: Pid) -> bool {
    register().runs(pid)
}

/// Returns true if a process that started then is older than each leader that runs or is just being started. So it neither is
/// one of them nor descends from one.
pub(super) fn are_younger_than(start: u64) -> bool {
    let register = register();
    let mut running = register.running.iter();
    running.all(|led| start < led.earliest) && register.has_no_start_before(start)
}

/// Reaps a dead orphan, unless it may be a leader that is just being started. While the lock is held nobody else reaps it, so its
/// pid is still its own.
pub(super) fn reap(pid: Pid) {
    let register = register();
    if register.runs(pid) {
        return;
    }
    let is_no_leader = register.starting.is_empty()
        || table::read(pid.as_raw_nonzero().get().unsigned_abs())
            .is_some_and(|found| register.has_no_start_before(found.start));
    if is_no_leader && is_dead_child(pid) {
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }
}

pub(super) fn is_dead_child(pid: Pid) -> bool {
    matches!(look(pid), Ok(Some(_)))
}

pub(super) fn is_child(pid: Pid) -> bool {
    look(pid).is_ok()
}

fn look(pid: Pid) -> rustix::io::Result<Option<rustix::process::WaitIdStatus>> {
    waitid(
        WaitId::Pid(pid),
        WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT,
    )
}

/// The group of a process, or our own. `None` if the process has gone, is just being reaped or belongs to the kernel; for
/// the last two the system says 0, which rustix takes for impossible.
fn group_of(pid: Option<Pid>) -> Option<Pid> {
    // SAFETY: a system call that touches no memory of ours.
    Pid::from_raw(unsafe { libc::getpgid(raw(pid)) }.max(0))
}

/// Returns true if a process leads a session, as each leader of a job does.
fn leads_session(pid: Pid) -> bool {
    let number = pid.as_raw_nonzero().get().unsigned_abs();
    session_of(number) == Some(number)
}

/// The session of a process. `None` if the process has gone or belongs to the kernel.
pub(super) fn session_of(pid: u32) -> Option<u32> {
    // SAFETY: a system call that touches no memory of ours.
    let session = unsafe { libc::getsid(i32::try_from(pid).ok()?) };
    u32::try_from(session).ok().filter(|session| *session != 0)
}

fn raw(pid: Option<Pid>) -> i32 {
    pid.map_or(0, |pid| pid.as_raw_nonzero().get())
}

fn register() -> MutexGuard<'static, Register> {
    REGISTER.lock().unwrap_or_else(PoisonError::into_inner)
}
