//! What a dead worker left running: found by the sessions of the leaders it noted and by its tag, and ended.
//!
//! The leader of a job leads a session, whose number is the leader's pid. The system gives that number to no other process or
//! session while any process is in this session. So all processes in the session of a living leader are the job's. After the
//! leader's death its session may become empty, and its number may go to another session. A session without its leader is
//! therefore only trusted if one of its processes is older than the worker's last heartbeat: the leader lived then, so the
//! session hasn't been empty since.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::facts::signal;
use super::holdouts;
use crate::os::native::{self, Process, SECOND};
use crate::{Leader, Tag};

/// How long to wait between two looks at killed processes: at first, and at most. A process that hangs in the kernel may
/// take long to go, and each look reads all processes of the machine.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// A worker may have lived for this long after its last heartbeat, of which there are about two a second. Pids are given out in
/// turn, so none is given out twice within this time.
const BETWEEN_HEARTBEATS: u64 = SECOND;

/// Ends every process in the session of one of these leaders, and every process with one of the tags. Returns how many processes that
/// were, once all have gone. `lived` is the time from their worker's start to its last heartbeat.
///
/// # Errors
///
/// Fails if some were killed but haven't gone within `patience`, or if some belong to another user, and so can't be killed.
pub(crate) fn end_all(
    leaders: &[Leader],
    lived: &Range<u64>,
    tags: &[Tag],
    patience: Duration,
) -> io::Result<usize> {
    let began = Instant::now();
    let mut pause = PAUSE.0;
    // Decided once, before the processes that prove a session are ended.
    let sessions = native::seeing(|| sessions(leaders, lived.end))?;
    let mut ended = HashSet::new();
    let mut blank = native::Blank::default();
    loop {
        let (mut left, mut out_of_reach) = (Vec::new(), Vec::new());
        let mut kill = |found: (u32, u64)| match signal(found.0, Signal::KILL) {
            Ok(()) => {
                ended.insert(found);
                left.push(found.0);
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                out_of_reach.push(found.0);
            }
            Err(_) => {}
        };
        native::seeing(|| find(&sessions, lived.start, tags, &mut blank, &mut kill))?;
        let hidden = leaders
            .iter()
            .filter(|leader| holdouts::is_hidden(**leader));
        out_of_reach.extend(hidden.map(|leader| leader.pid));
        let time_left = patience.saturating_sub(began.elapsed());
        match (left.as_slice(), out_of_reach.as_slice()) {
            ([], []) => return Ok(ended.len()),
            // Another user may never end them, so waiting is of no use.
            ([], _) => return Err(holdouts::error(&left, &out_of_reach)),
            _ if time_left.is_zero() => return Err(holdouts::error(&left, &out_of_reach)),
            _ => {}
        }
        thread::sleep(pause.min(time_left));
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// The processes that [`end_all`] would end.
pub(crate) fn find_all(
    leaders: &[Leader],
    lived: &Range<u64>,
    tags: &[Tag],
) -> io::Result<Vec<u32>> {
    native::seeing(|| {
        let sessions = sessions(leaders, lived.end);
        let mut blank = native::Blank::default();
        let mut pids = Vec::new();
        let mut note = |(pid, _)| pids.push(pid);
        find(&sessions, lived.start, tags, &mut blank, &mut note);
        pids
    })
}

/// The processes that [`end_all`] can't end, since they belong to another user: for each the index of its leader, and its pid.
pub(crate) fn out_of_reach(leaders: &[Leader], alive: u64) -> Vec<(usize, u32)> {
    let own = sessions(leaders, alive);
    let places = leaders.iter().enumerate();
    places
        .filter(|(_, leader)| own.contains(leader))
        .flat_map(|(place, leader)| {
            holdouts::of(*leader)
                .into_iter()
                .map(move |pid| (place, pid))
        })
        .collect()
}

/// The leaders whose session is certainly still their own, and not a later one with the same number.
fn sessions(leaders: &[Leader], alive: u64) -> Vec<Leader> {
    if leaders.is_empty() {
        return Vec::new();
    }
    let processes: Vec<Process> = native::pids()
        .into_iter()
        .filter_map(native::read)
        .collect();
    let is_own = |leader: &&Leader| match native::read(leader.pid) {
        Some(now) => is_itself(leader, now.start),
        None => processes
            .iter()
            .any(|one| is_in(one, leader) && one.start <= alive + BETWEEN_HEARTBEATS),
    };
    leaders.iter().filter(is_own).copied().collect()
}

/// Calls `found` with the pid and start time of each process to end, just after it was looked up, so that a signal meets what was seen.
/// Those in the sessions come first: to read the environments may take long. The worker started at `began`.
fn find(
    sessions: &[Leader],
    began: u64,
    tags: &[Tag],
    blank: &mut native::Blank,
    found: &mut dyn FnMut((u32, u64)),
) {
    let mut others = Vec::new();
    for pid in native::pids() {
        let Some(process) = native::read(pid).filter(|process| !process.zombie) else {
            continue;
        };
        let one = (pid, process.start);
        if pid == process::id() {
            continue;
        }
        if sessions.iter().any(|leader| is_in(&process, leader)) {
            found(one);
        } else {
            others.push(one);
        }
    }
    native::tagged(others, began, tags, blank, found);
}

/// Returns true if a process is in the session that this leader led.
fn is_in(found: &Process, leader: &Leader) -> bool {
    found.session == leader.pid && found.start >= leader.earliest
}

/// Returns true if the process that has the leader's pid, and started then, is the leader.
fn is_itself(leader: &Leader, start: u64) -> bool {
    (leader.earliest..=leader.latest).contains(&start)
}
