//! What Linux alone tells of a process: its memory, threads and descriptors, by `/proc`.

use std::ffi::OsString;
use std::path::Path;

/// The most memory that a process has had so far, in KiB; none if it has ended.
pub(crate) fn peak_memory(pid: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}

/// Whether a process has a thread of this name.
pub(crate) fn has_thread(pid: i32, name: &str) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let mut threads = threads.into_iter().flatten().flatten();
    threads.any(|thread| {
        let found = std::fs::read_to_string(thread.path().join("comm"));
        found.is_ok_and(|found| found.trim_end() == name)
    })
}

/// What a process holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Open descriptors.
    pub(crate) descriptors: usize,
    /// Threads, but for the one that is started when it is first needed.
    pub(crate) threads: usize,
    /// Children, dead ones too.
    pub(crate) children: usize,
}

/// What a process holds now.
pub(crate) fn held_by(pid: i32) -> Held {
    let names = |what: &str| {
        let entries = std::fs::read_dir(format!("/proc/{pid}/{what}")).expect("it is alive");
        let names = entries.flatten().map(|entry| entry.file_name());
        names.collect::<Vec<_>>()
    };
    let threads = names("task");
    // The one that waits for the store's lock is there from the first time that others hold it.
    let waits_for_lock = |thread: &&OsString| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/task/{}/comm", thread.display()));
        name.is_ok_and(|name| name.trim_end() == "store-lock")
    };
    let helpers = threads.iter().filter(waits_for_lock).count();
    let children = threads.iter().map(|thread| {
        let list = format!("/proc/{pid}/task/{}/children", thread.display());
        let list = std::fs::read_to_string(list).unwrap_or_default();
        list.split_whitespace().count()
    });
    Held {
        descriptors: names("fd").len(),
        children: children.sum(),
        threads: threads.len() - helpers,
    }
}

/// The highest number of a descriptor that a process has open.
pub(crate) fn highest_descriptor(pid: i32) -> u32 {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it is alive");
    let numbers = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.max().expect("it has some")
}

/// Whether a process has a file open.
pub(crate) fn has_open(pid: i32, file: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it is alive");
    let mut open = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    open.any(|path| path == file)
}
