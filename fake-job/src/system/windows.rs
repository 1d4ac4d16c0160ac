//! Windows: it is asked to end by an event that `QUEUECTL_STOP_EVENT` names.

use std::env;
use std::ffi::c_void;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicPtr, Ordering};

type Handle = *mut c_void;

const SYNCHRONIZE: u32 = 0x0010_0000;
const PROCESS_TERMINATE: u32 = 1;
const DETACHED_PROCESS: u32 = 0x8;
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
const STD_OUTPUT_HANDLE: u32 = -11_i32 as u32;
const STD_ERROR_HANDLE: u32 = -12_i32 as u32;

/// Held open: who has it open is given time.
static EVENT: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

#[link(name = "kernel32")]
unsafe extern "system" {
    fn OpenEventW(access: u32, inherit: i32, name: *const u16) -> Handle;
    fn WaitForSingleObject(object: Handle, milliseconds: u32) -> u32;
    fn OpenProcess(access: u32, inherit: i32, pid: u32) -> Handle;
    fn TerminateProcess(process: Handle, code: u32) -> i32;
    fn GetStdHandle(which: u32) -> Handle;
    fn CloseHandle(handle: Handle) -> i32;
}

/// From now on it hears that it is asked to end, and isn't ended by it for a while.
#[expect(clippy::disallowed_methods, reason = "a job is told by variables")]
pub(crate) fn hear() -> Result<(), String> {
    let name = env::var_os("QUEUECTL_STOP_EVENT").ok_or("no stop event is named")?;
    let name: Vec<u16> = name.encode_wide().chain([0]).collect();
    // SAFETY: the name ends with a zero and lives through the call.
    let event = unsafe { OpenEventW(SYNCHRONIZE, 0, name.as_ptr()) };
    if event.is_null() {
        return Err(io::Error::last_os_error().to_string());
    }
    EVENT.store(event, Ordering::Relaxed);
    Ok(())
}

/// Whether it was asked to end.
pub(crate) fn is_asked() -> bool {
    let event = EVENT.load(Ordering::Relaxed);
    // SAFETY: the handle is open if there is one.
    !event.is_null() && unsafe { WaitForSingleObject(event, 0) } == 0
}

/// Ends a process by force.
pub(crate) fn kill(pid: u32) -> Result<(), String> {
    // SAFETY: calls without pointers; the handle is only used if there is one.
    let done = unsafe {
        let process = OpenProcess(PROCESS_TERMINATE, 0, pid);
        !process.is_null() && TerminateProcess(process, 1) != 0
    };
    if done {
        return Ok(());
    }
    Err(io::Error::last_os_error().to_string())
}

/// Has a command lead a group of its own, without our console.
pub(crate) fn detach(command: &mut Command) {
    command.creation_flags(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP);
}

/// There are no such sessions: the same.
pub(crate) fn lead_a_session(command: &mut Command) {
    detach(command);
}

/// Closes standard output and standard error.
pub(crate) fn close_streams() {
    for stream in [STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: nothing is printed any more.
        unsafe { CloseHandle(GetStdHandle(stream)) };
    }
}

/// This system knows of no such thing.
pub(crate) fn start_sibling(_command: &mut Command) -> Result<(), String> {
    Err("a sibling can't be started on this system".to_owned())
}

/// This system knows of no such thing.
pub(crate) fn end_thread() -> Result<(), String> {
    Err("a process ends with its first thread on this system".to_owned())
}

/// This system knows of no such thing.
pub(crate) fn be_secretive() -> Result<(), String> {
    Err("no environment can be hidden on this system".to_owned())
}
