//! Windows: who may get at a file or folder, as its list of rights says.

use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{GetNamedSecurityInfoW, SE_FILE_OBJECT};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACL, DACL_SECURITY_INFORMATION, EqualSid, GetAce, IsWellKnownSid,
    OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, WinBuiltinAdministratorsSid,
    WinLocalSystemSid,
};

/// `ACCESS_ALLOWED_ACE_TYPE`
const ALLOWS: u8 = 0;

/// Why a file or folder isn't for its owner alone, if it isn't. The system itself and those who administer it can't be kept out.
pub(crate) fn open_to_others(path: &Path) -> Option<String> {
    let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut owner: PSID = null_mut();
    let mut rights: *mut ACL = null_mut();
    let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
    let wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    // SAFETY: the path ends with a zero, and the pointers are to locals; what is not wanted may be null.
    let status = unsafe {
        GetNamedSecurityInfoW(
            wide.as_ptr(),
            SE_FILE_OBJECT,
            wanted,
            &mut owner,
            null_mut(),
            &mut rights,
            null_mut(),
            &mut descriptor,
        )
    };
    assert_eq!(status, 0, "the rights of {} can be read", path.display());
    let trouble = if rights.is_null() {
        Some("everybody may do everything".to_owned())
    } else {
        // SAFETY: it is not null, and lives as long as the descriptor.
        let count = unsafe { (*rights).AceCount }.into();
        (0..count).find_map(|index| stranger(rights, index, owner))
    };
    // SAFETY: the call has just given it to us.
    unsafe { LocalFree(descriptor) };
    trouble.map(|trouble| format!("{}: {trouble}", path.display()))
}

/// What somebody else may do by this entry of the list.
fn stranger(rights: *mut ACL, index: u32, owner: PSID) -> Option<String> {
    let mut entry = null_mut();
    // SAFETY: the list has that many entries.
    let found = unsafe { GetAce(rights, index, &mut entry) };
    assert_ne!(found, 0, "an entry can be read");
    let entry: *mut ACCESS_ALLOWED_ACE = entry.cast();
    // SAFETY: every entry begins like that.
    if unsafe { (*entry).Header.AceType } != ALLOWS {
        return None;
    }
    // SAFETY: those that allow something have it there, and whom it is for at their end.
    let (mask, whom) = unsafe { ((*entry).Mask, (&raw mut (*entry).SidStart).cast()) };
    // SAFETY: both are valid as long as the list is.
    let trusted = unsafe {
        EqualSid(whom, owner) != 0
            || IsWellKnownSid(whom, WinLocalSystemSid) != 0
            || IsWellKnownSid(whom, WinBuiltinAdministratorsSid) != 0
    };
    (!trusted && mask != 0).then(|| format!("entry {index} gives somebody else {mask:#x}"))
}
