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

/// How long ended processes may take to go. Longer takes only one that hangs inside the kernel.
const PATIENCE: Duration = Duration::from_secs(10);

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
pub(crate) fn end_all(leaders: &[Leader], theirs: Origin, tag: &Tag) -> io::Result<usize> {
    let began = Instant::now();
    let mut ended = HashSet::new();
    let mut out_of_reach = HashSet::new();
    loop {
        let mut left = false;
        for found in find(leaders, theirs, tag) {
            if out_of_reach.contains(&found) {
                continue;
            }
            let (pid, _) = found;
            match signal(pid, Signal::KILL) {
                Ok(()) => {
                    ended.insert(found);
                    left = true;
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    out_of_reach.insert(found);
                }
                Err(_) => {}
            }
        }
        if !left {
            return Ok(ended.len());
        }
        if began.elapsed() > PATIENCE {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "processes of a dead worker don't end",
            ));
        }
        thread::sleep(Duration::from_millis(2));
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
