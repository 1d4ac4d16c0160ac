//! Places on a disk: whose they are, who else may get at them, and on what disk they lie.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "all of it is test")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use queuectl_process::os;
use queuectl_process::{Access, OtherPath, Others, Owner, OwnerMay};

fn others_at(path: &Path, mode: u32) -> Others {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    os::access(path).unwrap().others
}

#[test]
fn what_others_may_do_is_read_from_the_mode() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(others_at(&file, 0o600), Others::Nothing);
    assert_eq!(others_at(&file, 0o640), Others::Something);
    assert_eq!(others_at(&file, 0o664), Others::Something);
    assert_eq!(others_at(&file, 0o602), Others::Everything);
    assert_eq!(others_at(folder.path(), 0o777), Others::Everything);
    // As /tmp is: nobody can replace what belongs to another there.
    assert_eq!(others_at(folder.path(), 0o1777), Others::Something);
    assert_eq!(others_at(folder.path(), 0o700), Others::Nothing);
}

#[test]
fn what_is_made_private_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let (inner, file) = (folder.path().join("inner"), folder.path().join("file"));
    os::new_private_dir(&inner).unwrap();
    assert_eq!(inner.metadata().unwrap().mode() & 0o777, 0o700);
    assert!(os::new_private_dir(&inner).is_err(), "it is there already");
    fs::write(&file, "").unwrap();
    for (path, mode) in [(&inner, 0o700), (&file, 0o600)] {
        assert_ne!(others_at(path, 0o755), Others::Nothing);
        os::make_private(path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, mode);
    }
    os::sync_dir(&inner).unwrap();
}

#[test]
fn an_owner_is_told_from_another_and_a_link_from_what_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    symlink("/etc/passwd", &link).unwrap();
    let me = Access {
        owner: Owner::Me,
        owner_may: OwnerMay::DoAll,
        others: Others::Nothing,
    };
    assert_eq!(os::access(&link).unwrap(), me);
    let is_root = fs::metadata(folder.path()).unwrap().uid() == 0;
    if is_root {
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        chown(&file, Some(12345), None).unwrap();
        assert_eq!(os::access(&file).unwrap().owner, Owner::Another(12345));
    } else {
        let root = os::access(Path::new("/etc/passwd")).unwrap();
        assert_eq!(root.owner, Owner::Root);
    }
    assert!(os::access(&folder.path().join("nothing")).is_err());
}

#[test]
fn a_disk_of_this_machine_is_no_network() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(os::network_file_system(folder.path()).unwrap(), None);
    assert!(os::network_file_system(&folder.path().join("nothing")).is_err());
}

#[test]
fn a_file_is_the_same_by_each_of_its_names_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    fs::write(at("other"), "").unwrap();
    fs::hard_link(at("file"), at("second")).unwrap();
    symlink(at("file"), at("link")).unwrap();
    let identity = os::file_identity(&at("file")).unwrap();
    for name in ["second", "link"] {
        assert_eq!(os::file_identity(&at(name)).unwrap(), identity, "{name}");
    }
    assert_ne!(os::file_identity(&at("other")).unwrap(), identity);
    assert!(os::file_identity(&at("nothing")).is_err());
}

#[test]
fn a_file_with_two_names_has_another_path_and_a_symbolic_link_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    symlink(at("file"), at("link")).unwrap();
    assert_eq!(os::other_path(&at("file")).unwrap(), None);
    assert_eq!(os::other_path(folder.path()).unwrap(), None);
    fs::hard_link(at("file"), at("second")).unwrap();
    for name in ["file", "second"] {
        let found = os::other_path(&at(name)).unwrap();
        assert_eq!(found, Some(OtherPath::HardLink), "{name}");
    }
    fs::remove_file(at("second")).unwrap();
    assert_eq!(os::other_path(&at("file")).unwrap(), None);
    assert!(os::other_path(&at("nothing")).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn where_something_is_mounted_has_another_path() {
    let mounted = os::other_path(Path::new("/proc")).unwrap();
    assert_eq!(mounted, Some(OtherPath::Mount));
    assert_eq!(os::other_path(Path::new("/proc/self")).unwrap(), None);
}
