//! What kind of file system a path is on (`statfs` tells by number, and of FUSE the list of mounts tells by name), and whether
//! something is mounted at it.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, major, minor, statfs, statx};

/// File systems that other machines may change, by the number of their kind.
const NETWORK: [(u32, &str); 13] = [
    (0x0000_6969, "nfs"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb3"),
    (0x0000_517B, "smbfs"),
    (0x0102_1997, "9p"),
    (0x00C3_6400, "ceph"),
    (0x0BD0_0BD0, "lustre"),
    (0x5346_414F, "afs"),
    (0x6B41_4653, "afs"),
    (0x7375_7245, "coda"),
    (0x0116_1970, "gfs2"),
    (0x7461_636F, "ocfs2"),
    (0x0000_564C, "ncpfs"),
];

/// FUSE: a program decides what is behind it.
const FUSE: u32 = 0x6573_5546;

/// Programs behind FUSE that keep the files on other machines.
const FUSE_NETWORK: [&str; 17] = [
    "beegfs",
    "ceph",
    "ceph-fuse",
    "curlftpfs",
    "davfs",
    "gcsfuse",
    "glusterfs",
    "goofys",
    "gvfsd-fuse",
    "juicefs",
    "lizardfs",
    "mfs",
    "rclone",
    "s3fs",
    "seaweedfs",
    "smbnetfs",
    "sshfs",
];

/// The name of the network file system that a path is on; none if its disk is this machine's own.
pub fn network_file_system(path: &Path) -> io::Result<Option<String>> {
    // Some systems have it signed, and the highest bit is used.
    let kind = statfs(path)?.f_type as u32;
    if kind != FUSE {
        return Ok(by_number(kind).map(str::to_owned));
    }
    let device = fs::metadata(path)?.dev();
    let device = format!("{}:{}", major(device), minor(device));
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    Ok(by_mount(&mounts, &device))
}

/// Returns true if a file or folder is mounted at this path, so that it can have another path. Without an answer of `statx` (kernels
/// before 5.8, some sandboxes) the list of mounts tells.
pub(crate) fn is_mount_point(path: &Path) -> io::Result<bool> {
    let seen = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    if let Ok(seen) = seen
        && seen
            .stx_attributes_mask
            .contains(StatxAttributes::MOUNT_ROOT)
    {
        return Ok(seen.stx_attributes.contains(StatxAttributes::MOUNT_ROOT));
    }
    let mounts = fs::read("/proc/self/mountinfo")?;
    Ok(is_in_list(&mounts, path.as_os_str().as_bytes()))
}

/// Looks up a path in the list of mounts, which writes blanks, tabs, line ends and backslashes as three octal digits.
fn is_in_list(mounts: &[u8], path: &[u8]) -> bool {
    let mut written = Vec::with_capacity(path.len());
    for &byte in path {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => written.extend(format!("\\{byte:03o}").bytes()),
            _ => written.push(byte),
        }
    }
    let mut lines = mounts.split(|byte| *byte == b'\n');
    lines.any(|line| line.split(|byte| *byte == b' ').nth(4) == Some(&written))
}

fn by_number(kind: u32) -> Option<&'static str> {
    let found = NETWORK.iter().find(|(number, _)| *number == kind);
    found.map(|(_, name)| *name)
}

/// Looks up a device in the list of mounts: `36 35 0:52 / /mnt rw - fuse.sshfs me@there: rw`.
fn by_mount(mounts: &str, device: &str) -> Option<String> {
    let mount = mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(device))?;
    let (_, after) = mount.split_once(" - ")?;
    let mut fields = after.split(' ');
    let kind = fields.next()?;
    let source = fields.next().unwrap_or_default();
    let program = kind.strip_prefix("fuse.").unwrap_or_default();
    let network = FUSE_NETWORK.contains(&program) || source.contains("://");
    network.then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_number() {
        // As linux/magic.h has them; NFS, CIFS and 9p are what people mount.
        assert_eq!(by_number(0x6969), Some("nfs"));
        assert_eq!(by_number(0xFF53_4D42), Some("cifs"));
        assert_eq!(by_number(0xFE53_4D42), Some("smb3"));
        assert_eq!(by_number(0x0102_1997), Some("9p"));
        // ext4, tmpfs, btrfs, xfs, overlayfs, zfs.
        for local in [
            0xEF53,
            0x0102_1994,
            0x9123_683E,
            0x5846_5342,
            0x794C_7630,
            0x2FC1_2FC1,
        ] {
            assert_eq!(by_number(local), None, "{local:x}");
        }
    }

    #[test]
    fn what_is_behind_fuse_is_known_by_its_mount() {
        let mounts = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:52 / /mnt/a rw,nosuid shared:2 - fuse.sshfs ann@there:/data rw,user_id=0
41 22 0:53 / /mnt/b rw,nosuid shared:3 - fuseblk /dev/sdb1 rw
42 22 0:54 / /mnt/c rw - fuse https://dav.example/ rw
43 22 0:55 / /mnt/d rw - fuse.gocryptfs /home/ann/secret rw
";
        let found = |device| by_mount(mounts, device);
        assert_eq!(found("0:52").as_deref(), Some("fuse.sshfs"));
        assert_eq!(found("0:53"), None);
        assert_eq!(found("0:54").as_deref(), Some("fuse"));
        assert_eq!(found("0:55"), None);
        assert_eq!(found("0:5"), None);
    }

    #[test]
    fn a_mount_point_is_found_in_the_list_whatever_its_name() {
        let mounts = br"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 8:1 /a/q.db /my\040data/q.db rw - ext4 /dev/sda1 rw
";
        assert!(is_in_list(mounts, b"/"));
        assert!(is_in_list(mounts, b"/my data/q.db"));
        for other in ["/my data", "/my data/q.db-wal", "/a/q.db", "/my"] {
            assert!(!is_in_list(mounts, other.as_bytes()), "{other}");
        }
    }
}
