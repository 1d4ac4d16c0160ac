//! Processes that left their group by a session or a group of their own. They have the attempt's tag in their environment,
//! and are younger than its leader, so the rest of the machine isn't read.
//!
//! The system shows the environment of our own processes, but not of those whose program it protects from being debugged:
//! such a stray isn't seen.

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{has_tag, pids, read};
use crate::{Leader, Tag};

/// How long ended strays may take to go.
const DYING: Duration = Duration::from_secs(2);

/// Ends every process that left the group of this leader, which has been reaped.
pub(in crate::os) fn end_strays(leader: Leader, tag: Option<&Tag>) {
    let Some(tag) = tag else {
        return;
    };
    let began = Instant::now();
    // What a stray has started before it ended is found the next time.
    while end_young(leader, tag) && began.elapsed() < DYING {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Ends those that are there now. Says whether there were any.
fn end_young(leader: Leader, tag: &Tag) -> bool {
    let mut ended = false;
    for pid in pids() {
        let Some(found) = read(pid) else {
            continue;
        };
        let is_young = !found.zombie && found.start >= leader.earliest && pid != process::id();
        // Its pid may have gone to another while its tag was read.
        if is_young && has_tag(pid, tag) && read(pid) == Some(found) {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            ended |= pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok());
        }
    }
    ended
}
