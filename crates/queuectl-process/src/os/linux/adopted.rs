//! Orphans that hide: they have left their session, and their environment doesn't show the tag of their attempt.
//!
//! Orphans of commands become our children, so a child that isn't a leader is a command's. A process is younger than its
//! ancestors: one that is older than all leaders which run belongs to a command that has ended, and is ended. One that is younger
//! than a leader may be that one's; it is looked at again when that leader has ended.
//!
//! A child proves nothing if we had children before we began to adopt, or if we are process 1 of a namespace, to which others
//! come, too.

use std::process;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::children;
use super::leaders::{self, is_dead_child};
use super::strays::adopting;
use super::table::{self, Process};
use crate::os::system::is_apart;

/// How long all that is ended in one go may take to go.
const DYING: Duration = Duration::from_secs(2);

/// Whether each child of ours is a leader, one of our own, or left by a command.
static IS_PROOF: OnceLock<bool> = OnceLock::new();

/// To be called before the first orphan may come.
pub(super) fn begin() {
    IS_PROOF.get_or_init(|| process::id() != 1 && children::all().is_empty());
}

/// Looks after orphans of commands that have ended: reaps those that have died, and ends those that hide. To be called now and
/// then. If there are none, that is one system call.
pub fn look_after_orphans() {
    children::reap_apart();
    if adopting() && !children::first_has_no_orphan() {
        end_hidden(0);
    }
}

/// Ends and reaps what ended commands have left. Returns those that started since `earliest` and can't be ended, since they belong
/// to another user.
pub(super) fn end_hidden(earliest: u64) -> Vec<u32> {
    let began = Instant::now();
    loop {
        let mut any = false;
        let mut out_of_reach = Vec::new();
        for child in children::all() {
            if leaders::runs(child) || is_ours(child) {
                continue;
            }
            if is_dead_child(child) {
                leaders::reap(child);
                continue;
            }
            let Some(found) = hidden(child) else {
                continue;
            };
            match end(child, found) {
                // What it has started is our child now.
                Ok(()) => any = true,
                Err(Errno::PERM) if found.start >= earliest => out_of_reach.push(found.pid),
                Err(_) => {}
            }
        }
        if !any || began.elapsed() > DYING {
            return out_of_reach;
        }
    }
}

/// Returns true if we have started a child for ourselves: that was said, or it is in our session. No process comes into a session
/// from another one.
fn is_ours(child: Pid) -> bool {
    let pid = number(child);
    children::is_known(pid) || leaders::session_of(pid) == leaders::session_of(process::id())
}

fn number(child: Pid) -> u32 {
    child.as_raw_nonzero().get().unsigned_abs()
}

/// What is known of a child that commands have left which have ended; none if it may be something else.
fn hidden(child: Pid) -> Option<Process> {
    if IS_PROOF.get() != Some(&true) {
        return None;
    }
    let pid = number(child);
    let found = table::read(pid)?;
    let is_left =
        found.parent == process::id() && !found.zombie && leaders::are_younger_than(found.start);
    if !is_left {
        return None;
    }
    if is_apart(pid) {
        children::is_set_apart(pid);
        return None;
    }
    Some(found)
}

/// Ends it and waits until it has gone. A pidfd makes sure that it is the one that was looked at.
fn end(child: Pid, found: Process) -> Result<(), Errno> {
    let pidfd = pidfd_open(child, PidfdFlags::empty())?;
    if table::read(found.pid) != Some(found) {
        return Err(Errno::SRCH);
    }
    pidfd_send_signal(&pidfd, Signal::KILL)?;
    let patience = Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&patience));
    if is_dead_child(child) {
        leaders::reap(child);
    }
    Ok(())
}
