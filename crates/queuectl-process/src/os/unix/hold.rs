//! Holding back what asks this process to stop, until it has put something in order.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};

/// While this is there, the first signal that asks this process to stop is only noted.
pub struct HeldStop {
    first: Arc<AtomicUsize>,
    let_through: Arc<AtomicBool>,
}

/// Notes the first SIGINT, SIGTERM, SIGHUP, SIGQUIT or SIGALRM instead of letting it end the process. The next one ends it. What
/// is ignored stays ignored, as `nohup` promises.
pub fn hold_stop() -> io::Result<HeldStop> {
    let first = Arc::new(AtomicUsize::new(0));
    let let_through = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM] {
        if is_ignored(signal) {
            continue;
        }
        // In this order: the first signal isn't let through, and sees to it that the next one is.
        flag::register_conditional_default(signal, Arc::clone(&let_through))?;
        flag::register(signal, Arc::clone(&let_through))?;
        flag::register_usize(signal, Arc::clone(&first), signal.unsigned_abs() as usize)?;
    }
    Ok(HeldStop { first, let_through })
}

impl HeldStop {
    /// Whether this process was asked to stop.
    pub fn asked(&self) -> bool {
        self.signal().is_some()
    }

    /// Ends the process as the signal would have, so that its parent sees what happened. Does nothing if none came.
    pub fn heed(&self) {
        if let Some(signal) = self.signal() {
            // It fails only for numbers that are no signals.
            let _ = low_level::emulate_default_handler(signal);
        }
    }

    fn signal(&self) -> Option<i32> {
        let signal = self.first.load(Ordering::SeqCst);
        i32::try_from(signal).ok().filter(|signal| *signal != 0)
    }
}

impl Drop for HeldStop {
    fn drop(&mut self) {
        self.let_through.store(true, Ordering::SeqCst);
    }
}

/// Whether whoever started this process wants a signal ignored.
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is changed, and what is there is written to `now`, a local that has room for
    // it and isn't kept.
    let asked = unsafe { libc::sigaction(signal, ptr::null(), now.as_mut_ptr()) };
    // SAFETY: the call has succeeded, so it has written `now`.
    asked == 0 && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN
}
