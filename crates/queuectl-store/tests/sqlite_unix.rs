//! What a store in a file does where files have modes and links.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use queuectl_domain::{Command, NewJob, Settings};
use queuectl_store::{
    BackupTo, ErrorKind, Interrupted, Location, Options, Store, StoreError, open,
};

fn open_at(path: &Path) -> Box<dyn Store> {
    open(&Location::Sqlite(path.to_owned()), &Options::default()).unwrap()
}

fn a_job() -> NewJob {
    NewJob {
        id: None,
        command: Command::line("true".into(), None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn nobody_else_can_read_what_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("made");
    let mut store = open_at(&inner.join("q.db"));
    store.enqueue(vec![a_job()]).unwrap();
    let _bell = store.bell().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    let names = names(&inner);
    let expected = ["q.db", "q.db-lock", "q.db-shm", "q.db-wake", "q.db-wal"];
    assert_eq!(names, expected);
    for name in names {
        assert_eq!(mode(&inner.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_store_behind_a_link_is_the_same_store() {
    let folder = tempfile::tempdir().unwrap();
    let (real, other) = (folder.path().join("real"), folder.path().join("other"));
    fs::create_dir(&other).unwrap();
    let link = other.join("link.db");
    let mut store = open_at(&real.join("q.db"));
    symlink(real.join("q.db"), &link).unwrap();
    let mut linked = open_at(&link);
    linked.enqueue(vec![a_job()]).unwrap();
    assert_eq!(store.counts().unwrap().total(), 1);
    // Those that come by the link queue up with the others, and ring the same bell.
    assert_eq!(names(&other), ["link.db"]);
}

fn refused(path: &Path) -> StoreError {
    match open(&Location::Sqlite(path.to_owned()), &Options::default()) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_store_that_everybody_may_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    drop(open_at(&path));
    for name in ["q.db", "q.db-lock"] {
        let file = folder.path().join(name);
        set_mode(&file, 0o606);
        let error = refused(&path);
        assert!(matches!(&error, StoreError::Exposed { path } if *path == file));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        set_mode(&file, 0o600);
    }
    set_mode(folder.path(), 0o777);
    let error = refused(&path);
    assert!(matches!(error, StoreError::Exposed { .. }), "{error:?}");
    // In a folder such as /tmp nobody can replace what is another's.
    set_mode(folder.path(), 0o1777);
    open_at(&path);
}

#[test]
fn a_store_that_others_may_read_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    drop(open_at(&path));
    set_mode(&path, 0o644);
    set_mode(folder.path(), 0o755);
    open_at(&path);
}

#[test]
fn a_store_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    if fs::metadata(folder.path()).unwrap().uid() != 0 {
        // Only root can give a file away; everybody else meets root's, which are trusted.
        let error = refused(Path::new("/etc/passwd"));
        assert!(!matches!(error, StoreError::Foreign { .. }), "{error:?}");
        return;
    }
    let path = folder.path().join("q.db");
    drop(open_at(&path));
    for name in ["q.db", "q.db-wal", "."] {
        let file = folder.path().join(name);
        chown(&file, Some(12345), None).unwrap();
        let error = refused(&path);
        assert!(matches!(error, StoreError::Foreign { user: 12345, .. }));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("12345"), "{error}");
        chown(&file, Some(0), None).unwrap();
    }
    open_at(&path);
}

#[test]
fn a_backup_can_be_read_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_at(&folder.path().join("q.db"));
    let path = folder.path().join("b.db");
    let to = BackupTo {
        path: &path,
        replace: true,
        interrupted: Interrupted::never(),
    };
    fs::write(&path, "").unwrap();
    set_mode(&path, 0o644);
    store.backup(&to, &mut |_| {}).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}
