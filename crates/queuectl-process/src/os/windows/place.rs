//! Places on a disk: who may get at them, and whose disk it is.

use std::fs::{self, File};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, GetDriveTypeW, GetFileInformationByHandle, GetVolumePathNameW,
};
use windows_sys::Win32::System::WindowsProgramming::DRIVE_REMOTE;

use super::handle::check;
use super::rights;
use crate::place::{Access, OtherPath, Owner, OwnerMay};

/// What others may do with a file or folder. Its owner is taken for the user: who it is, is no matter of who may get at it.
pub fn access(path: &Path) -> io::Result<Access> {
    Ok(Access {
        owner: Owner::Me,
        owner_may: OwnerMay::DoAll,
        others: rights::of_others(path)?,
    })
}

/// Takes a file or folder away from everybody but its owner.
pub fn make_private(path: &Path) -> io::Result<()> {
    rights::give_to_owner_alone(path)
}

/// Does nothing: Windows has no umask, and `access` reports no folder that shuts its owner out.
pub fn let_owner_in(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a folder that wasn't there, for its owner alone.
pub fn new_private_dir(path: &Path) -> io::Result<()> {
    rights::create_dir(path)
}

/// How long somebody else may have a file open that is to be replaced.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often to try again meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

/// Gives a file the name of another, which is gone then. The system refuses that while somebody has it open, as who reads it or
/// looks for viruses does for a moment.
pub fn replace(draft: &Path, path: &Path) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        match fs::rename(draft, path) {
            Err(error) if is_open(&error) && Instant::now() < end => thread::sleep(PAUSE),
            renamed => return renamed,
        }
    }
}

fn is_open(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(i32::cast_unsigned);
    code.is_some_and(|code| [ERROR_SHARING_VIOLATION, ERROR_ACCESS_DENIED].contains(&code))
}

/// What tells a file from all others, by whatever path it is opened: its disk, and its number there.
pub fn file_identity(path: &Path) -> io::Result<[u64; 2]> {
    open_file_identity(&File::open(path)?)
}

/// What tells an open file from all others, whatever is at its path by now: its disk, and its number there.
pub fn open_file_identity(file: &File) -> io::Result<[u64; 2]> {
    let seen = information(file)?;
    let number = u64::from(seen.nFileIndexHigh) << 32 | u64::from(seen.nFileIndexLow);
    Ok([u64::from(seen.dwVolumeSerialNumber), number])
}

/// How a file can have a second path, apart from symbolic links. None if it can't. Only folders can be mounted.
pub fn other_path(path: &Path) -> io::Result<Option<OtherPath>> {
    let is_linked =
        fs::metadata(path)?.is_file() && information(&File::open(path)?)?.nNumberOfLinks > 1;
    Ok(is_linked.then_some(OtherPath::HardLink))
}

fn information(file: &File) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    let mut seen = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the file is borrowed, so its handle is open; the structure is a local, and has been
    // filled when the call returns.
    check(unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut seen) })?;
    Ok(seen)
}

/// Does nothing: a folder can't be waited for.
pub fn sync_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The name of the network file system that a path is on: a drive that is mapped, or `\\server\share`.
pub fn network_file_system(path: &Path) -> io::Result<Option<String>> {
    let path: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut root = [0_u16; 1024];
    // SAFETY: the path ends with a zero, and the buffer has the length that is passed with it. Both
    // are locals, and aren't kept.
    check(unsafe { GetVolumePathNameW(path.as_ptr(), root.as_mut_ptr(), root.len() as u32) })?;
    // SAFETY: the call above has put a zero at the end; the buffer is still where it was.
    let remote = unsafe { GetDriveTypeW(root.as_ptr()) } == DRIVE_REMOTE;
    Ok(remote.then(|| "network drive".to_owned()))
}
