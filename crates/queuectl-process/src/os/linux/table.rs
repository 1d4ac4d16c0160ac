//! The process table, as /proc shows it.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::Tag;
use crate::os::is_out_of_room;

thread_local! {
    /// The error number of a look that failed because this process can open no more files, or the machine has no memory.
    static BLINDED: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Returns what `look` has seen.
///
/// # Errors
///
/// Fails if it couldn't see everything, for lack of file descriptors or memory. Then a process that seems to have gone may be there. If
/// this is part of another look, that one fails, too.
pub(in crate::os) fn seeing<T>(look: impl FnOnce() -> T) -> io::Result<T> {
    let before = BLINDED.take();
    let seen = look();
    let error = BLINDED.get();
    BLINDED.set(error.or(before));
    match error {
        Some(error) => Err(io::Error::from_raw_os_error(error)),
        None => Ok(seen),
    }
}

/// What was read, if it could be. Lack of room is noted for [`seeing`].
pub(super) fn known<T>(read: io::Result<T>) -> Option<T> {
    let noted = read.inspect_err(|error| {
        if is_out_of_room(error) {
            BLINDED.set(error.raw_os_error());
        }
    });
    noted.ok()
}

/// What /proc says of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::os) struct Process {
    pub(in crate::os) pid: u32,
    pub(in crate::os) parent: u32,
    pub(in crate::os) group: u32,
    pub(in crate::os) session: u32,
    pub(in crate::os) start: u64,
    pub(in crate::os) zombie: bool,
}

/// One process. `None` if there is none of that pid.
pub(in crate::os) fn read(pid: u32) -> Option<Process> {
    let stat = known(fs::read(format!("/proc/{pid}/stat")))?;
    parse(pid, &stat)
}

/// The name stands in parentheses and may itself have blanks and parentheses, so the fields are counted from the last one.
fn parse(pid: u32, stat: &[u8]) -> Option<Process> {
    let after = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = str::from_utf8(stat.get(after..)?)
        .ok()?
        .split_ascii_whitespace();
    let is_zombie = matches!(fields.next()?, "Z" | "X" | "x");
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let session = fields.next()?.parse().ok()?;
    let threads: u32 = fields.nth(13)?.parse().ok()?;
    let start = fields.nth(1)?.parse().ok()?;
    Some(Process {
        pid,
        parent,
        group,
        session,
        start,
        // The state is the first thread's. The process lives on if another thread does.
        zombie: is_zombie && threads <= 1,
    })
}

/// Returns true if processes of other users can be seen (no `hidepid`): process 1 is root's.
pub fn sees_all_processes() -> bool {
    read(1).is_some()
}

/// Every pid there is.
pub(in crate::os) fn pids() -> Vec<u32> {
    let entries = known(fs::read_dir("/proc")).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// How long to wait for a process that shows neither environment nor arguments.
const PATIENCE: Duration = Duration::from_secs(1);

/// Processes, each by its pid and start time, that have shown neither environment nor arguments for [`PATIENCE`].
pub(in crate::os) type Blank = HashSet<(u32, u64)>;

/// What a process shows of its environment.
enum Shown {
    Environment(Vec<u8>),
    /// Neither environment nor arguments, as during `execve`, which may take long on a busy machine. A program can hide both for good.
    Nothing,
}

/// Returns true if the environment with which a process was started has one of the tags. The environment of another user's process
/// can't be read, and a zombie has none.
pub(in crate::os) fn has_tag(pid: u32, tags: &[Tag]) -> bool {
    if tags.is_empty() {
        return false;
    }
    let began = Instant::now();
    loop {
        match shown(pid) {
            Some(Shown::Environment(environment)) => return names(&environment, tags),
            Some(Shown::Nothing) if began.elapsed() <= PATIENCE => {
                thread::sleep(Duration::from_micros(100));
            }
            Some(Shown::Nothing) | None => return false,
        }
    }
}

/// Calls `found` with each of these processes that started at `began` or later, and whose environment has one of the tags, as soon as
/// that is known. Those that show nothing are waited for together, for [`PATIENCE`]. Those that still show nothing then are added to
/// `blank`, and the next look doesn't wait for them.
pub(in crate::os) fn tagged(
    mut processes: Vec<(u32, u64)>,
    began: u64,
    tags: &[Tag],
    blank: &mut Blank,
    found: &mut dyn FnMut((u32, u64)),
) {
    if tags.is_empty() {
        return;
    }
    processes.retain(|(_, start)| *start >= began);
    let until = Instant::now() + PATIENCE;
    loop {
        processes.retain(|process| match shown(process.0) {
            Some(Shown::Environment(environment)) => {
                if names(&environment, tags) {
                    found(*process);
                }
                false
            }
            Some(Shown::Nothing) => !blank.contains(process),
            None => false,
        });
        if processes.is_empty() {
            return;
        }
        if Instant::now() > until {
            blank.extend(processes);
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn names(environment: &[u8], tags: &[Tag]) -> bool {
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|variable| tags.iter().any(|tag| tag.is(variable)))
}

/// What a process shows now. A process that shows arguments but no environment has none. None if it has gone or belongs to another user.
fn shown(pid: u32) -> Option<Shown> {
    let environment = match fs::read(format!("/proc/{pid}/environ")) {
        // A newer kernel reports this if the first thread has ended.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Vec::new(),
        read => known(read)?,
    };
    if !environment.is_empty() {
        return Some(Shown::Environment(environment));
    }
    let process = read(pid)?;
    if process.zombie || process.parent == KERNEL || pid == KERNEL {
        return Some(Shown::Environment(environment));
    }
    if let Some(environment) = environment_of_a_thread(pid) {
        return Some(Shown::Environment(environment));
    }
    let arguments = known(fs::read(format!("/proc/{pid}/cmdline")))?;
    if arguments.is_empty() {
        return Some(Shown::Nothing);
    }
    // The `execve` may have ended between the two reads.
    known(fs::read(format!("/proc/{pid}/environ"))).map(Shown::Environment)
}

/// The environment as another thread than the first shows it. The first thread shows none if it has ended before the others.
fn environment_of_a_thread(pid: u32) -> Option<Vec<u8>> {
    let threads = known(fs::read_dir(format!("/proc/{pid}/task")))?;
    let others = threads
        .filter_map(|thread| Some(thread.ok()?.path()))
        .filter(|thread| !thread.ends_with(pid.to_string()));
    let mut read = others.filter_map(|thread| known(fs::read(thread.join("environ"))));
    read.find(|environment| !environment.is_empty())
}

/// The parent of the kernel's own threads.
const KERNEL: u32 = 2;

/// A number that no other boot of this machine has: pids and start times begin anew with each boot.
pub(crate) fn boot() -> u64 {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = id
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(16)
        .collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Run again by itself, since the limit is the whole process's.
    #[test]
    fn what_can_not_be_seen_for_lack_of_descriptors_is_an_error() {
        const ALONE: &str = "TABLE_TEST_ALONE";
        #[expect(clippy::disallowed_methods, reason = "tells one run from the other")]
        let alone = std::env::var_os(ALONE).is_some();
        if !alone {
            let name = "os::native::table::tests::what_can_not_be_seen_for_lack_of_descriptors_is_an_error";
            let own = std::env::current_exe().unwrap();
            let mut again = std::process::Command::new(own);
            let output = again
                .args(["--exact", name])
                .env(ALONE, "")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                output.status.success() && said.contains("1 passed"),
                "{said}"
            );
            return;
        }
        let me = std::process::id();
        assert_eq!(seeing(|| read(me).is_some()).ok(), Some(true));
        assert_eq!(seeing(|| read(u32::MAX)).ok(), Some(None));
        let limit = rustix::process::Rlimit {
            current: Some(0),
            ..rustix::process::getrlimit(rustix::process::Resource::Nofile)
        };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
        assert!(seeing(|| read(me)).is_err());
        assert!(seeing(pids).is_err());
        let tag = Tag {
            name: "A".to_owned(),
            value: "b".to_owned(),
        };
        assert!(seeing(|| has_tag(me, &[tag])).is_err());
    }

    #[test]
    fn a_process_ends_with_its_last_thread() {
        let state = |stat: &[u8]| parse(1, stat).expect("it has all fields").zombie;
        assert!(state(
            b"1 (a) Z 7 40 39 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 1"
        ));
        assert!(!state(
            b"1 (a) Z 7 40 39 0 -1 0 1 2 3 4 5 6 7 8 20 0 2 0 9 1"
        ));
    }

    #[test]
    fn a_name_with_parentheses_and_blanks_moves_no_field() {
        let stat = b"42 (a) b) R 9) S 7 40 39 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        let found = Process {
            pid: 42,
            parent: 7,
            group: 40,
            session: 39,
            start: 98765,
            zombie: false,
        };
        assert_eq!(parse(42, stat), Some(found));
    }
}
