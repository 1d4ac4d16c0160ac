//! Holding back what asks this process to stop, until it has put something in order. It comes through the console.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

use super::ask::{is_last, wait_for_the_end};
use super::handle::check;

static HELD: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicBool = AtomicBool::new(false);

/// While this is there, the first Ctrl+C is only noted, and who closes the console has to wait.
pub struct HeldStop(());

/// Notes the first Ctrl+C instead of letting it end the process. The next one does. A console that is closed, a logoff and a
/// shutdown are noted too, and wait for the end of the process as long as the system lets them.
pub fn hold_stop() -> io::Result<HeldStop> {
    ASKED.store(false, Ordering::SeqCst);
    HELD.store(true, Ordering::SeqCst);
    // SAFETY: the handler is a function, so it is there as long as the process. It may be called at
    // any time on any thread: it only sets flags, which are statics, and waits.
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
            // SAFETY: a call without pointers. It is this process, and nothing is to be done after
            // it.
            let _ = unsafe { TerminateProcess(GetCurrentProcess(), STATUS_CONTROL_C_EXIT as u32) };
        }
    }
}

impl Drop for HeldStop {
    fn drop(&mut self) {
        HELD.store(false, Ordering::SeqCst);
    }
}

/// Called by the system, on a thread of its own. Returns 1 if the event was handled, 0 if the system's
/// own handler, which ends the process, is to follow.
extern "system" fn note(kind: u32) -> i32 {
    if !HELD.load(Ordering::SeqCst) {
        return 0;
    }
    let first = !ASKED.swap(true, Ordering::SeqCst);
    if is_last(kind) {
        wait_for_the_end();
    }
    first.into()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::thread;
    use std::time::Duration;

    use windows_sys::Win32::System::Console::{CTRL_C_EVENT, CTRL_CLOSE_EVENT};

    use super::*;

    /// What the system is told of one event, when it is.
    fn told(kind: u32) -> Receiver<i32> {
        let (told, tells) = channel();
        thread::spawn(move || told.send(note(kind)));
        tells
    }

    /// What is held concerns the whole process, so there is one test for all of it.
    #[test]
    fn what_is_held_is_noted_and_a_console_that_closes_waits_until_all_is_in_order() {
        let long = Duration::from_secs(30);
        let held = hold_stop().expect("it is held");
        assert!(!held.asked());
        assert_eq!(told(CTRL_C_EVENT).recv_timeout(long), Ok(1));
        assert!(held.asked());
        assert_eq!(told(CTRL_C_EVENT).recv_timeout(long), Ok(0), "the second");
        drop(held);
        assert_eq!(told(CTRL_C_EVENT).recv_timeout(long), Ok(0), "not held");
        assert_eq!(told(CTRL_CLOSE_EVENT).recv_timeout(long), Ok(0), "not held");

        let held = hold_stop().expect("it is held again");
        let closing = told(CTRL_CLOSE_EVENT);
        let waited = closing.recv_timeout(Duration::from_millis(300));
        assert_eq!(waited, Err(RecvTimeoutError::Timeout));
        assert!(held.asked());
    }
}
