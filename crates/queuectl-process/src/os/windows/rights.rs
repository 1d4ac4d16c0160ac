//! Who may get at a file or folder: a list of rights for its owner alone. The system itself and those who administer it are on it
//! too, as they can't be kept out and expect to be.

use std::io;
use std::marker::PhantomData;
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
    ACCESS_ALLOWED_ACE, ACL, CopySid, DACL_SECURITY_INFORMATION, EqualSid, GetAce,
    GetSecurityDescriptorDacl, GetSecurityDescriptorOwner, GetTokenInformation, IsWellKnownSid,
    OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID,
    SECURITY_ATTRIBUTES, SECURITY_MAX_SID_SIZE, TOKEN_QUERY, TOKEN_USER, TokenUser,
    WELL_KNOWN_SID_TYPE, WinAuthenticatedUserSid, WinBuiltinAdministratorsSid, WinBuiltinGuestsSid,
    WinBuiltinUsersSid, WinInteractiveSid, WinLocalSystemSid, WinWorldSid,
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
    let path = zero_ended(path);
    // SAFETY: the path ends with a zero. Path, attributes and the descriptor that they point to are
    // locals of this function, so they live through the call, and the system keeps none of them.
    check(unsafe { CreateDirectoryW(path.as_ptr(), &attributes) })
}

/// Takes a file or folder away from everybody but its owner.
pub(super) fn give_to_owner_alone(path: &Path) -> io::Result<()> {
    let descriptor = Descriptor::for_owner_alone()?;
    // Without a list everybody would be given everything.
    let no_list = || io::Error::other("the list of rights for the owner alone is missing");
    let rights = descriptor.rights()?.ok_or_else(no_list)?;
    let path = zero_ended(path);
    // SAFETY: the path ends with a zero and is a local, as is the descriptor that the list is part
    // of: both live through the call, and the system keeps a copy.
    let status = unsafe {
        SetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
            ptr::null_mut(),
            ptr::null_mut(),
            rights.list,
            ptr::null(),
        )
    };
    done(status)
}

/// What others than the owner may do with a file or folder.
pub(super) fn of_others(path: &Path) -> io::Result<Others> {
    let (descriptor, me) = (Descriptor::of_file(path)?, User::of_this_process()?);
    let owners: Vec<_> = descriptor.owner()?.into_iter().chain([me.sid()]).collect();
    Ok(by_list(descriptor.rights()?, &owners))
}

/// What a list of rights lets others than the owner do. The owner may have several names: what an
/// administrator creates belongs to the group of administrators, but grants rights to the user.
/// Without a list everybody may do everything.
fn by_list(rights: Option<Rights<'_>>, owners: &[Sid<'_>]) -> Others {
    let Some(rights) = rights else {
        return Others::Everything;
    };
    let each = (0..rights.count()).map(|index| by_entry(rights, index, owners));
    each.max().unwrap_or(Others::Nothing)
}

/// What one entry of the list lets others do.
fn by_entry(rights: Rights<'_>, index: u32, owners: &[Sid<'_>]) -> Others {
    let Some((mask, whom)) = rights.allowed_by(index) else {
        return Others::Nothing;
    };
    let is_one_of = |kinds: &[WELL_KNOWN_SID_TYPE]| kinds.iter().any(|kind| whom.is(*kind));
    let is_owner = owners.iter().any(|owner| whom.is_same_as(*owner));
    if mask == 0 || is_owner || is_one_of(&TRUSTED) {
        Others::Nothing
    } else if mask & CHANGES != 0 && is_one_of(&EVERYBODY) {
        Others::Everything
    } else {
        Others::Something
    }
}

/// Memory of the system's that says who owns something and who may do what. It lies where the
/// system has put it, however this is moved.
struct Descriptor(PSECURITY_DESCRIPTOR);

impl Descriptor {
    /// Full control, passed on to what is inside, and nothing taken over from above.
    fn for_owner_alone() -> io::Result<Self> {
        let me = User::of_this_process()?.sid().text()?;
        Self::of(&format!(
            "D:P(A;OICI;FA;;;{me})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
        ))
    }

    /// What a text in the system's notation describes.
    fn of(text: &str) -> io::Result<Self> {
        let text = wide(text);
        let mut descriptor = Self(ptr::null_mut());
        // SAFETY: the text ends with a zero. Both pointers are to locals and aren't kept; what the
        // system puts into the second is memory that it has allocated for us.
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

    /// What the system knows of a file or folder.
    fn of_file(path: &Path) -> io::Result<Self> {
        let path = zero_ended(path);
        let mut descriptor = Self(ptr::null_mut());
        // SAFETY: the path ends with a zero, and what isn't wanted may be null. The pointers are to
        // locals and aren't kept; what the system puts into the last is memory that it has
        // allocated for us.
        done(unsafe {
            GetNamedSecurityInfoW(
                path.as_ptr(),
                SE_FILE_OBJECT,
                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &mut descriptor.0,
            )
        })?;
        Ok(descriptor)
    }

    /// Its list of rights, if it has one.
    fn rights(&self) -> io::Result<Option<Rights<'_>>> {
        let (mut present, mut list, mut by_default) = (0, ptr::null_mut(), 0);
        // SAFETY: the descriptor is valid as long as `self` is, and the other pointers are to
        // locals, which aren't kept.
        check(unsafe {
            GetSecurityDescriptorDacl(self.0, &mut present, &mut list, &mut by_default)
        })?;
        let is_there = present != 0 && !list.is_null();
        Ok(is_there.then_some(Rights {
            list,
            _part_of: PhantomData,
        }))
    }

    /// Its owner, if it says so.
    fn owner(&self) -> io::Result<Option<Sid<'_>>> {
        let (mut owner, mut by_default) = (PSID::default(), 0);
        // SAFETY: the descriptor is valid as long as `self` is, and the other pointers are to
        // locals, which aren't kept.
        check(unsafe { GetSecurityDescriptorOwner(self.0, &mut owner, &mut by_default) })?;
        Ok((!owner.is_null()).then_some(Sid {
            start: owner,
            _part_of: PhantomData,
        }))
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the system has allocated it for us, or it is null. All that points into it
        // borrows it, and so is gone.
        unsafe { LocalFree(self.0) };
    }
}

/// A list of rights: a part of a descriptor, which it borrows.
#[derive(Clone, Copy)]
struct Rights<'a> {
    list: *const ACL,
    _part_of: PhantomData<&'a Descriptor>,
}

impl<'a> Rights<'a> {
    fn count(self) -> u32 {
        // SAFETY: the list is valid: it is part of a descriptor that is borrowed for as long as
        // this is there.
        u32::from(unsafe { (*self.list).AceCount })
    }

    /// What an entry allows, and to whom; none if it doesn't allow anything here.
    fn allowed_by(self, index: u32) -> Option<(u32, Sid<'a>)> {
        const ALLOWS: u8 = 0;
        const INHERIT_ONLY: u8 = 8;
        let mut entry = ptr::null_mut();
        // SAFETY: the list is valid, as above; the pointer is to a local. The system looks whether
        // there is such an entry.
        if unsafe { GetAce(self.list, index, &mut entry) } == 0 {
            return None;
        }
        let entry: *mut ACCESS_ALLOWED_ACE = entry.cast();
        // SAFETY: the entry is part of the list, and every entry begins with a header.
        let header = unsafe { (*entry).Header };
        if header.AceType != ALLOWS || header.AceFlags & INHERIT_ONLY != 0 {
            return None;
        }
        // SAFETY: an entry that allows has what it allows, and at its end to whom, which lasts as
        // long as the list.
        let (mask, whom) = unsafe { ((*entry).Mask, &raw mut (*entry).SidStart) };
        let whom = Sid {
            start: whom.cast(),
            _part_of: PhantomData,
        };
        Some((mask, whom))
    }
}

/// The system's name ("SID") of a user or a group: a part of something that it borrows.
#[derive(Clone, Copy)]
struct Sid<'a> {
    start: PSID,
    _part_of: PhantomData<&'a ()>,
}

impl Sid<'_> {
    fn is(self, kind: WELL_KNOWN_SID_TYPE) -> bool {
        // SAFETY: the name is valid: what it is part of is borrowed for as long as this is there.
        unsafe { IsWellKnownSid(self.start, kind) != 0 }
    }

    fn is_same_as(self, other: Sid<'_>) -> bool {
        // SAFETY: both are valid, as above.
        unsafe { EqualSid(self.start, other.start) != 0 }
    }

    /// The same in the system's notation.
    fn text(self) -> io::Result<String> {
        let mut text = ptr::null_mut();
        // SAFETY: the name is valid, as above, and the pointer is to a local; what the system puts
        // there it has allocated for us.
        check(unsafe { ConvertSidToStringSidW(self.start, &mut text) })?;
        // SAFETY: it ends with a zero, and is ours until it is freed below.
        let length = (0..)
            .take_while(|&at| unsafe { *text.add(at) } != 0)
            .count();
        // SAFETY: it is as long as was just counted, and what is made of it is a copy.
        let known = String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(text, length) });
        // SAFETY: the system has allocated it for us, and nothing points into it any more.
        unsafe { LocalFree(text.cast()) };
        Ok(known)
    }
}

/// The user that this process runs as, by a copy of its name. What the system tells of a user
/// points into its own buffer; a name has no pointers in it, so this can be moved.
struct User {
    /// Of words, so that it is aligned for a name.
    name: [u32; SECURITY_MAX_SID_SIZE as usize / size_of::<u32>()],
}

impl User {
    fn of_this_process() -> io::Result<Self> {
        let mut token = HANDLE::default();
        // SAFETY: the pointer is to a local, and isn't kept.
        check(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) })?;
        let token = owned(token)?;
        // Of words, so that it is aligned for what is put into it.
        let mut buffer = [0_u64; 64];
        let room = size_of_val(&buffer) as u32;
        let told = buffer.as_mut_ptr();
        let mut length = 0;
        // SAFETY: the token is open, and the buffer has the length that is passed with it.
        check(unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                told.cast(),
                room,
                &mut length,
            )
        })?;
        let mut user = Self { name: [0; _] };
        let longest = size_of_val(&user.name) as u32;
        // SAFETY: the call above has put a user there, whose name lies in the same buffer. That is
        // a local, and still where it was. The copy has the room that is passed with it, which is
        // enough for every name.
        check(unsafe {
            let name = (*told.cast::<TOKEN_USER>()).User.Sid;
            CopySid(longest, user.name.as_mut_ptr().cast(), name)
        })?;
        Ok(user)
    }

    fn sid(&self) -> Sid<'_> {
        Sid {
            start: self.name.as_ptr().cast_mut().cast(),
            _part_of: PhantomData,
        }
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
    use super::*;

    /// What a list lets others do, with one user as the file's owner and another, or the same, as who asks.
    fn others(list: &str, owner: &str, me: &str) -> Others {
        let named = |name: &str| Descriptor::of(&format!("O:{name}")).expect("it is a name");
        let (owner, me) = (named(owner), named(me));
        let owners =
            [&owner, &me].map(|it| it.owner().expect("it can be read").expect("it has one"));
        let list = Descriptor::of(&format!("D:{list}")).expect("it is a list");
        by_list(list.rights().expect("it can be read"), &owners)
    }

    #[test]
    fn a_user_is_the_same_wherever_it_is_kept() {
        let users: Vec<_> = (0..3).map(|_| User::of_this_process()).collect();
        let named = users.into_iter().map(|user| {
            let kept = Box::new(user.expect("it is known"));
            kept.sid().text().expect("it has a name")
        });
        let named: Vec<_> = named.collect();
        assert!(named[0].starts_with("S-1-5-"), "{named:?}");
        assert!(named.iter().all(|name| *name == named[0]), "{named:?}");
    }

    #[test]
    fn without_a_list_everybody_may_do_everything() {
        let none = Descriptor::of(&format!("O:{ME}")).expect("it is a name");
        let rights = none.rights().expect("it can be read");
        assert_eq!(by_list(rights, &[]), Others::Everything);
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
