//! Holding back what asks this process to stop, until it has put something in order. It comes through the console.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

use super::handle::check;

static ASKED: AtomicBool = AtomicBool::new(false);

/// While this is there, the first Ctrl+C is only noted.
pub struct HeldStop(());

/// Notes the first Ctrl+C instead of letting it end the process. The next one does.
pub fn hold_stop() -> io::Result<HeldStop> {
    ASKED.store(false, Ordering::SeqCst);
    // SAFETY: the handler only sets a flag that lives as long as the process.
    check(unsafe { SetConsoleCtrlHandler(Some(note), 1) })?;
    Ok(HeldStop(()))
}

impl HeldStop {
    /// Whether this process was asked to stop.
    pub fn asked(&self) -> bool {
        ASKED.load(Ordering::SeqCst)
    }

    /// Ends the process as Ctrl+C would have, so that its parent sees what happened. Does nothing if nobody asked.
    pub fn heed(&self) {
        if self.asked() {
            // SAFETY: it is this process, and nothing is to be done after it.
            let _ = unsafe { TerminateProcess(GetCurrentProcess(), STATUS_CONTROL_C_EXIT as u32) };
        }
    }
}

impl Drop for HeldStop {
    fn drop(&mut self) {
        ASKED.store(true, Ordering::SeqCst);
    }
}

/// One if it was taken care of, zero if the system's own handler, which ends the process, is to follow.
unsafe extern "system" fn note(_kind: u32) -> i32 {
    let first = !ASKED.swap(true, Ordering::SeqCst);
    first.into()
}
