//! Asking a process to stop, and hearing it, by named events. Ctrl+C comes through the console.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::process;
use std::sync::OnceLock;
use std::thread;

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Threading::{EVENT_MODIFY_STATE, OpenEventW};

use super::handle::{check, event, owned, set, wait_for_one, wide};
use crate::os::Asked;

static INTERRUPTED: OnceLock<OwnedHandle> = OnceLock::new();

/// Asks a worker to stop: to finish what it does, or at once.
pub fn ask_to_stop(pid: u32, at_once: bool) -> io::Result<()> {
    let name = wide(&name(pid, at_once));
    // SAFETY: the name ends with a zero and lives through the call.
    set(&owned(unsafe {
        OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr())
    })?)
}

/// Calls `then`, on a thread of its own, each time this process is asked to stop: by Ctrl+C, politely or at once.
pub fn when_asked_to_stop(mut then: impl FnMut(Asked) + Send + 'static) -> io::Result<()> {
    let polite = event(Some(&name(process::id(), false)), false)?;
    let at_once = event(Some(&name(process::id(), true)), false)?;
    let fresh = event(None, false)?;
    let interrupted = INTERRUPTED.get_or_init(|| fresh);
    // SAFETY: the handler only sets an event that is never closed.
    check(unsafe { SetConsoleCtrlHandler(Some(interrupt), 1) })?;
    thread::Builder::new()
        .name("stop requests".into())
        .spawn(move || {
            let asked = [Asked::Interrupt, Asked::Politely, Asked::AtOnce];
            loop {
                let events = [interrupted, &polite, &at_once].map(|event| event.as_raw_handle());
                match wait_for_one(&events, None) {
                    Ok(Some(which)) => then(asked[which]),
                    _ => return,
                }
            }
        })?;
    Ok(())
}

unsafe extern "system" fn interrupt(_kind: u32) -> i32 {
    INTERRUPTED
        .get()
        .is_some_and(|event| set(event).is_ok())
        .into()
}

fn name(pid: u32, at_once: bool) -> String {
    format!(
        "Local\\queuectl-stop-{pid}{}",
        if at_once { "-now" } else { "" }
    )
}
