//! A process group: signal it, see who of it still lives, wait until it is gone.

use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid, waitpid,
};

use crate::os::native;

/// How long to wait for processes that were sent SIGKILL. Longer takes only one that hangs inside the kernel.
pub(super) const DYING: Duration = Duration::from_secs(2);

/// Sends a signal to every process of the group. That there is none, or that one belongs to another user, changes nothing.
pub(super) fn signal(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// Whether anyone of the group runs, zombies not counted.
pub(super) fn lives(group: Pid) -> bool {
    let group = group.as_raw_nonzero().get().unsigned_abs();
    native::pids()
        .into_iter()
        .filter_map(native::read)
        .any(|process| process.group == group && !process.zombie)
}

/// Returns true if a group has processes of other users only, none of which can be seen (`hidepid`).
pub(super) fn is_hidden(group: Pid) -> bool {
    let number = group.as_raw_nonzero().get().unsigned_abs();
    let is_foreign = || test_kill_process_group(group) == Err(Errno::PERM);
    let is_seen = |pid: u32| native::read(pid).is_some_and(|found| found.group == number);
    // Asked again, since it may have gone in between.
    is_foreign() && !native::pids().into_iter().any(is_seen) && is_foreign()
}

/// Waits until all processes of a group that was sent SIGKILL have gone, and reaps those that became our children. Its leader has
/// been reaped. Normally one system call. Returns false if some are left: they belong to another user, or hang in the kernel.
pub(super) fn wait_gone(group: Pid) -> bool {
    let began = Instant::now();
    let mut pause = Duration::from_micros(100);
    loop {
        // The group has processes, and all of them belong to another user.
        let is_foreign = match test_kill_process_group(group) {
            Ok(()) => false,
            Err(Errno::PERM) => true,
            Err(_) => return true,
        };
        while matches!(waitpgid(group, WaitOptions::NOHANG), Ok(Some(_))) {}
        if (is_foreign || pause > Duration::from_millis(10)) && !lives(group) {
            return !is_hidden(group);
        }
        if is_foreign || began.elapsed() > DYING {
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Ends and reaps a leader that can't be watched.
pub(super) fn abandon(leader: Pid) {
    signal(leader, Signal::KILL);
    let _ = rustix::io::retry_on_intr(|| waitpid(Some(leader), WaitOptions::empty()));
    wait_gone(leader);
}
