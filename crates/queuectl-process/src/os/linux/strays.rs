//! Processes that left their group, by a session of their own or a double fork, and orphans that have become our children.
//!
//! A stray has the attempt's tag in its environment. Reading all of /proc after each run would cost more than the run, but
//! a descendant has a pid given out after the leader's, and /proc/loadavg tells the last one given out. Between the two are
//! only a few on the ordinary path; for each of them one `getpgid` says that it is gone or in the group of a running leader.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions, getpgid, getpgrp, kill_process,
    pidfd_open, pidfd_send_signal, set_child_subreaper, waitid, waitpid,
};

use super::table;
use crate::{Leader, Tag};

/// More pids than this between the leader and the last one given out, and reading /proc is cheaper than asking for each.
const FEW: u32 = 200;
/// How long ended strays may take to go.
const DYING: Duration = Duration::from_secs(2);

static ADOPTING: AtomicBool = AtomicBool::new(false);
static LEADERS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
/// Read-held from a start until the leader is noted. Whoever reaps what is no leader write-holds it, so that a leader that
/// has been started but not noted is not taken for an orphan.
static SPAWNING: RwLock<()> = RwLock::new(());

/// Makes orphans of our jobs our children, not those of process 1 (Linux: `PR_SET_CHILD_SUBREAPER`). A worker calls it once
/// at its start. Its runs then reap the orphans; other children of the process are left to whoever started them.
pub fn adopt_orphans() -> io::Result<()> {
    set_child_subreaper(Some(rustix::process::getpid()))?;
    ADOPTING.store(true, Ordering::Relaxed);
    Ok(())
}

pub(in crate::os) fn adopting() -> bool {
    ADOPTING.load(Ordering::Relaxed)
}

/// To be held around the start of a leader, until it is noted as [`Running`].
pub(in crate::os) fn spawning() -> RwLockReadGuard<'static, ()> {
    SPAWNING.read().unwrap_or_else(PoisonError::into_inner)
}

/// A leader that has been started and not reaped.
pub(in crate::os) struct Running(Pid);

impl Running {
    pub(in crate::os) fn note(leader: Pid) -> Self {
        leaders().push(leader);
        Self(leader)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut leaders = leaders();
        if let Some(at) = leaders.iter().position(|leader| *leader == self.0) {
            leaders.swap_remove(at);
        }
    }
}

fn leaders() -> MutexGuard<'static, Vec<Pid>> {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends and reaps every process that left the group of this leader, which has been reaped.
pub(in crate::os) fn end_strays(leader: Leader, tag: Option<&Tag>) {
    let began = Instant::now();
    while sweep(&suspects(leader.pid), tag) && began.elapsed() < DYING {}
}

/// Reaps orphans that have died. For a run that lasts long and leaves many.
pub(in crate::os) fn reap_dead_orphans() {
    sweep(&all_suspects(), None);
}

/// Who, of those started since this leader, is neither gone nor in the group of a running leader nor in ours. A leader that
/// is just being started by another slot may be among them.
fn suspects(leader: u32) -> Vec<Pid> {
    match last_pid() {
        Some(last) if last >= leader && last - leader <= FEW => {
            (leader + 1..=last).filter_map(suspect).collect()
        }
        _ => all_suspects(),
    }
}

fn all_suspects() -> Vec<Pid> {
    table::pids().into_iter().filter_map(suspect).collect()
}

fn suspect(pid: u32) -> Option<Pid> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let group = getpgid(Some(pid)).ok()?;
    (group != getpgrp() && !leaders().contains(&group)).then_some(pid)
}

/// The pid that was given out last.
fn last_pid() -> Option<u32> {
    static LOADAVG: OnceLock<Option<File>> = OnceLock::new();
    let file = LOADAVG
        .get_or_init(|| File::open("/proc/loadavg").ok())
        .as_ref()?;
    let mut text = [0; 128];
    let length = file.read_at(&mut text, 0).ok()?;
    str::from_utf8(text.get(..length)?)
        .ok()?
        .split_ascii_whitespace()
        .next_back()?
        .parse()
        .ok()
}

/// Ends those of the suspects that have the tag and reaps those that are dead orphans of ours. Says whether it ended any.
fn sweep(suspects: &[Pid], tag: Option<&Tag>) -> bool {
    let mut ended = false;
    for pid in suspects {
        ended |= tag.is_some_and(|tag| end_one(*pid, tag));
        if is_dead_child(*pid) {
            reap(*pid);
        }
    }
    ended
}

/// Reaps a dead orphan. Only here is it certain that it is no leader that has been started but not noted; and as long as the
/// lock is held nobody else reaps it, so its pid is still its own.
fn reap(pid: Pid) {
    let _no_start = SPAWNING.write().unwrap_or_else(PoisonError::into_inner);
    if suspect(number(pid)).is_some() && is_dead_child(pid) {
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }
}

fn is_dead_child(pid: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::Pid(pid), look), Ok(Some(_)))
}

/// Ends one process, if it has the tag, and waits until it has gone. A pidfd makes sure that it is the one whose tag was read.
fn end_one(pid: Pid, tag: &Tag) -> bool {
    if number(pid) == process::id() || !table::has_tag(number(pid), tag) {
        return false;
    }
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
        let killed = kill_process(pid, Signal::KILL).is_ok();
        thread::sleep(Duration::from_millis(1));
        return killed;
    };
    if !table::has_tag(number(pid), tag) || pidfd_send_signal(&pidfd, Signal::KILL).is_err() {
        return false;
    }
    let patience = Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&patience));
    true
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
