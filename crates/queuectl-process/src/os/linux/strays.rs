//! Processes that left their group, by a session of their own or a double fork, and orphans that have become our children.
//!
//! On the ordinary path there are none, and the kernel's lists of our children say so: once the leader has been reaped, each
//! of its descendants either is an orphan, and so our child, or has an ancestor that is one. Looking at the processes
//! themselves would cost more than a short job, on a machine where others start many.
//!
//! If there are orphans, of whatever run, or no such lists, processes are looked at. A stray has the attempt's tag in its
//! environment and descends from us, or is in the leader's session; the session's number is trusted for a second after the
//! leader was reaped. A descendant has a pid given out after the leader's, and /proc/loadavg tells the last one given out; for
//! each pid between the two one `getpgid` says that it is gone or in the group of a running leader. Pids come round: a leader
//! that has run for longer than a second has all processes looked at. What shows neither tag nor session is left to `adopted`.

use std::fs;
use std::io;
use std::iter;
use std::process;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal, set_child_subreaper,
};

use super::children::pid_of;
use super::leaders::{self, is_dead_child, is_stranger, reap};
use super::{SECOND, adopted, children, now, table};
use crate::{Leader, Tag};

/// More pids than this between the leader and the last one given out, and reading /proc is cheaper than asking for each.
const FEW: u32 = 200;
/// How long ended strays may take to go.
const DYING: Duration = Duration::from_secs(2);
/// Within this time after a leader was reaped, its pid isn't given to another process: pids are
/// given out in turn.
const NO_ROUND: Duration = Duration::from_secs(1);

static ADOPTING: AtomicBool = AtomicBool::new(false);

/// Makes orphans of our jobs our children, not those of process 1 (Linux: `PR_SET_CHILD_SUBREAPER`). A worker calls it once
/// at its start. Its runs then reap the orphans; other children of the process are left to the code that started them.
///
/// An emulated Linux, such as `qemu-aarch64` or gVisor, may not support it: then orphans go to process 1.
pub fn adopt_orphans() -> io::Result<()> {
    adopted::begin();
    match set_child_subreaper(Some(rustix::process::getpid())) {
        Ok(()) => ADOPTING.store(true, Ordering::Relaxed),
        Err(Errno::INVAL) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

pub(in crate::os) fn adopting() -> bool {
    ADOPTING.load(Ordering::Relaxed)
}

/// Ends and reaps every process that left the group of this leader. The calling thread has started the leader, has seen it end
/// at `ended`, and has reaped it. Returns the pids of those that belong to another user, and so can't be ended.
pub(in crate::os) fn end_strays(leader: Leader, ended: Instant, tag: Option<&Tag>) -> Vec<u32> {
    if adopting() && children::have_no_orphan() {
        return Vec::new();
    }
    let session = Some((leader.pid, ended));
    let is_young = now() <= leader.earliest + SECOND;
    let strays = Strays { session, tag };
    end_after(is_young.then_some(leader.pid), strays);
    adopted::end_hidden(leader.earliest)
}

/// How the strays of a leader are recognised.
#[derive(Clone, Copy)]
struct Strays<'a> {
    /// The leader's session, and when the leader was seen to have ended.
    session: Option<(u32, Instant)>,
    tag: Option<&'a Tag>,
}

impl Strays<'_> {
    /// Returns true if a process is one of them.
    fn have(self, pid: u32) -> bool {
        let in_session = self.session.is_some_and(|(session, ended)| {
            // The clock is read last: this process may be suspended between any two calls.
            leaders::session_of(pid) == Some(session)
                && table::read(pid).is_some_and(|found| !found.zombie)
                && ended.elapsed() < NO_ROUND
        });
        // A tag alone is no proof: a program such as `at` may start others later with the environment of a command.
        in_session
            || self
                .tag
                .is_some_and(|tag| table::has_tag(pid, slice::from_ref(tag)))
                && (!adopting() || descends_from_us(pid))
    }
}

/// Returns true if a process descends from this one, or if that can't be told.
fn descends_from_us(pid: u32) -> bool {
    /// How often to start over because an ancestor has ended meanwhile.
    const TRIES: usize = 10;
    for _ in 0..TRIES {
        let ancestors = iter::successors(table::read(pid), |one| table::read(one.parent));
        let last = ancestors.take_while(|one| one.pid != process::id()).last();
        match last.map(|one| one.parent) {
            Some(parent) if parent == process::id() => return true,
            // We reached process 1, the kernel, or a parent outside this pid namespace.
            None | Some(0 | 1) => return false,
            Some(_) => {}
        }
    }
    true
}

/// Ends a stray about which there was a doubt, and what it has started meanwhile.
pub(super) fn end_with_descendants(pid: Pid, tag: Option<&Tag>) {
    let strays = Strays { session: None, tag };
    if end(pid, strays) {
        end_after(Some(pid.as_raw_nonzero().get().unsigned_abs()), strays);
    }
}

/// Ends and reaps the strays with pids that were given out after this one, or all of them if that is too long ago.
fn end_after(first: Option<u32>, strays: Strays<'_>) {
    let began = Instant::now();
    while sweep(&since(first), strays) && began.elapsed() < DYING {}
}

/// Every pid that may have been given out after `first`, which was given out so recently that no pid can have come twice since.
fn since(first: Option<u32>) -> Vec<Pid> {
    match (first, last_pid()) {
        (Some(first), Some(last)) if last >= first && last - first <= FEW => {
            (first + 1..=last).filter_map(pid_of).collect()
        }
        _ => table::pids().into_iter().filter_map(pid_of).collect(),
    }
}

/// The pid that was given out last.
fn last_pid() -> Option<u32> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_ascii_whitespace().next_back()?.parse().ok()
}

/// Ends those that are strays, and reaps those that are dead orphans of ours. Returns true if it ended any.
fn sweep(pids: &[Pid], strays: Strays<'_>) -> bool {
    let mut ended = false;
    for pid in pids {
        if is_stranger(*pid, strays.tag) {
            ended |= end(*pid, strays);
        }
    }
    ended
}

/// Ends a process that is no leader of ours, if it is a stray, and reaps it, if it is our child.
fn end(pid: Pid, strays: Strays<'_>) -> bool {
    let ended = end_stray(pid, strays);
    if is_dead_child(pid) {
        reap(pid);
    }
    ended
}

/// Ends a process if it is a stray, and waits for at most a second until it has gone. A pidfd makes sure that it is the process that
/// was checked.
fn end_stray(pid: Pid, strays: Strays<'_>) -> bool {
    let number = pid.as_raw_nonzero().get().unsigned_abs();
    if !strays.have(number) {
        return false;
    }
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
        let killed = kill_process(pid, Signal::KILL).is_ok();
        thread::sleep(Duration::from_millis(1));
        return killed;
    };
    if !strays.have(number) || pidfd_send_signal(&pidfd, Signal::KILL).is_err() {
        return false;
    }
    let patience = Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&patience));
    true
}
