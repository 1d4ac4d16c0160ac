//! Places on a disk. Who may get at them is what the folders above say; a user's profile is private.

use std::fs;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Storage::FileSystem::{GetDriveTypeW, GetVolumePathNameW};
use windows_sys::Win32::System::WindowsProgramming::DRIVE_REMOTE;

use super::handle::check;
use crate::place::{Access, Others, Owner};

/// Always the user's own: owners and modes are not looked at here.
pub fn access(path: &Path) -> io::Result<Access> {
    fs::symlink_metadata(path)?;
    Ok(Access {
        owner: Owner::Me,
        others: Others::Nothing,
    })
}

/// Does nothing: who may get at it is what its folder says.
pub fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a folder that wasn't there.
pub fn new_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Does nothing: a folder can't be waited for.
pub fn sync_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// None: no scripts are made here.
pub fn abandoned_scripts(_scratch: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(Vec::new())
}

/// The name of the network file system that a path is on: a drive that is mapped, or `\\server\share`.
pub fn network_file_system(path: &Path) -> io::Result<Option<String>> {
    let path: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut root = [0_u16; 1024];
    // SAFETY: the path ends with a zero, and the buffer has the length that is passed with it.
    check(unsafe { GetVolumePathNameW(path.as_ptr(), root.as_mut_ptr(), root.len() as u32) })?;
    // SAFETY: the call above has put a zero at the end.
    let remote = unsafe { GetDriveTypeW(root.as_ptr()) } == DRIVE_REMOTE;
    Ok(remote.then(|| "network drive".to_owned()))
}
