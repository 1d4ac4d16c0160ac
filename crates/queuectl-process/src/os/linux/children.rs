//! Our own children, as the kernel lists them for each thread (`/proc/self/task/N/children`), and which of them aren't orphans of
//! commands.
//!
//! Orphans become children of our first thread, which lives as long as the process. Only a process made with `CLONE_PARENT` becomes a
//! child of the thread that started its leader. A list that is read while children come and go may lack some of several children,
//! but never an only child.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::{self, Child};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::leaders::{is_child, reap};
use super::table;

static KNOWN: Mutex<Known> = Mutex::new(Known {
    helpers: Vec::new(),
    apart: Vec::new(),
});

/// Children that are neither leaders nor orphans of commands.
struct Known {
    /// Processes that we have started for ourselves, and wait for.
    helpers: Vec<u32>,
    /// Processes that commands have started to outlive them.
    apart: Vec<u32>,
}

/// Notes that we have started this child for ourselves, so it is no orphan of a command. Without this note, runs take longer to end.
pub fn no_orphan(child: &Child) {
    let helpers = &mut known().helpers;
    helpers.retain(|pid| pid_of(*pid).is_some_and(is_child));
    helpers.push(child.id());
}

/// Remembers that a command has started this child of ours to outlive it.
pub(super) fn is_set_apart(pid: u32) {
    known().apart.push(pid);
}

pub(super) fn is_known(pid: u32) -> bool {
    let known = known();
    known.helpers.contains(&pid) || known.apart.contains(&pid)
}

/// Reaps and forgets dead processes that commands had started to outlive them.
pub(super) fn reap_apart() {
    let apart = &mut known().apart;
    apart.retain(|pid| {
        let Some(pid) = pid_of(*pid) else {
            return false;
        };
        reap(pid);
        is_child(pid)
    });
}

/// Returns true if it is certain that no orphan is a child of our first thread or of the calling one.
pub(super) fn have_no_orphan() -> bool {
    first_has_no_orphan() && is_childless()
}

/// Returns true if it is certain that no orphan is a child of our first thread.
pub(super) fn first_has_no_orphan() -> bool {
    list_of_first().is_some_and(lists_only_known)
}

/// The list of our first thread. None if the kernel has no such lists.
fn list_of_first() -> Option<&'static File> {
    static FIRST: OnceLock<Option<File>> = OnceLock::new();
    let first = FIRST.get_or_init(|| {
        let process = process::id();
        File::open(format!("/proc/self/task/{process}/children")).ok()
    });
    first.as_ref()
}

fn lists_only_known(children: &File) -> bool {
    let mut text = [0; 128];
    let Ok(length) = children.read_at(&mut text, 0) else {
        return false;
    };
    let listed = &text[..length];
    // A number at the end of the buffer may be cut off.
    listed.is_empty() || (length < text.len() && numbers(listed).all(is_known))
}

/// Returns true if the calling thread has no children of its own.
fn is_childless() -> bool {
    let of_this_thread = WaitIdOptions::from_bits_retain((libc::__WNOTHREAD | libc::__WALL) as u32);
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let looked = waitid(WaitId::All, look | of_this_thread);
    matches!(looked, Err(Errno::CHILD))
}

/// The children of all our threads.
pub(super) fn all() -> Vec<Pid> {
    if list_of_first().is_none() {
        let mut pids = table::pids();
        pids.retain(|pid| table::read(*pid).is_some_and(|found| found.parent == process::id()));
        return pids.into_iter().filter_map(pid_of).collect();
    }
    let threads = table::known(fs::read_dir("/proc/self/task"));
    let threads = threads.into_iter().flatten();
    let lists =
        threads.filter_map(|thread| table::known(fs::read(thread.ok()?.path().join("children"))));
    let mut children = Vec::new();
    for list in lists {
        children.extend(numbers(&list).filter_map(pid_of));
    }
    children
}

fn numbers(list: &[u8]) -> impl Iterator<Item = u32> {
    let words = list.split(u8::is_ascii_whitespace);
    words.filter_map(|word| str::from_utf8(word).ok()?.parse().ok())
}

pub(super) fn pid_of(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}
