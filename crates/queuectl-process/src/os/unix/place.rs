//! Places on a disk: owners, modes, and what makes a change last.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::os::native;
use crate::place::{Access, OtherPath, Others, Owner, OwnerMay};

/// In a folder with this bit, only the owner of a file may remove it.
const STICKY: u32 = 0o1000;

/// The mode of a folder that its owner may use.
const OWNERS: u32 = 0o700;
/// The part of it that lets its owner get at what is inside.
const ENTER: u32 = 0o100;

/// The owner of a file or folder, and what others may do with it. Of a symbolic link only the owner counts.
pub fn access(path: &Path) -> io::Result<Access> {
    let seen = fs::symlink_metadata(path)?;
    let owner = match seen.uid() {
        me if me == rustix::process::geteuid().as_raw() => Owner::Me,
        0 => Owner::Root,
        another => Owner::Another(another),
    };
    let mode = seen.mode();
    let others = if seen.is_symlink() || mode & 0o077 == 0 {
        Others::Nothing
    } else if mode & 0o002 != 0 && !(seen.is_dir() && mode & STICKY != 0) {
        Others::Everything
    } else {
        Others::Something
    };
    let owner_may = match mode & OWNERS {
        _ if !seen.is_dir() => OwnerMay::DoAll,
        OWNERS => OwnerMay::DoAll,
        some if some & ENTER != 0 => OwnerMay::Enter,
        _ => OwnerMay::NotEnter,
    };
    Ok(Access {
        owner,
        owner_may,
        others,
    })
}

/// Takes a file or folder away from everybody but its owner.
pub fn make_private(path: &Path) -> io::Result<()> {
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Creates a folder, 0700, that wasn't there.
pub fn new_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(OWNERS).create(path)?;
    // The umask may take rights away from the owner, too: with 0177 the folder couldn't be entered.
    fs::set_permissions(path, Permissions::from_mode(OWNERS))
}

/// Lets the owner of a folder use it. Others keep the rights that they have.
pub fn let_owner_in(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.mode();
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 | OWNERS))
}

/// Renames `draft` to `path`, and so replaces what was there.
pub fn replace(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)
}

/// What tells a file from all others, by whatever path it is opened: its disk, and its number there.
pub fn file_identity(path: &Path) -> io::Result<[u64; 2]> {
    Ok(identity(&fs::metadata(path)?))
}

/// What tells an open file from all others, whatever is at its path by now: its disk, and its number there.
pub fn open_file_identity(file: &File) -> io::Result<[u64; 2]> {
    Ok(identity(&file.metadata()?))
}

fn identity(seen: &Metadata) -> [u64; 2] {
    [seen.dev(), seen.ino()]
}

/// How a file can have a second path, apart from symbolic links. None if it can't.
pub fn other_path(path: &Path) -> io::Result<Option<OtherPath>> {
    let seen = fs::symlink_metadata(path)?;
    if seen.is_file() && seen.nlink() > 1 {
        return Ok(Some(OtherPath::HardLink));
    }
    Ok(native::is_mount_point(path)?.then_some(OtherPath::Mount))
}

/// Waits until what was created, renamed or removed in a folder is on disk.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
