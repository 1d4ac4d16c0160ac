//! Unix: processes, signals, terminals, modes, raw bytes.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Pid, Signal, kill_process};

use super::Process;

/// A place where no folder can be made.
pub(crate) const NOWHERE: &str = "/proc/no/queue.db";

/// What is said of a file that is no program.
pub(crate) const NO_PROGRAM: &str = "not executable";

/// A file that is a device.
pub(crate) const DEVICE: &str = "/dev/null";

/// How a command ends that would write over it.
pub(crate) const DEVICE_REFUSED: [i32; 1] = [4];

/// The path of a folder as programs tell it.
pub(crate) fn plain(path: &Path) -> PathBuf {
    path.canonicalize().expect("it is there")
}

/// An argument that is no text.
pub(crate) fn no_text() -> OsString {
    raw(b"\xff\xfe")
}

/// Why a file or folder isn't for its owner alone, if it isn't.
pub(crate) fn open_to_others(path: &Path) -> Option<String> {
    let wanted = if path.is_dir() { 0o700 } else { 0o600 };
    let mode = mode(path);
    (mode != wanted).then(|| format!("{}: {mode:o}", path.display()))
}

/// The processes of a home: they have `QUEUECTL_HOME=home` in their environment, or are at work in the folder around it.
/// Zombies have neither.
#[cfg(target_os = "linux")]
pub(crate) fn processes_of(home: &Path) -> Vec<Process> {
    let wanted = format!("QUEUECTL_HOME={}", home.display());
    let folder = home.parent().expect("it is in a folder");
    let is_of_home = |pid: i32| {
        // A process may end while it is looked at: then there is nothing to read.
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = environment.split(|b| *b == 0);
        let cwd = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        variables.any(|var| var == wanted.as_bytes()) || cwd.starts_with(folder)
    };
    let entries = std::fs::read_dir("/proc").expect("/proc is mounted");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let of_home = pids.filter(|pid| is_of_home(*pid));
    let described = of_home.map(|pid| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        Process { pid, command }
    });
    described.collect()
}

/// The processes that have `QUEUECTL_HOME=home` in their environment.
#[cfg(not(target_os = "linux"))]
pub(crate) fn processes_of(home: &Path) -> Vec<Process> {
    let wanted = format!("QUEUECTL_HOME={}", home.display());
    let listed = std::process::Command::new("ps")
        .args(["-axww", "-E", "-o", "pid=,command="])
        .output()
        .expect("`ps` lists processes");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let lines = listed
        .lines()
        .filter(|line| line.split(' ').any(|word| word == wanted));
    let parsed = lines.filter_map(|line| {
        let (pid, command) = line.trim_start().split_once(' ')?;
        let (pid, command) = (pid.parse().ok()?, command.to_owned());
        Some(Process { pid, command })
    });
    parsed.collect()
}

/// Whether a process of this id is there and runs. A zombie doesn't, once the last of its threads has let go of its files.
#[cfg(target_os = "linux")]
pub(crate) fn is_alive(pid: i32) -> bool {
    match state_of(pid) {
        None => false,
        Some('Z' | 'X') => {
            let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
            threads.is_ok_and(|threads| threads.count() > 1)
        }
        Some(_) => true,
    }
}

/// Whether a process of this id is there.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_alive(pid: i32) -> bool {
    rustix::process::test_kill_process(pid_of(pid)).is_ok()
}

/// The session that a process belongs to: a terminal's end reaches only its own.
pub(crate) fn session_of(pid: i32) -> i32 {
    let session = rustix::process::getsid(Some(pid_of(pid))).expect("the process is alive");
    session.as_raw_nonzero().get()
}

/// Ends a process as `kill -9` does.
pub(crate) fn kill_hard(pid: i32) {
    signal(pid, Signal::KILL);
}

/// Lets Ctrl+C end what is started from now on, even if it is ignored here, as in what a shell runs in the background.
pub(crate) fn allow_interrupts() {
    use signal_hook::{consts::SIGINT, flag};
    // A signal that is handled here is back to its default in a new program.
    let heeded = Arc::new(AtomicBool::new(true));
    flag::register_conditional_default(SIGINT, heeded).expect("SIGINT can be handled");
}

/// Stops a process where it is, as a machine that sleeps does, until [`wake`].
pub(crate) fn freeze(pid: i32) {
    signal(pid, Signal::STOP);
}

/// Lifts the soft limit of file sizes of a running process, with util-linux's `prlimit`.
#[cfg(target_os = "linux")]
pub(crate) fn allow_large_files(pid: i32) {
    let mut lift = std::process::Command::new("prlimit");
    lift.args(["--pid", &pid.to_string(), "--fsize=unlimited:"]);
    let lifted = lift.status().expect("`prlimit` can be started");
    assert!(lifted.success(), "{lifted}");
}

/// Lets a process that was stopped go on.
pub(crate) fn wake(pid: i32) {
    signal(pid, Signal::CONT);
}

/// Tells a process that its terminal has gone.
pub(crate) fn hang_up(pid: i32) {
    signal(pid, Signal::HUP);
}

/// Asks a process to end as `kill` does.
pub(crate) fn terminate(pid: i32) {
    signal(pid, Signal::TERM);
}

/// Interrupts a process as Ctrl+C does.
pub(crate) fn interrupt(pid: i32) {
    signal(pid, Signal::INT);
}

/// Sees to it that a file is for its owner alone.
pub(crate) fn close_to_others(path: &Path) {
    set_mode(path, 0o600);
}

/// The mode of a file or folder: who may do what with it.
pub(crate) fn mode(path: &Path) -> u32 {
    let seen = path.metadata().expect("it is there");
    seen.permissions().mode() & 0o777
}

/// Sets the mode of a file or folder.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).expect("it is ours");
}

/// Gives a file or folder to another user; false if we may not.
pub(crate) fn give_to(path: &Path, user: u32) -> bool {
    let given = std::os::unix::fs::chown(path, Some(user), None);
    given.is_ok()
}

fn signal(pid: i32, signal: Signal) {
    match kill_process(pid_of(pid), signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => panic!("can't signal process {pid}: {error}"),
    }
}

fn pid_of(pid: i32) -> Pid {
    Pid::from_raw(pid).expect("a process id is positive")
}

/// The state of a process by its letter; none if there is no such process.
#[cfg(target_os = "linux")]
fn state_of(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// The state of a process by its letter; none if there is no such process.
#[cfg(not(target_os = "linux"))]
fn state_of(pid: i32) -> Option<char> {
    let mut ps = std::process::Command::new("ps");
    let asked = ps.args(["-o", "stat=", "-p", &pid.to_string()]).output();
    let state = asked.expect("`ps` tells states").stdout;
    state.first().map(|letter| char::from(*letter))
}

/// Whether a process is stopped where it is.
pub(crate) fn is_suspended(pid: i32) -> bool {
    state_of(pid) == Some('T')
}

/// Has a command lead a session, with its stdin as the terminal that belongs to it.
pub(crate) fn lead_the_session_of_its_terminal(command: &mut std::process::Command) {
    let lead = || {
        rustix::process::setsid()?;
        // SAFETY: it is open, and used for this one call.
        rustix::process::ioctl_tiocsctty(unsafe { BorrowedFd::borrow_raw(0) })?;
        Ok(())
    };
    // SAFETY: it makes two system calls, which may be made there.
    unsafe { std::os::unix::process::CommandExt::pre_exec(command, lead) };
}

/// An argument of any bytes.
pub(crate) fn raw(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// A new terminal: the end that a person sees, and the end that a program is given.
pub(crate) fn terminal() -> (File, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be made");
    // A program at the other end that had it open too would keep it from being closed.
    let closes = rustix::io::fcntl_setfd(&person, rustix::io::FdFlags::CLOEXEC);
    closes.expect("it is open");
    grantpt(&person).expect("the terminal can be granted");
    unlockpt(&person).expect("the terminal can be unlocked");
    let name = ptsname(&person, Vec::new()).expect("the terminal has a name");
    let name = name
        .to_str()
        .expect("the terminal's name is text")
        .to_owned();
    let program = File::options().read(true).write(true).open(name);
    (
        File::from(person),
        program.expect("the terminal can be opened"),
    )
}
