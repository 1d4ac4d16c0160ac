//! Which system this is, and how long it runs.

use std::ffi::c_void;
use std::time::Duration;

use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_RT_REG_DWORD, RRF_RT_REG_SZ, RegGetValueW,
};
use windows_sys::Win32::System::SystemInformation::GetTickCount64;
use windows_sys::core::{PCWSTR, w};

use super::facts::hostname;

/// How long the system has been running, asleep or not.
pub fn since_boot() -> Duration {
    // SAFETY: a call without pointers.
    Duration::from_millis(unsafe { GetTickCount64() })
}

/// A name that no other start of this or another system has: what was drawn when the system was installed, and a number that
/// grows at each start. A system that was copied with its installation has another name at the least.
pub(crate) fn boot_name() -> String {
    let guid = text(w!("SOFTWARE\\Microsoft\\Cryptography"), w!("MachineGuid"));
    let boot = number(
        w!(
            "SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management\\PrefetchParameters"
        ),
        w!("BootId"),
    );
    format!("{guid}-{boot}-{}", hostname())
}

/// All processes see each other.
pub(crate) fn process_room() -> Option<String> {
    Some("all".to_owned())
}

fn text(key: PCWSTR, name: PCWSTR) -> String {
    let mut units = [0_u16; 128];
    let read = value(
        key,
        name,
        RRF_RT_REG_SZ,
        units.as_mut_ptr().cast(),
        size_of_val(&units),
    );
    let text = units.split(|unit| *unit == 0).next().filter(|_| read);
    String::from_utf16_lossy(text.unwrap_or_default())
}

fn number(key: PCWSTR, name: PCWSTR) -> u32 {
    let mut number = 0_u32;
    let read = value(
        key,
        name,
        RRF_RT_REG_DWORD,
        (&raw mut number).cast(),
        size_of_val(&number),
    );
    if read { number } else { 0 }
}

/// Reads a value of the registry; false if there is none of that kind.
fn value(key: PCWSTR, name: PCWSTR, kind: u32, to: *mut c_void, size: usize) -> bool {
    let mut size = size as u32;
    // SAFETY: key and name are literals. Both callers pass a local of theirs, with its size, for
    // which any content is valid; the system keeps no pointer to it.
    let done = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key,
            name,
            kind,
            std::ptr::null_mut(),
            to,
            &mut size,
        )
    };
    done == 0
}
