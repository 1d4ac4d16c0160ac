//! The polite signal of Windows: an event whose name a command finds in `QUEUECTL_STOP_EVENT`. There is nothing that the
//! system itself would send to every program; so only one that has opened the event is given time to end.

use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use windows_sys::Wdk::Foundation::{NtQueryObject, ObjectBasicInformation};
use windows_sys::Win32::System::WindowsProgramming::PUBLIC_OBJECT_BASIC_INFORMATION;

use super::handle::{event, set};

/// The variable that names the event.
pub(super) const VARIABLE: &str = "QUEUECTL_STOP_EVENT";

/// The event of one attempt.
pub(super) struct Polite {
    pub(super) name: String,
    event: OwnedHandle,
}

impl Polite {
    pub(super) fn new() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("Local\\queuectl-job-{}-{number}", process::id());
        let event = event(Some(&name), true)?;
        Ok(Self { name, event })
    }

    /// Asks whoever listens to end.
    pub(super) fn ask(&self) {
        let _ = set(&self.event); // It can't fail while the handle is open.
    }

    /// Whether somebody has the event open, besides us.
    pub(super) fn is_heard(&self) -> bool {
        let mut found = PUBLIC_OBJECT_BASIC_INFORMATION::default();
        // SAFETY: the handle is open. The structure is the one that belongs to the kind, with its
        // size; it is a local, which the system has filled when the call returns.
        let status = unsafe {
            NtQueryObject(
                self.event.as_raw_handle(),
                ObjectBasicInformation,
                (&raw mut found).cast(),
                size_of::<PUBLIC_OBJECT_BASIC_INFORMATION>() as u32,
                ptr::null_mut(),
            )
        };
        status >= 0 && found.HandleCount > 1
    }
}
