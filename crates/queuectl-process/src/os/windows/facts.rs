//! The few native facts that other rooms ask for.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command};
use std::ptr;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, FILETIME, GetHandleInformation,
    HANDLE_FLAG_INHERIT, SetHandleInformation,
};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW, GetSystemTimePreciseAsFileTime,
};
use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS, GetProcessTimes,
    OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE,
    TerminateProcess,
};

use super::handle::{check, is_set, owned, wait_for_one};
use super::rights;
use crate::{Leader, Tag, UserSettings};

/// Where the search for inherited handles ends; whoever starts a command has far fewer.
const LAST_HANDLE: usize = 0x4000;

/// Creates a folder and all that is missing above it, for their owner alone.
pub fn private_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        private_dir(above)?;
    }
    match rights::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        created => created,
    }
}

/// Where programs keep what a user has set for them, by a user's environment.
pub fn user_settings(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<UserSettings> {
    Some(UserSettings::Roaming(variable("APPDATA")?.into()))
}

/// Opens a file as `how` says. One that wasn't there is for its owner alone.
pub fn create_private(path: &Path, how: &mut OpenOptions) -> io::Result<File> {
    let is_new = !path.exists();
    let file = how.open(path)?;
    if is_new {
        rights::give_to_owner_alone(path)?;
    }
    Ok(file)
}

/// When a process started, in hundreds of nanoseconds of the calendar. With the pid it identifies a process. `None` if there
/// is no such process.
pub fn process_start(pid: u32) -> Option<u64> {
    let process = open(pid, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE);
    // While somebody has a handle to it, a process that has ended is still there.
    let process = process.ok().filter(|process| !is_set(process))?;
    start_of(&process)
}

/// Whether the process with this pid and start time runs.
pub fn is_alive(pid: u32, started: u64) -> bool {
    let process = open(pid, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE);
    process.is_ok_and(|process| start_of(&process) == Some(started) && !is_set(&process))
}

/// Ends a process at once. One that has ended is an error, even while somebody has a handle to it.
pub fn kill(pid: u32) -> io::Result<()> {
    let process = open(pid, PROCESS_TERMINATE | PROCESS_SYNCHRONIZE)?;
    if is_set(&process) {
        return Err(io::Error::from_raw_os_error(ERROR_INVALID_PARAMETER as i32));
    }
    terminate(&process)
}

/// Ends a process at once.
pub(super) fn terminate(process: &OwnedHandle) -> io::Result<()> {
    // SAFETY: a call without pointers; the handle is borrowed, so it is open.
    check(unsafe { TerminateProcess(process.as_raw_handle(), 1) })
}

/// Does nothing: a detached worker was started without a terminal.
pub fn leave_terminal() -> io::Result<()> {
    Ok(())
}

/// Does nothing: orphans stay in their Job Object.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// Does nothing: no orphan outlives its Job Object.
pub fn look_after_orphans() {}

/// Does nothing: a flag at the start takes a process out of the Job Object.
pub fn set_apart(_command: &mut Command) {}

/// Does nothing: what a run leaves is in its Job Object.
pub fn no_orphan(_child: &Child) {}

/// Does nothing: what is passed on to a command is named when it is started.
pub fn keep_descriptors() -> io::Result<()> {
    Ok(())
}

/// Starts a worker that outlives its starter: without a console, in a group that no Ctrl+C reaches. What the
/// starter was given by its own is made not to be inherited; or whoever reads a pipe would wait for the worker's end. That is not
/// only its standard handles: a shell passes on all that it was given.
pub fn start_detached(command: &mut Command) -> io::Result<Child> {
    // Handles are multiples of four, and an inherited one has the number that it had there.
    for number in (4..LAST_HANDLE).step_by(4) {
        let handle = ptr::without_provenance_mut(number);
        let mut flags = 0;
        // SAFETY: the number is no pointer, only looked up by the system: the call fails if there
        // is no such handle. The flags are a local.
        let known = unsafe { GetHandleInformation(handle, &mut flags) } != 0;
        if known && flags & HANDLE_FLAG_INHERIT != 0 {
            // SAFETY: a call without pointers. std makes what it passes on inheritable by itself,
            // and only for that moment.
            unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) };
        }
    }
    let apart = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP;
    // Or it would end with the Job Object of its starter, if that is in one. One that lets nothing out refuses.
    let free = command
        .creation_flags(apart | CREATE_BREAKAWAY_FROM_JOB)
        .spawn();
    match free {
        Err(error) if error.raw_os_error() == Some(ERROR_ACCESS_DENIED as i32) => {
            command.creation_flags(apart).spawn()
        }
        started => started,
    }
}

/// What this process runs is in Job Objects that it alone holds open, and ends with it.
pub const CHILDREN_OUTLIVE_US: bool = false;

/// Does nothing: a pipe that this would be needed for is not used here.
pub fn never_wait(_pipe: &ChildStdin) -> io::Result<()> {
    Ok(())
}

/// Bytes as the operating system's own text: on Windows it is Unicode, so what is not is replaced.
pub fn native_text(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// The operating system's own text as bytes: on Windows UTF-8. None if it isn't valid Unicode.
pub fn native_bytes(text: OsString) -> Option<Vec<u8>> {
    text.into_string().ok().map(String::into_bytes)
}

/// The name this machine calls itself.
pub fn hostname() -> String {
    let mut name = [0_u16; 256];
    let mut length = name.len() as u32;
    // SAFETY: the buffer has the length that is passed with it. Both are locals, and aren't kept.
    let done = unsafe {
        GetComputerNameExW(
            ComputerNamePhysicalDnsHostname,
            name.as_mut_ptr(),
            &mut length,
        )
    };
    let known = name.get(..length as usize).filter(|_| done != 0);
    String::from_utf16_lossy(known.unwrap_or_default())
}

/// Always `None`: there are no signals.
pub fn signal_name(_signal: i32) -> Option<Cow<'static, str>> {
    None
}

/// Which boot of the machine this is. The system counts them, and shows the count to every process at a fixed address (`BootId`
/// in `KUSER_SHARED_DATA`).
pub(crate) fn boot() -> u64 {
    const BOOT_ID: *const u32 = ptr::without_provenance(0x7FFE_02C4);
    // SAFETY: the system maps this page into every process at this place, for as long as the
    // process is there. It is no memory of Rust's, so a volatile read needs no pointer that was
    // derived from any.
    unsafe { ptr::read_volatile(BOOT_ID) }.into()
}

/// The system has closed a dead worker's Job Objects, which ends all processes in them. That may still be going on, so their
/// leaders are ended here, too, and waited for within `patience`. Returns how many still ran.
pub(crate) fn end_all(
    leaders: &[Leader],
    _lived: &Range<u64>,
    _tags: &[Tag],
    patience: Duration,
) -> io::Result<usize> {
    let began = Instant::now();
    let left: Vec<_> = left(leaders).collect();
    for (_, process) in &left {
        // It fails for one that has just ended.
        let _ = terminate(process);
    }
    for (pid, process) in &left {
        let time_left = patience.saturating_sub(began.elapsed());
        if wait_for_one(&[process.as_raw_handle()], Some(time_left))?.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("process {pid} doesn't end, though it was killed"),
            ));
        }
    }
    Ok(left.len())
}

/// Why a process that has to end goes on, as a sentence without a full stop.
pub fn why_it_goes_on(pid: u32) -> String {
    format!("process {pid} was ended and doesn't go: it is traced, or hangs in the kernel")
}

/// Returns true: whether a process of another user runs can be seen.
pub fn sees_all_processes() -> bool {
    true
}

/// Returns none: what a dead worker ran has ended with it.
pub(crate) fn out_of_reach(_leaders: &[Leader], _alive: u64) -> Vec<(usize, u32)> {
    Vec::new()
}

/// The processes that [`end_all`] would end.
pub(crate) fn find_all(
    leaders: &[Leader],
    _lived: &Range<u64>,
    _tags: &[Tag],
) -> io::Result<Vec<u32>> {
    Ok(left(leaders).map(|(pid, _)| pid).collect())
}

/// The leaders that still run.
fn left(leaders: &[Leader]) -> impl Iterator<Item = (u32, OwnedHandle)> {
    leaders.iter().filter_map(|leader| {
        let access = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE | PROCESS_TERMINATE;
        let process = open(leader.pid, access).ok()?;
        let start = start_of(&process)?;
        let itself = (leader.earliest..=leader.latest).contains(&start) && !is_set(&process);
        itself.then_some((leader.pid, process))
    })
}

/// A second, in the unit of [`now`]: the system counts in tenths of a microsecond.
pub(crate) const SECOND: u64 = 10_000_000;

/// The clock by which the system says when a process started.
pub(crate) fn now() -> u64 {
    let mut time = FILETIME {
        dwLowDateTime: 0,
        dwHighDateTime: 0,
    };
    // SAFETY: the pointer is to a local, which the system has filled when the call returns.
    unsafe { GetSystemTimePreciseAsFileTime(&mut time) };
    number(time)
}

fn open(pid: u32, access: u32) -> io::Result<OwnedHandle> {
    // SAFETY: a call without pointers.
    owned(unsafe { OpenProcess(access, 0, pid) })
}

/// When a process started.
pub(super) fn start_of(process: &OwnedHandle) -> Option<u64> {
    let mut times = [FILETIME {
        dwLowDateTime: 0,
        dwHighDateTime: 0,
    }; 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: the handle is borrowed, so it is open; the pointers are to locals, which the system
    // has filled when the call returns.
    check(unsafe { GetProcessTimes(process.as_raw_handle(), created, ended, kernel, user) })
        .ok()?;
    Some(number(times[0]))
}

fn number(time: FILETIME) -> u64 {
    u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime)
}
