//! Processes that left their group for a session or a group of their own. They have the attempt's tag in their environment or are
//! still in the leader's session, and are younger than the leader, so the rest of the machine isn't read.
//!
//! The system shows the environment of our own processes, but not of those whose program it protects from being debugged:
//! such a stray isn't seen.

use std::process;
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{has_tag, pids, read};
use crate::{Leader, Tag};

/// How long ended strays may take to go.
const DYING: Duration = Duration::from_secs(2);

/// Within this time after a leader was reaped, its pid isn't given to another process.
const NO_ROUND: Duration = Duration::from_secs(1);

/// Ends every process that left the group of this leader, which was seen to end at `ended` and has been reaped. Returns no process:
/// those of another user show no tag, and `holdouts` finds those in the session.
pub(in crate::os) fn end_strays(leader: Leader, ended: Instant, tag: Option<&Tag>) -> Vec<u32> {
    let Some(tag) = tag else {
        return Vec::new();
    };
    let began = Instant::now();
    // What a stray has started before it ended is found the next time.
    while end_young(leader, ended, tag) && began.elapsed() < DYING {
        thread::sleep(Duration::from_millis(1));
    }
    Vec::new()
}

/// Ends those that are there now. Says whether there were any.
fn end_young(leader: Leader, ended: Instant, tag: &Tag) -> bool {
    let mut any = false;
    for pid in pids() {
        let Some(found) = read(pid) else {
            continue;
        };
        let is_young = !found.zombie && found.start >= leader.earliest && pid != process::id();
        // The session has the leader's number, which another session may get later.
        let in_session = found.session == leader.pid && ended.elapsed() < NO_ROUND;
        // Its pid may have gone to another while its tag was read.
        if is_young
            && (in_session || has_tag(pid, slice::from_ref(tag)))
            && read(pid) == Some(found)
        {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            any |= pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok());
        }
    }
    any
}
