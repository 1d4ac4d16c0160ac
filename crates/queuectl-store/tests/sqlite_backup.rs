//! What a backup is as a file, where it is not put, and that work goes on meanwhile.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use queuectl_domain::{Command, NewJob, Settings};
use queuectl_store::{
    BackupTo, ErrorKind, Interrupted, Location, Options, Store, StoreError, open,
};
use rusqlite::{Connection, OpenFlags};

fn a_store() -> (tempfile::TempDir, PathBuf, Box<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    let store = open_at(&path);
    (folder, path, store)
}

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

fn backup(store: &mut dyn Store, path: &Path, replace: bool) -> Result<(), StoreError> {
    let to = BackupTo {
        path,
        replace,
        interrupted: Interrupted::never(),
    };
    store.backup(&to, &mut |_| {})
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Looks at a backup as it lies there, without making anything beside it.
fn look_at(path: &Path) -> (String, i64) {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let integrity = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0));
    let jobs = conn.query_row("SELECT count(*) FROM jobs", [], |row| row.get(0));
    (integrity.unwrap(), jobs.unwrap())
}

#[test]
fn a_backup_is_one_sound_file_and_says_how_far_it_has_come() {
    let (folder, _, mut store) = a_store();
    store.enqueue(vec![a_job(); 30_000]).unwrap();
    let place = folder.path().join("backups");
    fs::create_dir(&place).unwrap();
    let path = place.join("b.db");
    let mut seen = Vec::new();
    let to = BackupTo {
        path: &path,
        replace: false,
        interrupted: Interrupted::never(),
    };
    store
        .backup(&to, &mut |how_far| seen.push(how_far))
        .unwrap();
    assert_eq!(names(&place), ["b.db"]);
    assert_eq!(look_at(&path), ("ok".to_owned(), 30_000));
    assert_eq!(names(&place), ["b.db"]);
    assert!(seen.len() > 1, "{seen:?}");
    assert!(seen.is_sorted_by_key(|how_far| how_far.done));
    let last = seen.last().unwrap();
    assert_eq!(last.done, last.total);
    assert_eq!(last.total, path.metadata().unwrap().len());
}

#[test]
fn a_file_that_is_there_is_only_replaced_if_that_is_meant() {
    let (folder, _, mut store) = a_store();
    let path = folder.path().join("b.db");
    fs::write(&path, "precious").unwrap();
    let error = backup(&mut *store, &path, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    backup(&mut *store, &path, true).unwrap();
    assert_eq!(look_at(&path), ("ok".to_owned(), 0));
}

#[test]
fn a_backup_never_takes_the_place_of_the_store_or_of_another() {
    let (folder, path, mut store) = a_store();
    store.enqueue(vec![a_job()]).unwrap();
    for name in [
        "q.db",
        "q.db-wal",
        "q.db-lock",
        "q.db-journal",
        "./q.db-shm",
    ] {
        let error = backup(&mut *store, &folder.path().join(name), true).unwrap_err();
        assert!(error.to_string().contains("belongs to"), "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    let other = folder.path().join("other.db");
    let mut another = open_at(&other);
    another.enqueue(vec![a_job(); 2]).unwrap();
    let error = backup(&mut *store, &other, true).unwrap_err();
    assert!(error.to_string().contains("may be in use"), "{error}");
    let error = backup(&mut *store, folder.path(), true).unwrap_err();
    assert!(error.to_string().contains("plain file"), "{error}");
    drop((store, another));
    assert_eq!(open_at(&path).counts().unwrap().total(), 1);
    assert_eq!(open_at(&other).counts().unwrap().total(), 2);
}

#[test]
fn a_place_that_can_not_be_had_is_said_and_nothing_is_left() {
    let (folder, _, mut store) = a_store();
    let missing = folder.path().join("no").join("b.db");
    let error = backup(&mut *store, &missing, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let place = missing.display().to_string();
    assert!(error.to_string().contains(&place), "{error}");
    assert!(!folder.path().join("no").exists());
}

#[test]
fn a_damaged_store_gives_no_backup() {
    let (folder, path, mut store) = a_store();
    store.enqueue(vec![a_job(); 2000]).unwrap();
    drop(store);
    let file = Connection::open(&path).unwrap();
    file.execute_batch(
        "PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE name = 'jobs_due';
         PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    drop(file);
    let mut store = open_at(&path);
    let copy = folder.path().join("b.db");
    let error = backup(&mut *store, &copy, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(!copy.exists());
    assert!(
        names(folder.path())
            .iter()
            .all(|name| name.starts_with("q.db"))
    );
}

#[test]
fn others_write_meanwhile_and_the_backup_is_of_one_moment() {
    let (folder, path, mut store) = a_store();
    store.enqueue(vec![a_job(); 40_000]).unwrap();
    let done = AtomicBool::new(false);
    let copy = folder.path().join("b.db");
    let (during, steps) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut other = open_at(&path);
            let mut batches = 0;
            while !done.load(Ordering::SeqCst) {
                other.enqueue(vec![a_job(); 10]).unwrap();
                batches += 1;
            }
            batches
        });
        let mut steps = 0;
        let to = BackupTo {
            path: &copy,
            replace: false,
            interrupted: Interrupted::never(),
        };
        store.backup(&to, &mut |_| steps += 1).unwrap();
        done.store(true, Ordering::SeqCst);
        (writer.join().unwrap(), steps)
    });
    let pages = copy.metadata().unwrap().len() / 4096;
    assert!(steps <= pages / 256 + 1, "it began anew: {steps} steps");
    assert!(during > 1, "nobody wrote");
    let (integrity, jobs) = look_at(&copy);
    assert_eq!((integrity.as_str(), jobs % 10), ("ok", 0));
    let all = open_at(&path).counts().unwrap().total();
    assert_eq!(all, 40_000 + during * 10);
    let mut restored = open_at(&copy);
    for checked in restored.check().unwrap() {
        assert_eq!(checked.findings, [], "{:?}", checked.check);
    }
}
