//! Windows: processes, and what they hold, as the system's own calls tell it.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use windows_sys::Wdk::System::Threading::{NtQueryInformationProcess, ProcessBasicInformation};
use windows_sys::Win32::Foundation::{HANDLE, UNICODE_STRING, WAIT_TIMEOUT};
use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::ProcessStatus::EnumProcesses;
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_BASIC_INFORMATION, PROCESS_QUERY_INFORMATION, PROCESS_SUSPEND_RESUME,
    PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, PROCESS_VM_READ, TerminateProcess, WaitForSingleObject,
};

use super::Process;

#[link(name = "ntdll")]
unsafe extern "system" {
    /// Stops all threads of a process.
    fn NtSuspendProcess(process: HANDLE) -> i32;
    /// Lets them go on.
    fn NtResumeProcess(process: HANDLE) -> i32;
}

/// A place where no folder can be made: there is no such drive.
pub(crate) const NOWHERE: &str = r"Q:\no\queue.db";

/// What is said of a file that is no program.
pub(crate) const NO_PROGRAM: &str = "can't start";

/// A file that is a device.
pub(crate) const DEVICE: &str = "NUL";

/// How a command ends that would write over it. Wine has no such device.
pub(crate) const DEVICE_REFUSED: [i32; 2] = [4, 5];

/// Where a process's parameters are kept (`PEB.ProcessParameters`), and where in them what is looked for. They are the same in all
/// 64-bit versions, and what debuggers rest on.
mod at {
    pub(super) const PARAMETERS: usize = 0x20;
    pub(super) const CONSOLE: usize = 0x10;
    pub(super) const DIRECTORY: usize = 0x38;
    pub(super) const COMMAND: usize = 0x70;
    pub(super) const ENVIRONMENT: usize = 0x80;
    pub(super) const ENVIRONMENT_SIZE: usize = 0x3f0;
}

/// The processes of a home: they have `QUEUECTL_HOME=home` in their environment, or are at work in the folder around it.
pub(crate) fn processes_of(home: &Path) -> Vec<Process> {
    let wanted = format!("QUEUECTL_HOME={}", home.display());
    let folder = home.parent().expect("it is in a folder");
    let of_home = |pid: u32| {
        let pid = pid.try_into().ok()?;
        // A process may end while it is looked at: then there is nothing to read.
        let parameters = Parameters::of(pid)?;
        let environment = parameters.environment().unwrap_or_default();
        let mut variables = environment.split('\0');
        let cwd = parameters.text(at::DIRECTORY).unwrap_or_default();
        let is_of_home = variables.any(|var| var == wanted) || Path::new(&cwd).starts_with(folder);
        let command = parameters.text(at::COMMAND).unwrap_or_default();
        (is_of_home && is_alive(pid)).then_some(Process { pid, command })
    };
    all_pids().into_iter().filter_map(of_home).collect()
}

fn all_pids() -> Vec<u32> {
    let mut pids = vec![0_u32; 4096];
    let mut bytes = 0;
    // SAFETY: the length is that of the buffer.
    let done =
        unsafe { EnumProcesses(pids.as_mut_ptr(), size_of_val(&pids[..]) as u32, &mut bytes) };
    assert_ne!(done, 0, "processes can be listed");
    pids.truncate(bytes as usize / size_of::<u32>());
    pids
}

/// What a process was started with.
struct Parameters {
    process: OwnedHandle,
    address: usize,
}

impl Parameters {
    fn of(pid: i32) -> Option<Self> {
        let process = open(pid, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ)?;
        // SAFETY: all zero is a value of it.
        let mut facts: PROCESS_BASIC_INFORMATION = unsafe { std::mem::zeroed() };
        // SAFETY: the structure is the one of the kind that is asked for, with its size.
        let status = unsafe {
            NtQueryInformationProcess(
                process.as_raw_handle(),
                ProcessBasicInformation,
                (&raw mut facts).cast(),
                size_of_val(&facts) as u32,
                null_mut(),
            )
        };
        let block = facts.PebBaseAddress as usize;
        if status < 0 || block == 0 {
            return None;
        }
        let mut found = Self {
            process,
            address: block,
        };
        found.address = found.word(at::PARAMETERS)?;
        Some(found)
    }

    fn text(&self, at: usize) -> Option<String> {
        // SAFETY: all zero is a value of it.
        let mut text: UNICODE_STRING = unsafe { std::mem::zeroed() };
        let bytes = self.bytes(self.address + at, size_of_val(&text))?;
        // SAFETY: as many bytes as it has; any are a value of it.
        unsafe {
            (&raw mut text)
                .cast::<u8>()
                .copy_from(bytes.as_ptr(), bytes.len())
        };
        self.wide(text.Buffer as usize, text.Length.into())
    }

    /// All variables, each followed by NUL.
    fn environment(&self) -> Option<String> {
        self.wide(
            self.word(at::ENVIRONMENT)?,
            self.word(at::ENVIRONMENT_SIZE)?,
        )
    }

    fn wide(&self, address: usize, length: usize) -> Option<String> {
        let bytes = self.bytes(address, length)?;
        let units = bytes
            .as_chunks()
            .0
            .iter()
            .map(|pair| u16::from_ne_bytes(*pair));
        Some(String::from_utf16_lossy(&units.collect::<Vec<_>>()))
    }

    fn word(&self, at: usize) -> Option<usize> {
        let bytes = self.bytes(self.address + at, size_of::<usize>())?;
        bytes.try_into().ok().map(usize::from_ne_bytes)
    }

    fn bytes(&self, address: usize, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        // SAFETY: the length is that of the buffer; the address is another process's, which the system checks.
        let done = unsafe {
            ReadProcessMemory(
                self.process.as_raw_handle(),
                address as *const _,
                bytes.as_mut_ptr().cast(),
                length,
                null_mut(),
            )
        };
        (done != 0).then_some(bytes)
    }
}

/// Whether a process of this id is there and runs.
pub(crate) fn is_alive(pid: i32) -> bool {
    let process = open(pid, PROCESS_SYNCHRONIZE);
    // SAFETY: the handle is open.
    process.is_some_and(|it| unsafe { WaitForSingleObject(it.as_raw_handle(), 0) } == WAIT_TIMEOUT)
}

/// Whether a process has a console, seen or not.
pub(crate) fn has_console(pid: i32) -> bool {
    let parameters = Parameters::of(pid).expect("it runs");
    let console = parameters.word(at::CONSOLE).expect("it can be read");
    // None, or none wanted.
    ![0, usize::MAX].contains(&console)
}

/// Ends a process as `taskkill /F` does.
pub(crate) fn kill_hard(pid: i32) {
    if let Some(process) = open(pid, PROCESS_TERMINATE) {
        // SAFETY: the handle is open. It fails if the process has ended meanwhile.
        unsafe { TerminateProcess(process.as_raw_handle(), 1) };
    }
}

/// Stops a process where it is, as a machine that sleeps does, until [`wake`].
pub(crate) fn freeze(pid: i32) {
    let process = open(pid, PROCESS_SUSPEND_RESUME).expect("the process is alive");
    // SAFETY: the handle is open.
    let status = unsafe { NtSuspendProcess(process.as_raw_handle()) };
    assert!(status >= 0, "can't stop process {pid}: {status:#x}");
}

/// Lets a process that was stopped go on.
pub(crate) fn wake(pid: i32) {
    let process = open(pid, PROCESS_SUSPEND_RESUME).expect("the process is alive");
    // SAFETY: the handle is open.
    let status = unsafe { NtResumeProcess(process.as_raw_handle()) };
    assert!(status >= 0, "can't wake process {pid}: {status:#x}");
}

fn open(pid: i32, access: u32) -> Option<OwnedHandle> {
    let pid = pid.try_into().ok()?;
    // SAFETY: a call without pointers.
    let handle = unsafe { OpenProcess(access, 0, pid) };
    // SAFETY: the call has just given it to us.
    (!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The path of a folder as programs tell it.
pub(crate) fn plain(path: &Path) -> PathBuf {
    path.to_owned()
}

/// An argument that is no text: half a pair of UTF-16.
pub(crate) fn no_text() -> OsString {
    OsString::from_wide(&[0xd800, 0x0041])
}

/// Sees to it that a file is for its owner alone.
pub(crate) fn close_to_others(_path: &Path) {}
