//! The stop signal of a slot: an event that stays set until it is taken back.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::sync::Arc;
use std::time::Duration;

use windows_sys::Win32::System::Threading::ResetEvent;

use super::handle::{event, is_set, set};
use crate::force::ForceAt;

/// Ends the command that a slot runs. One per slot, for all its runs; other threads hold a [`StopHandle`].
#[derive(Debug)]
pub struct StopSignal {
    handle: StopHandle,
}

/// Gives a [`StopSignal`] from another thread.
#[derive(Debug, Clone)]
pub struct StopHandle {
    event: Arc<OwnedHandle>,
    force_at: ForceAt,
}

impl StopSignal {
    /// A signal that has not been given.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            handle: StopHandle {
                event: Arc::new(event(None, true)?),
                force_at: ForceAt::default(),
            },
        })
    }

    /// A handle for another thread.
    pub fn handle(&self) -> StopHandle {
        self.handle.clone()
    }

    /// Takes the signal back, before the next run.
    pub fn reset(&self) {
        // SAFETY: the handle is owned by what is borrowed here, so it is open.
        unsafe { ResetEvent(self.handle.event.as_raw_handle()) };
        self.handle.force_at.clear();
    }

    /// Whether it has been given and not taken back.
    pub fn is_set(&self) -> bool {
        is_set(&*self.handle.event)
    }

    pub(super) fn force_at(&self) -> &ForceAt {
        &self.handle.force_at
    }

    pub(super) fn event(&self) -> Arc<OwnedHandle> {
        self.handle.event.clone()
    }
}

impl StopHandle {
    /// Ends the running tree: those who listen to its stop event have their grace, all others are ended at once. Stays given
    /// until [`StopSignal::reset`].
    pub fn stop(&self) {
        let _ = set(&self.event); // It can't fail while the handle is open.
    }

    /// Ends the running tree, by force after so long at the latest. That holds also if it is being ended already.
    pub fn stop_within(&self, grace: Duration) {
        self.force_at.within(grace);
        self.stop();
    }
}
