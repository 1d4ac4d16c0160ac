//! What a dead worker left running: found by the groups it noted and by its tag, and ended.

use std::collections::HashSet;
use std::io;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::facts::signal;
use crate::os::native;
use crate::{Leader, Tag};

/// How long to wait between two looks at what was killed: at first, and at most. A process that hangs in the kernel may
/// take long to go, and each look reads all processes of the machine.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));
/// How many of the processes that don't end are named.
const NAMED: usize = 3;

/// Which boot and which session the processes of a worker belong to. A group never spans sessions, so one that merely got
/// the same number later is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) boot: u64,
    pub(crate) session: u64,
}

/// The origin of this process.
pub(crate) fn origin() -> Origin {
    // SAFETY: a system call that touches no memory of ours.
    let session = unsafe { libc::getsid(0) }.unsigned_abs();
    Origin {
        boot: native::boot(),
        session: session.into(),
    }
}

/// Ends every process in one of these groups and every one with the tag, and returns how many there were, once all have gone.
/// Fails if some haven't within `patience`; all of them were killed then.
pub(crate) fn end_all(
    leaders: &[Leader],
    theirs: Origin,
    tag: &Tag,
    patience: Duration,
) -> io::Result<usize> {
    let began = Instant::now();
    let mut pause = PAUSE.0;
    let mut ended = HashSet::new();
    let mut out_of_reach = HashSet::new();
    loop {
        let mut left = Vec::new();
        for found in find(leaders, theirs, tag) {
            if out_of_reach.contains(&found) {
                continue;
            }
            let (pid, _) = found;
            match signal(pid, Signal::KILL) {
                Ok(()) => {
                    ended.insert(found);
                    left.push(pid);
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    out_of_reach.insert(found);
                }
                Err(_) => {}
            }
        }
        if left.is_empty() {
            return Ok(ended.len());
        }
        let time_left = patience.saturating_sub(began.elapsed());
        if time_left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, say_left(&left)));
        }
        thread::sleep(pause.min(time_left));
        pause = (pause * 2).min(PAUSE.1);
    }
}

fn say_left(pids: &[u32]) -> String {
    let named: Vec<_> = pids.iter().take(NAMED).map(u32::to_string).collect();
    let named = named.join(", ");
    match (pids.len(), pids.len().saturating_sub(NAMED)) {
        (1, _) => format!("process {named} doesn't end, though it was killed"),
        (_, 0) => format!("processes {named} don't end, though they were killed"),
        (_, more) => {
            format!("processes {named} and {more} more don't end, though they were killed")
        }
    }
}

/// The processes that [`end_all`] would end.
pub(crate) fn find_all(leaders: &[Leader], theirs: Origin, tag: &Tag) -> Vec<u32> {
    let found = find(leaders, theirs, tag);
    found.map(|(pid, _)| pid).collect()
}

/// Pids and when they started. One is looked at after the other, so that what was seen is still so when it is signalled.
fn find<'a>(
    leaders: &'a [Leader],
    theirs: Origin,
    tag: &'a Tag,
) -> impl Iterator<Item = (u32, u64)> + 'a {
    let leaders = if theirs.boot == native::boot() {
        leaders
    } else {
        &[]
    };
    native::pids().into_iter().filter_map(move |pid| {
        let found = native::read(pid)?;
        if found.zombie || pid == process::id() {
            return None;
        }
        let in_group = leaders
            .iter()
            .any(|leader| in_group(&found, *leader, theirs));
        (in_group || native::has_tag(pid, tag)).then_some((pid, found.start))
    })
}

/// Whether a process belongs to the group that this leader led. The leader may be dead, but a live process of its number
/// must be itself.
fn in_group(found: &native::Process, leader: Leader, theirs: Origin) -> bool {
    let itself = |start| (leader.earliest..=leader.latest).contains(&start);
    found.group == leader.pid
        && u64::from(found.session) == theirs.session
        && found.start >= leader.earliest
        && native::read(leader.pid).is_none_or(|now| itself(now.start))
}
