//! The code page of consoles, in which programs print that know nothing of UTF-8.

use std::ptr;

use windows_sys::Win32::Globalization::{GetOEMCP, MultiByteToWideChar};

/// Bytes in that code page, as text; none if they are too many for the system.
pub fn console_text(bytes: &[u8]) -> Option<String> {
    let length = i32::try_from(bytes.len()).ok()?;
    if length == 0 {
        return Some(String::new());
    }
    // A job has a console of its own, without a window: its code page is the one that all begin with.
    let convert = |to: *mut u16, room: i32| {
        // SAFETY: the bytes are the caller's and have that length. `to` is null with no room, or a
        // local of that much room; the system keeps neither.
        unsafe { MultiByteToWideChar(GetOEMCP(), 0, bytes.as_ptr(), length, to, room) }
    };
    let needed = convert(ptr::null_mut(), 0);
    let mut wide = vec![0; usize::try_from(needed).ok()?];
    let written = convert(wide.as_mut_ptr(), needed);
    wide.truncate(usize::try_from(written).ok()?);
    (written > 0).then(|| String::from_utf16_lossy(&wide))
}
