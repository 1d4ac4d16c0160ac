//! Asking a process to stop, and hearing it, by named events. Ctrl+C comes through the console, and so does its end.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::process;
use std::sync::OnceLock;
use std::thread;

use windows_sys::Win32::System::Console::{
    CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::Threading::{EVENT_MODIFY_STATE, OpenEventW};

use super::handle::{check, event, owned, set, shared, wait_for_one, wide};
use crate::os::Asked;

static CONSOLE: OnceLock<Console> = OnceLock::new();

/// What is heard through the console.
struct Console {
    interrupted: OwnedHandle,
    closing: OwnedHandle,
}

/// Asks a worker to stop: to finish what it does, or at once.
pub fn ask_to_stop(pid: u32, at_once: bool) -> io::Result<()> {
    let event = shared(&name(pid, at_once), |name| {
        let name = wide(name);
        // SAFETY: the name ends with a zero and is a local, which the system doesn't keep.
        owned(unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr()) })
    });
    set(&event?)
}

/// Calls `then`, on a thread of its own, each time this process is asked to stop: by Ctrl+C, politely or at once. A
/// console that is closed, a logoff and a shutdown mean at once, as the system ends all that is left some seconds later.
pub fn when_asked_to_stop(mut then: impl FnMut(Asked) + Send + 'static) -> io::Result<()> {
    let named = |at_once| {
        let name = name(process::id(), at_once);
        shared(&name, |name| event(Some(name), false))
    };
    let (polite, at_once) = (named(false)?, named(true)?);
    let fresh = Console {
        interrupted: event(None, false)?,
        closing: event(None, false)?,
    };
    let console = CONSOLE.get_or_init(|| fresh);
    // SAFETY: the handler is a function, so it is there as long as the process. It may be called at
    // any time on any thread: it only sets events, which are in a static and never closed, and
    // waits.
    check(unsafe { SetConsoleCtrlHandler(Some(interrupt), 1) })?;
    thread::Builder::new()
        .name("stop requests".into())
        .spawn(move || {
            let sources = [
                (&console.interrupted, Asked::Interrupt),
                (&console.closing, Asked::AtOnce),
                (&polite, Asked::Politely),
                (&at_once, Asked::AtOnce),
            ];
            let events = sources.map(|(event, _)| event.as_raw_handle());
            while let Ok(Some(which)) = wait_for_one(&events, None) {
                then(sources[which].1);
            }
        })?;
    Ok(())
}

/// Called by the system, on a thread of its own. Returns 1 if the event was handled.
extern "system" fn interrupt(kind: u32) -> i32 {
    let Some(console) = CONSOLE.get() else {
        return 0;
    };
    if is_last(kind) && set(&console.closing).is_ok() {
        wait_for_the_end();
    }
    set(&console.interrupted).is_ok().into()
}

/// Whether the system ends this process as soon as its handler has returned: its console is closed, its user logs off, or the
/// machine is shut down.
pub(super) fn is_last(kind: u32) -> bool {
    [CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT].contains(&kind)
}

/// Keeps the thread of a handler until this process has ended by itself. The system gives it five seconds for that.
pub(super) fn wait_for_the_end() -> ! {
    loop {
        thread::park();
    }
}

fn name(pid: u32, at_once: bool) -> String {
    format!("queuectl-stop-{pid}{}", if at_once { "-now" } else { "" })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use windows_sys::Win32::System::Console::CTRL_C_EVENT;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// A process hears what it is asked on one thread, so there is one test for all of it.
    #[test]
    fn ctrl_c_is_heard_and_who_closes_the_console_waits_for_the_end() {
        let (asked, heard) = channel();
        when_asked_to_stop(move |what| asked.send(what).expect("somebody listens")).expect("heard");
        let (returned, returns) = channel();
        for kind in [CTRL_C_EVENT, CTRL_CLOSE_EVENT] {
            let returned = returned.clone();
            thread::spawn(move || returned.send(interrupt(kind)));
            let expected = match kind {
                CTRL_C_EVENT => Asked::Interrupt,
                _ => Asked::AtOnce,
            };
            assert_eq!(heard.recv_timeout(LONG), Ok(expected));
        }
        // As soon as it has returned for the second, the system ends the process.
        assert_eq!(returns.recv_timeout(LONG), Ok(1));
        let second = returns.recv_timeout(Duration::from_millis(300));
        assert_eq!(second, Err(RecvTimeoutError::Timeout));
    }
}
