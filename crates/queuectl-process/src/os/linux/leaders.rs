//! Which of our children are leaders of running jobs, so that they aren't taken for orphans or strays.
//!
//! Between its start and the moment its pid is known, a leader can't be told from a stray that leads a session of its own. So
//! a process that may be either is a doubt. It is settled by the threads that were starting a leader when it arose: either one of
//! them notes it as its leader, or the last of them ends it. No thread waits, and none opens a leader's /proc folder, which
//! would make the leader's end a tenth slower.

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

/// A leader, and a time before its start, by the clock of [`now`].
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
    /// The leader starts at this time or later, by the clock of [`now`].
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

/// Returns true if a process exists, is neither this process nor in its group, and isn't in the group of a running leader. If it may
/// be a leader that is just being started, returns false and leaves a doubt for the threads that start leaders.
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
    /// Returns true if this is a running leader.
    fn runs(&self, pid: Pid) -> bool {
        self.running.iter().any(|led| led.pid == pid)
    }

    /// Returns true if no process that started at `start` can come from a start that is under way.
    fn has_no_start_before(&self, start: u64) -> bool {
        self.starting.iter().all(|one| start < one.earliest)
    }
}

/// Returns true if this is a running leader.
pub(super) fn runs(pid: Pid) -> bool {
    register().runs(pid)
}

/// Returns true if all leaders that run or are being started are younger than a process that started at `start`. So it is none of
/// them, and descends from none.
pub(super) fn are_younger_than(start: u64) -> bool {
    let register = register();
    let mut running = register.running.iter();
    running.all(|led| start < led.earliest) && register.has_no_start_before(start)
}

/// Reaps a dead orphan, unless it may be a leader that is just being started. While the lock is held no other thread reaps it, so
/// its pid stays its own.
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
