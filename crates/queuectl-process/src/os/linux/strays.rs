//! Processes that left their group, by a session of their own or a double fork, and orphans that have become our children.
//!
//! On the ordinary path there are none, and the kernel's lists of our children say so: once the leader has been reaped, each
//! of its descendants either is an orphan, and so our child, or has an ancestor that is one. Looking at the processes
//! themselves would cost more than a short job, on a machine where others start many.
//!
//! If there are orphans, of whatever run, or no such lists, processes are looked at. A stray has the attempt's tag in its
//! environment or is in the leader's session; the session's number is trusted for a second after the leader was reaped. A
//! descendant has a pid given out after the leader's, and /proc/loadavg tells the last one given out; for each pid between the
//! two one `getpgid` says that it is gone or in the group of a running leader.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::process::{self, Child};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitid,
};

use super::leaders::{self, is_dead_child, is_stranger, reap};
use super::table;
use crate::{Leader, Tag};

/// More pids than this between the leader and the last one given out, and reading /proc is cheaper than asking for each.
const FEW: u32 = 200;
/// How long ended strays may take to go.
const DYING: Duration = Duration::from_secs(2);
/// Within this time after a leader was reaped, its pid isn't given to another process: pids are
/// given out in turn.
const NO_ROUND: Duration = Duration::from_secs(1);

static ADOPTING: AtomicBool = AtomicBool::new(false);
/// The pid of a child of ours that no run has left.
static NO_ORPHAN: AtomicU32 = AtomicU32::new(0);

/// Makes orphans of our jobs our children, not those of process 1 (Linux: `PR_SET_CHILD_SUBREAPER`). A worker calls it once
/// at its start. Its runs then reap the orphans; other children of the process are left to whoever started them.
///
/// A Linux that is only imitated, as by `qemu-aarch64` or gVisor, may not know of it: then they go to process 1.
pub fn adopt_orphans() -> io::Result<()> {
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

/// Ends and reaps every process that left the group of this leader. The calling thread has started
/// the leader, has seen it end at `ended`, and has reaped it.
pub(in crate::os) fn end_strays(leader: Leader, ended: Instant, tag: Option<&Tag>) {
    if !has_no_orphans() {
        let session = Some((leader.pid, ended));
        end_after(leader.pid, Strays { session, tag });
    }
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
        in_session || self.tag.is_some_and(|tag| table::has_tag(pid, tag))
    }
}

/// Whether it is certain that no orphan is our child. Children of others end up with our first thread, which is there as long
/// as the process; only who was made by `CLONE_PARENT` is a child of the thread that started its leader. A list that is read
/// while children come and go may lack some of several, but none that is alone.
fn has_no_orphans() -> bool {
    static FIRST: OnceLock<Option<File>> = OnceLock::new();
    let first = FIRST.get_or_init(|| {
        let process = process::id();
        File::open(format!("/proc/self/task/{process}/children")).ok()
    });
    adopting() && first.as_ref().is_some_and(lists_no_orphan) && is_childless()
}

/// Whether the calling thread has no children of its own.
fn is_childless() -> bool {
    let of_this_thread = WaitIdOptions::from_bits_retain((libc::__WNOTHREAD | libc::__WALL) as u32);
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let looked = waitid(WaitId::All, look | of_this_thread);
    matches!(looked, Err(Errno::CHILD))
}

fn lists_no_orphan(children: &File) -> bool {
    let mut text = [0; 32];
    let Ok(length) = children.read_at(&mut text, 0) else {
        return false;
    };
    // Several pids are no number.
    let only = str::from_utf8(text[..length].trim_ascii());
    only.is_ok_and(|only| only.is_empty() || only.parse() == Ok(NO_ORPHAN.load(Ordering::Relaxed)))
}

/// Says of a child of ours that it isn't an orphan that some run has left: we have started it for ourselves. Of several the
/// last counts; without this, runs take longer to end.
pub fn no_orphan(child: &Child) {
    NO_ORPHAN.store(child.id(), Ordering::Relaxed);
}

/// Ends a stray about which there was a doubt, and what it has started meanwhile.
pub(super) fn end_with_descendants(pid: Pid, tag: Option<&Tag>) {
    let strays = Strays { session: None, tag };
    if end(pid, strays) {
        end_after(pid.as_raw_nonzero().get().unsigned_abs(), strays);
    }
}

/// Ends and reaps the strays with pids that were given out after this one.
fn end_after(first: u32, strays: Strays<'_>) {
    let began = Instant::now();
    while sweep(&since(first), strays) && began.elapsed() < DYING {}
}

/// Reaps orphans that have died. For a run that lasts long and leaves many.
pub(in crate::os) fn reap_dead_orphans() {
    let none = Strays {
        session: None,
        tag: None,
    };
    sweep(&all(), none);
}

/// Every pid that may have been given out after the leader's.
fn since(leader: u32) -> Vec<Pid> {
    match last_pid() {
        Some(last) if last >= leader && last - leader <= FEW => {
            (leader + 1..=last).filter_map(pid).collect()
        }
        _ => all(),
    }
}

fn all() -> Vec<Pid> {
    table::pids().into_iter().filter_map(pid).collect()
}

fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}

/// The pid that was given out last.
fn last_pid() -> Option<u32> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_ascii_whitespace().next_back()?.parse().ok()
}

/// Ends those that are strays and reaps those that are dead orphans of ours. Says whether it ended any.
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

/// Ends a process, if it is a stray, and waits until it has gone. A pidfd makes sure that it is the one that was looked at.
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
