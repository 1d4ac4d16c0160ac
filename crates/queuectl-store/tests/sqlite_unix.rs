//! What a store in a file does where files have modes and links.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use queuectl_domain::{Command, NewJob, Settings};
use queuectl_store::{Location, Options, Store, open};

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
