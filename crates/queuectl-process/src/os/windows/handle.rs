//! Kernel objects, closed when dropped.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, Sleep, WaitForMultipleObjects, WaitForSingleObject,
};

/// Takes a handle that a call has just returned, and that nobody else closes; null means that it
/// failed.
pub(super) fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it isn't null. The callers pass what a call has given to them, and to nobody else.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// These calls return zero on failure.
pub(super) fn check(done: i32) -> io::Result<()> {
    if done == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Text as the system calls take it.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Makes or opens what has a name: for all sessions of the machine, since a service and each user who is logged on has one. Where
/// that fails, it is the one of this session.
pub(super) fn shared<T>(name: &str, get: impl Fn(&str) -> io::Result<T>) -> io::Result<T> {
    get(&format!("Global\\{name}")).or_else(|_| get(&format!("Local\\{name}")))
}

/// An event, known to other processes if it has a name; `manual` ones stay set until they are reset.
pub(super) fn event(name: Option<&str>, manual: bool) -> io::Result<OwnedHandle> {
    let name = name.map(wide);
    let pointer = name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
    // SAFETY: the pointer is null, or leads to the local above it, which ends with a zero; the
    // system doesn't keep it.
    owned(unsafe { CreateEventW(ptr::null(), manual.into(), 0, pointer) })
}

pub(super) fn set(event: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is borrowed, so it is open.
    check(unsafe { SetEvent(event.as_raw_handle()) })
}

/// Whether the object is signalled now.
pub(super) fn is_set(object: &impl AsRawHandle) -> bool {
    // SAFETY: the object is borrowed, so its handle is open; with one that isn't the call fails.
    unsafe { WaitForSingleObject(object.as_raw_handle(), 0) == WAIT_OBJECT_0 }
}

/// Waits until one of the objects is signalled, and says which. `None` if the patience is over, or a month.
pub(super) fn wait_for_one(
    objects: &[HANDLE],
    patience: Option<Duration>,
) -> io::Result<Option<usize>> {
    // Rounded up, or a wait of less than a millisecond would be none.
    let rounded = |patience: Duration| patience.as_nanos().div_ceil(1_000_000);
    let month = 2_500_000_000;
    let limit = patience.map_or(INFINITE, |patience| rounded(patience).min(month) as u32);
    if objects.is_empty() {
        // The system refuses to wait for nothing, at once.
        // SAFETY: a call without pointers.
        unsafe { Sleep(limit) };
        return Ok(None);
    }
    // SAFETY: the list is borrowed through the call, and the length is its own. What the handles
    // belong to is held by the callers meanwhile; with one that isn't open the call fails.
    let which = unsafe { WaitForMultipleObjects(objects.len() as u32, objects.as_ptr(), 0, limit) };
    match which {
        WAIT_FAILED => Err(io::Error::last_os_error()),
        WAIT_TIMEOUT => Ok(None),
        which => Ok(Some((which - WAIT_OBJECT_0) as usize)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use windows_sys::Win32::System::Threading::{EVENT_MODIFY_STATE, OpenEventW};

    use super::*;

    #[test]
    fn what_is_shared_is_known_to_other_sessions_unless_that_is_refused() {
        let name = format!("queuectl-test-{}", std::process::id());
        let open = |name: &str| {
            let name = wide(name);
            // SAFETY: the name ends with a zero and is a local, which the system doesn't keep.
            owned(unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr()) })
        };
        let shared_one = shared(&name, |name| event(Some(name), false)).expect("it is made");
        assert!(open(&format!("Global\\{name}")).is_ok());
        assert!(open(&format!("Local\\{name}")).is_err());
        drop(shared_one);
        let refused = |name: &str| match name.starts_with("Global") {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => event(Some(name), false),
        };
        let _own = shared(&name, refused).expect("it is made");
        assert!(open(&format!("Global\\{name}")).is_err());
        set(&shared(&name, open).expect("it is found")).expect("it is set");
    }

    #[test]
    fn a_wait_for_nothing_lasts_as_long_as_the_patience() {
        let (began, patience) = (Instant::now(), Duration::from_millis(200));
        let which = wait_for_one(&[], Some(patience)).expect("a wait");
        assert_eq!(which, None);
        assert!(began.elapsed() >= patience, "{:?}", began.elapsed());
    }
}
