//! The few native facts that other rooms ask for.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command};

use rustix::io::FdFlags;
use rustix::process::{Pid, Signal};

use super::place::new_private_dir;
use crate::UserSettings;
use crate::os::native;

/// Creates a folder and all that is missing above it; what it creates is 0700. One that exists is left as it is.
pub fn private_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        private_dir(above)?;
    }
    match new_private_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Err(_) if !path.is_dir() => Err(ErrorKind::NotADirectory.into()),
        _ => Ok(()),
    }
}

/// Where programs keep what a user has set for them, by a user's environment.
pub fn user_settings(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<UserSettings> {
    Some(UserSettings::Home(variable("HOME")?.into()))
}

/// Opens a file as `how` says; if that creates it, it is 0600.
pub fn create_private(path: &Path, how: &mut OpenOptions) -> io::Result<File> {
    const OWNERS: u32 = 0o600;
    let file = how.mode(OWNERS).open(path)?;
    let mode = file.metadata()?.mode();
    if mode & OWNERS != OWNERS {
        // The umask took rights away from the owner of a new file. If the file belongs to another user,
        // it isn't new, and this fails and changes nothing.
        let _ = file.set_permissions(Permissions::from_mode(mode & 0o777 | OWNERS));
    }
    Ok(file)
}

/// When a process started, in a unit that only means something on this system: clock ticks since boot on Linux,
/// microseconds of the calendar on macOS. With the pid it identifies a process. `None` if there is no such process.
pub fn process_start(pid: u32) -> Option<u64> {
    native::read(pid).map(|process| process.start)
}

/// Whether the process with this pid and start time runs. A zombie doesn't.
pub fn is_alive(pid: u32, start: u64) -> bool {
    native::read(pid).is_some_and(|process| process.start == start && !process.zombie)
}

/// Ends a process at once, with SIGKILL.
pub fn kill(pid: u32) -> io::Result<()> {
    signal(pid, Signal::KILL)
}

/// Leaves the terminal's session, so that neither its Ctrl+C nor its end reaches this process. A process that already
/// leads a group can't, and is told so.
pub fn leave_terminal() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Starts a worker that outlives its starter. On Unix the worker does what is needed itself, with
/// [`leave_terminal`], and every descriptor of ours closes when it starts; so does what its starter was given open, or a lock
/// of a script would be held for as long as the worker lives.
pub fn start_detached(command: &mut Command) -> io::Result<Child> {
    keep_descriptors()?;
    command.spawn()
}

/// Passes on nothing that is open now to what this process starts, but for the standard streams. What is opened later by
/// Rust's own means isn't passed on anyway.
pub fn keep_descriptors() -> io::Result<()> {
    for entry in std::fs::read_dir("/dev/fd")? {
        let number = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|number| *number > 2) {
            // SAFETY: it is used for this one call, and not kept. One that is gone by now, as the
            // folder's is, is an error and no more.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            let _ = rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC);
        }
    }
    Ok(())
}

/// What this process has started goes on when it is killed.
pub const CHILDREN_OUTLIVE_US: bool = true;

/// Whoever writes to `pipe` gets an error if there is no room in it, rather than having to wait.
pub fn never_wait(pipe: &ChildStdin) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(pipe, true)?)
}

/// Bytes as the operating system's own text: on Unix any bytes are.
pub fn native_text(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

/// The operating system's own text as bytes: on Unix it is bytes.
pub fn native_bytes(text: OsString) -> Option<Vec<u8>> {
    Some(text.into_vec())
}

/// Bytes in the code page of consoles, as text. Here all is UTF-8, so there is none.
pub fn console_text(_: &[u8]) -> Option<String> {
    None
}

/// The name this machine calls itself.
pub fn hostname() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

pub(super) fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    Ok(rustix::process::kill_process(native_pid(pid)?, signal)?)
}

/// A pid as the system calls take it. Zero and negative ones mean groups there, and never get that far.
pub(super) fn native_pid(pid: u32) -> io::Result<Pid> {
    let raw = i32::try_from(pid).ok().filter(|raw| *raw > 0);
    raw.and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a process id"))
}
