//! Orphans that hide: they have left their session, and their environment doesn't show the tag of their attempt.
//!
//! Orphans of commands become our children, so a child that is neither a leader nor our own helper was left by a command. A process
//! is younger than its ancestors: an orphan that is older than all running leaders was left by a command that has ended, and is
//! ended. An orphan that is younger than a running leader may descend from it, and is checked again when that leader has ended.
//!
//! That a process is our child proves nothing if we had children before we began to adopt, or if we are process 1 of a pid namespace,
//! which gets the orphans of other programs, too.

use std::io;
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

/// How long one call waits for the processes that it ends.
const DYING: Duration = Duration::from_secs(2);

/// Whether each child of ours is certainly a leader, our own helper, or left by a command.
static IS_PROOF: OnceLock<bool> = OnceLock::new();

/// To be called before we adopt orphans.
pub(super) fn begin() {
    IS_PROOF.get_or_init(|| process::id() != 1 && children::all().is_empty());
}

/// Reaps dead orphans of commands that have ended, and ends those that hide. To be called now and then. Costs one system call if
/// there are none.
pub fn look_after_orphans() {
    children::reap_apart();
    if adopting() && !children::first_has_no_orphan() {
        end_hidden(0);
    }
}

/// Ends and reaps what ended commands have left. Returns the pids of another user's processes, which can't be ended, among those that
/// started at `earliest` or later.
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
                // What it has started has become our child.
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

/// Returns true if this child is our own helper, or was set apart: it was noted as such, or it is in our session, which no process
/// of another session can join.
fn is_ours(child: Pid) -> bool {
    let pid = number(child);
    children::is_known(pid) || leaders::session_of(pid) == leaders::session_of(process::id())
}

fn number(child: Pid) -> u32 {
    child.as_raw_nonzero().get().unsigned_abs()
}

/// The child, if it was left by a command that has ended. None if it may be something else.
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
    // If it can't be told, it may be set apart.
    if table::seeing(|| is_apart(pid)).ok()? {
        children::is_set_apart(pid);
        return None;
    }
    Some(found)
}

/// Ends a child and waits for at most a second until it has gone. A pidfd makes sure that it is the process that was found.
fn end(child: Pid, found: Process) -> Result<(), Errno> {
    let pidfd = pidfd_open(child, PidfdFlags::empty()).map_err(io::Error::from);
    let pidfd = table::known(pidfd).ok_or(Errno::SRCH)?;
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
