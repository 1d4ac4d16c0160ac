//! Asking a process to stop, and hearing it, by signals.

use std::io;
use std::thread;

use rustix::process::Signal;
use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::facts::signal;
use super::hold::is_ignored;
use crate::os::Asked;

/// Asks a worker to stop: with SIGTERM to finish what it does, with SIGQUIT to stop at once.
pub fn ask_to_stop(pid: u32, at_once: bool) -> io::Result<()> {
    signal(pid, if at_once { Signal::QUIT } else { Signal::TERM })?;
    // One that is suspended would not hear it.
    signal(pid, Signal::CONT)
}

/// Calls `then`, on a thread of its own, each time this process is asked to stop: by Ctrl+C
/// (SIGINT), at once (SIGQUIT), or politely. SIGTERM, SIGHUP (its terminal closes) and SIGALRM (the
/// time that its starter gave it is over) are polite. If SIGHUP or SIGALRM was ignored, it stays
/// ignored, as `nohup` promises.
pub fn when_asked_to_stop(mut then: impl FnMut(Asked) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGQUIT])?;
    for signal in [SIGHUP, SIGALRM] {
        if !is_ignored(signal) {
            signals.add_signal(signal)?;
        }
    }
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                then(match signal {
                    SIGINT => Asked::Interrupt,
                    SIGQUIT => Asked::AtOnce,
                    _ => Asked::Politely,
                });
            }
        })?;
    Ok(())
}
