//! Who may get at a file or folder: a list of rights for its owner alone. The system itself and those who administer it are on it
//! too, as they can't be kept out and expect to be.

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{GENERIC_ALL, GENERIC_WRITE, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW,
    GetNamedSecurityInfoW, SDDL_REVISION_1, SE_FILE_OBJECT, SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACL, DACL_SECURITY_INFORMATION, EqualSid, GetAce,
    GetSecurityDescriptorDacl, GetTokenInformation, IsWellKnownSid, OWNER_SECURITY_INFORMATION,
    PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES,
    TOKEN_QUERY, TOKEN_USER, TokenUser, WELL_KNOWN_SID_TYPE, WinAuthenticatedUserSid,
    WinBuiltinAdministratorsSid, WinBuiltinGuestsSid, WinBuiltinUsersSid, WinInteractiveSid,
    WinLocalSystemSid, WinWorldSid,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateDirectoryW, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_WRITE_DATA, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::handle::{check, owned, wide};
use crate::place::Others;

/// Who may do anything anyway.
const TRUSTED: [WELL_KNOWN_SID_TYPE; 2] = [WinLocalSystemSid, WinBuiltinAdministratorsSid];

/// Groups that anybody is in.
const EVERYBODY: [WELL_KNOWN_SID_TYPE; 5] = [
    WinWorldSid,
    WinAuthenticatedUserSid,
    WinBuiltinUsersSid,
    WinBuiltinGuestsSid,
    WinInteractiveSid,
];

/// What changes a file, what is in a folder, or who may.
const CHANGES: u32 = FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_DELETE_CHILD
    | WRITE_DAC
    | WRITE_OWNER
    | GENERIC_WRITE
    | GENERIC_ALL;

/// Creates a folder that is for its owner alone from the first moment, as is all that will be in it.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    let descriptor = Descriptor::for_owner_alone()?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    // SAFETY: the path ends with a zero, and what is pointed to lives through the call.
    check(unsafe { CreateDirectoryW(zero_ended(path).as_ptr(), &attributes) })
}

/// Takes a file or folder away from everybody but its owner.
pub(super) fn give_to_owner_alone(path: &Path) -> io::Result<()> {
    let descriptor = Descriptor::for_owner_alone()?;
    let rights = descriptor.rights()?;
    // SAFETY: the path ends with a zero, and the list lives as long as its descriptor.
    let status = unsafe {
        SetNamedSecurityInfoW(
            zero_ended(path).as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
            ptr::null_mut(),
            ptr::null_mut(),
            rights,
            ptr::null(),
        )
    };
    done(status)
}

/// What others than the owner may do with a file or folder.
pub(super) fn of_others(path: &Path) -> io::Result<Others> {
    let (mut owner, mut rights, mut descriptor) = (
        PSID::default(),
        ptr::null_mut::<ACL>(),
        Descriptor(ptr::null_mut()),
    );
    // SAFETY: the path ends with a zero, and the pointers are to locals; what isn't wanted may be null.
    done(unsafe {
        GetNamedSecurityInfoW(
            zero_ended(path).as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &mut owner,
            ptr::null_mut(),
            &mut rights,
            ptr::null_mut(),
            &mut descriptor.0,
        )
    })?;
    Ok(by_list(rights, [owner, User::of_this_process()?.sid()]))
}

/// What a list of rights lets others do than its owner, by either of his names: what an administrator makes belongs to all of
/// them, and gives him his rights by his own name.
fn by_list(rights: *const ACL, owner: [PSID; 2]) -> Others {
    if rights.is_null() {
        return Others::Everything;
    }
    // SAFETY: it isn't null, and lives as long as its descriptor.
    let count = u32::from(unsafe { (*rights).AceCount });
    let each = (0..count).map(|index| by_entry(rights, index, owner));
    each.max().unwrap_or(Others::Nothing)
}

/// What one entry of the list lets others do.
fn by_entry(rights: *const ACL, index: u32, owner: [PSID; 2]) -> Others {
    const ALLOWS: u8 = 0;
    const INHERIT_ONLY: u8 = 8;
    let mut entry = ptr::null_mut();
    // SAFETY: the list has that many entries, and the pointer is to a local.
    if unsafe { GetAce(rights, index, &mut entry) } == 0 {
        return Others::Nothing;
    }
    let entry: *mut ACCESS_ALLOWED_ACE = entry.cast();
    // SAFETY: every entry begins with a header.
    let header = unsafe { (*entry).Header };
    if header.AceType != ALLOWS || header.AceFlags & INHERIT_ONLY != 0 {
        return Others::Nothing;
    }
    // SAFETY: an entry that allows has what it allows, and at its end to whom.
    let (mask, whom): (u32, PSID) = unsafe { ((*entry).Mask, (&raw mut (*entry).SidStart).cast()) };
    let is_one_of = |kinds: &[WELL_KNOWN_SID_TYPE]| {
        // SAFETY: it is valid as long as the list is.
        let is = |kind: &WELL_KNOWN_SID_TYPE| unsafe { IsWellKnownSid(whom, *kind) != 0 };
        kinds.iter().any(is)
    };
    // SAFETY: all are valid as long as the list is.
    let is_owner = owner.iter().any(|it| unsafe { EqualSid(whom, *it) != 0 });
    if mask == 0 || is_owner || is_one_of(&TRUSTED) {
        Others::Nothing
    } else if mask & CHANGES != 0 && is_one_of(&EVERYBODY) {
        Others::Everything
    } else {
        Others::Something
    }
}

/// Memory of the system's that describes who may do what.
struct Descriptor(PSECURITY_DESCRIPTOR);

impl Descriptor {
    /// Full control, passed on to what is inside, and nothing taken over from above.
    fn for_owner_alone() -> io::Result<Self> {
        let me = User::of_this_process()?.text()?;
        Self::of(&format!(
            "D:P(A;OICI;FA;;;{me})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
        ))
    }

    /// What a text in the system's notation describes.
    fn of(text: &str) -> io::Result<Self> {
        let text = wide(text);
        let mut descriptor = Self(ptr::null_mut());
        // SAFETY: the text ends with a zero, and the pointer is to a local.
        check(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor.0,
                ptr::null_mut(),
            )
        })?;
        Ok(descriptor)
    }

    /// Its list of rights.
    fn rights(&self) -> io::Result<*mut ACL> {
        let (mut present, mut rights, mut by_default) = (0, ptr::null_mut(), 0);
        // SAFETY: the descriptor is valid, and the pointers are to locals.
        check(unsafe {
            GetSecurityDescriptorDacl(self.0, &mut present, &mut rights, &mut by_default)
        })?;
        Ok(rights)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system has given it to us, or it is null.
        unsafe { LocalFree(self.0) };
    }
}

/// The user that this process runs as.
struct User {
    /// Of words, so that it is aligned for what is put into it.
    buffer: [u64; 64],
}

impl User {
    fn of_this_process() -> io::Result<Self> {
        let mut token = HANDLE::default();
        // SAFETY: the pointer is to a local.
        check(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) })?;
        let token = owned(token)?;
        let mut user = Self { buffer: [0; 64] };
        let mut length = 0;
        // SAFETY: the buffer has the length that is passed with it.
        check(unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                user.buffer.as_mut_ptr().cast(),
                size_of_val(&user.buffer) as u32,
                &mut length,
            )
        })?;
        Ok(user)
    }

    /// The user's name for the system. What it points to is in memory of its own, or in the buffer.
    fn sid(&self) -> PSID {
        // SAFETY: the call above has put one there, and it is small enough.
        unsafe { (*self.buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid }
    }

    /// The same in the system's notation.
    fn text(&self) -> io::Result<String> {
        let mut text = ptr::null_mut();
        // SAFETY: the pointer is to a local.
        check(unsafe { ConvertSidToStringSidW(self.sid(), &mut text) })?;
        // SAFETY: it ends with a zero.
        let length = (0..)
            .take_while(|&at| unsafe { *text.add(at) } != 0)
            .count();
        // SAFETY: it is as long as was just counted.
        let known = String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(text, length) });
        // SAFETY: the system has given it to us.
        unsafe { LocalFree(text.cast()) };
        Ok(known)
    }
}

fn zero_ended(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

/// These calls return the error itself.
fn done(status: u32) -> io::Result<()> {
    match status {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error.cast_signed())),
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Security::GetSecurityDescriptorOwner;

    use super::*;

    /// What a list lets others do, with one user as the file's owner and another, or the same, as who asks.
    fn others(list: &str, owner: &str, me: &str) -> Others {
        let named = |who: &str| Descriptor::of(&format!("O:{who}")).expect("it is a name");
        let (owner, me) = (named(owner), named(me));
        let list = Descriptor::of(&format!("D:{list}")).expect("it is a list");
        by_list(
            list.rights().expect("there is one"),
            [&owner, &me].map(owner_of),
        )
    }

    fn owner_of(descriptor: &Descriptor) -> PSID {
        let (mut owner, mut by_default) = (PSID::default(), 0);
        // SAFETY: the descriptor is valid, and the pointers are to locals.
        let done = unsafe { GetSecurityDescriptorOwner(descriptor.0, &mut owner, &mut by_default) };
        check(done).expect("it has one");
        owner
    }

    const ME: &str = "S-1-5-21-1-2-3-1001";
    const SOMEBODY: &str = "S-1-5-21-1-2-3-1002";

    #[test]
    fn what_an_administrator_makes_is_his_though_it_belongs_to_all_of_them() {
        let list = format!("(A;;FA;;;{ME})(A;;FA;;;SY)(A;;FA;;;BA)");
        assert_eq!(others(&list, ME, ME), Others::Nothing);
        assert_eq!(others(&list, "BA", ME), Others::Nothing);
        assert_eq!(others(&list, "BA", SOMEBODY), Others::Something);
    }

    #[test]
    fn groups_that_anybody_is_in_are_everybody() {
        for group in ["WD", "AU", "BU", "IU", "BG"] {
            let may = |rights: &str| others(&format!("(A;;{rights};;;{group})"), ME, ME);
            for rights in ["FA", "GA", "GW", "FW", "WD", "WO", "0x2", "0x4", "0x1301bf"] {
                assert_eq!(may(rights), Others::Everything, "{rights} to {group}");
            }
            assert_eq!(may("FR"), Others::Something, "{group}");
        }
        let may = |rights: &str| others(&format!("(A;;{rights};;;{SOMEBODY})"), ME, ME);
        assert_eq!(may("FA"), Others::Something, "one is not everybody");
        assert_eq!(others("(A;OICIIO;FA;;;WD)", ME, ME), Others::Nothing);
        assert_eq!(others("(D;;FA;;;WD)", ME, ME), Others::Nothing);
    }
}
