//! Processes that have to end but can't be signalled, since they belong to another user, such as those that `sudo` and other setuid
//! programs start.
//!
//! A signal to a group succeeds if any process of it could be signalled. So each process is tested by itself.

use std::io::{self, ErrorKind};

use rustix::io::Errno;
use rustix::process::{Signal, test_kill_process};

use super::facts::{native_pid, signal};
use super::group;
use crate::Leader;
use crate::os::native::{self, Process, SECOND};

/// How many pids of each kind an error names at most.
const NAMED: usize = 3;

/// The session of a leader that has been reaped. Once it is empty, its number and that of the leader's group may go to others.
///
/// Pids are given out in turn, so none is given out twice within a second. So the session is still the leader's if one of its processes
/// has started within a second after the number was last known to be the leader's.
pub(super) struct Session {
    leader: Leader,
    /// When the number was last known to be the leader's, by the clock of [`native::now`].
    alive: u64,
    /// Whether the number was the leader's at the last look. Processes that can't be seen prove nothing by their start.
    was_its_own: bool,
}

impl Session {
    pub(super) fn of(leader: Leader, alive: u64, is_its_own: bool) -> Self {
        Self {
            leader,
            alive,
            was_its_own: is_its_own,
        }
    }

    /// Kills every process of the session, if it is still the leader's. Returns the pids of those that can't be signalled.
    pub(super) fn insist(&mut self) -> Vec<u32> {
        let now = native::now();
        let pids = native::pids().into_iter();
        let members = pids.filter_map(|pid| Some((pid, native::read(pid)?)));
        let is_member = |found: &Process| {
            found.session == self.leader.pid && found.start >= self.leader.earliest
        };
        let mut members: Vec<_> = members.filter(|(_, found)| is_member(found)).collect();
        let is_proof = |found: &Process| found.start <= self.alive + SECOND;
        let is_seen = members.iter().any(|(_, found)| is_proof(found));
        self.was_its_own = is_seen || self.was_its_own && is_hidden(self.leader);
        if !self.was_its_own {
            return Vec::new();
        }
        self.alive = now;
        if !is_seen {
            return vec![self.leader.pid];
        }
        // In one call, so that a process of the group can't evade it by starting others.
        if let Ok(group) = native_pid(self.leader.pid) {
            group::signal(group, Signal::KILL);
        }
        members.retain(|(pid, found)| !found.zombie && native::read(*pid) == Some(*found));
        let pids = members.into_iter().map(|(pid, _)| pid);
        let is_refused = |pid: &u32| {
            let refused = signal(*pid, Signal::KILL).err();
            refused.is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
        };
        pids.filter(is_refused).collect()
    }
}

/// The pids of running processes in a leader's group or session that we may not signal.
pub(super) fn of(leader: Leader) -> Vec<u32> {
    let belongs = |found: &Process| {
        (found.group == leader.pid || found.session == leader.pid)
            && found.start >= leader.earliest
            && !found.zombie
    };
    let mut pids = native::pids();
    pids.retain(|pid| native::read(*pid).is_some_and(|found| belongs(&found)));
    pids.retain(|pid| is_out_of_reach(*pid));
    if pids.is_empty() && is_hidden(leader) {
        pids.push(leader.pid);
    }
    pids
}

/// Returns true if a leader's group has processes of other users only, which can't be seen. If the number has gone to another
/// group meanwhile, that is a false alarm, which ends with that group.
pub(super) fn is_hidden(leader: Leader) -> bool {
    native_pid(leader.pid).is_ok_and(group::is_hidden)
}

/// Why a process that has to end goes on, as a sentence without a full stop. It was killed, or can't be.
pub fn why_it_goes_on(pid: u32) -> String {
    match is_out_of_reach(pid) {
        true => format!("process {pid} belongs to another user, who has to end it"),
        false => format!(
            "process {pid} was killed and doesn't end: it is frozen, traced, or hangs in the kernel"
        ),
    }
}

/// Returns true if a process has this pid and we may not signal it.
pub(super) fn is_out_of_reach(pid: u32) -> bool {
    native_pid(pid).is_ok_and(|pid| test_kill_process(pid) == Err(Errno::PERM))
}

/// Why a rescue has to wait: the processes `left` were killed but don't end, and those `out_of_reach` can't be killed.
pub(super) fn error(left: &[u32], out_of_reach: &[u32]) -> io::Error {
    let kind = match left {
        [] => ErrorKind::PermissionDenied,
        _ => ErrorKind::TimedOut,
    };
    let many = |pids: &[u32], one: &str, several: &str| match pids {
        [] => None,
        [_] => Some(format!("process {} {one}", names(pids))),
        _ => Some(format!("processes {} {several}", names(pids))),
    };
    let left = many(
        left,
        "doesn't end, though it was killed",
        "don't end, though they were killed",
    );
    let out_of_reach = many(
        out_of_reach,
        "belongs to another user, who has to end it",
        "belong to another user, who has to end them",
    );
    let all: Vec<_> = left.into_iter().chain(out_of_reach).collect();
    io::Error::new(kind, all.join("; "))
}

fn names(pids: &[u32]) -> String {
    let named: Vec<_> = pids.iter().take(NAMED).map(u32::to_string).collect();
    let named = named.join(", ");
    match pids.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_first_of_each_kind() {
        let said = |left: &[u32], out_of_reach: &[u32]| error(left, out_of_reach).to_string();
        assert_eq!(
            said(&[1], &[]),
            "process 1 doesn't end, though it was killed"
        );
        assert_eq!(
            said(&[1, 2, 3, 4, 5], &[6]),
            "processes 1, 2, 3 and 2 more don't end, though they were killed; \
             process 6 belongs to another user, who has to end it"
        );
        let kind = error(&[], &[7, 8]).kind();
        assert_eq!(kind, ErrorKind::PermissionDenied);
    }
}
