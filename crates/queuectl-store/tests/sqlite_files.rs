//! What a store in a file makes of the file system: good places, bad places, and who may look.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};
use std::thread;

use queuectl_domain::{Command, NewJob, Settings};
use queuectl_store::{ErrorKind, Location, Options, Store, StoreError, open};
use rusqlite::Connection;

fn try_open(path: &Path) -> Result<Box<dyn Store>, StoreError> {
    open(&Location::Sqlite(path.to_owned()), &Options::default())
}

fn refused(path: &Path) -> StoreError {
    match try_open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

fn a_job() -> NewJob {
    NewJob {
        id: None,
        command: Command::line("true".into(), None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    }
}

/// A new folder, and the path of a store in it that isn't there yet.
fn a_place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    (folder, path)
}

#[test]
fn a_store_is_made_with_all_the_folders_above_it() {
    let (folder, _) = a_place();
    let path = folder.path().join("a/b/q.db");
    let ids = try_open(&path).unwrap().enqueue(vec![a_job()]).unwrap();
    let job = try_open(&path).unwrap().job(&ids[0]).unwrap();
    assert_eq!(job.spec.id, ids[0]);
}

#[test]
fn a_folder_is_not_a_store() {
    let (folder, _) = a_place();
    let error = refused(folder.path());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("directory"), "{error}");
}

#[test]
fn a_folder_that_can_not_be_made_is_said() {
    let (folder, _) = a_place();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.join("q.db"), file.join("sub/q.db")] {
        let error = refused(&path);
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
        let said = error.to_string();
        // The system's words for it, and Windows has others.
        assert!(cfg!(windows) || said.contains("directory"), "{said}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (folder, path) = a_place();
    let text = "this is a letter, not a database\n".repeat(200);
    fs::write(&path, &text).unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::NotAStore(_)), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let (_folder, path) = a_place();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE letters (a)").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let error = refused(&path);
    assert!(matches!(error, StoreError::NotAStore(_)), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let (_folder, path) = a_place();
    fs::write(&path, "").unwrap();
    try_open(&path).unwrap().enqueue(vec![a_job()]).unwrap();
}

#[test]
fn a_store_whose_version_makes_no_sense_is_refused_and_left_alone() {
    for version in [0, -7] {
        let (_folder, path) = a_place();
        drop(try_open(&path).unwrap());
        let damaged = Connection::open(&path).unwrap();
        let to = format!("PRAGMA user_version = {version}; PRAGMA wal_checkpoint(TRUNCATE)");
        damaged.execute_batch(&to).unwrap();
        drop(damaged);
        let before = fs::read(&path).unwrap();
        let error = refused(&path);
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let (_folder, path) = a_place();
    drop(try_open(&path).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer
        .execute_batch(
            "CREATE TABLE invention (a); PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)",
        )
        .unwrap();
    drop(newer);
    let before = fs::read(&path).unwrap();
    let error = refused(&path);
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99,
                known: 5
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_store_is_said_to_be_damaged() {
    let (_folder, path) = a_place();
    let mut store = try_open(&path).unwrap();
    store.enqueue(vec![a_job(); 2000]).unwrap();
    drop(store);
    let log = Connection::open(&path).unwrap();
    log.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(log);
    let mut bytes = fs::read(&path).unwrap();
    // The first page says what it is; all after it is noise.
    for (at, byte) in bytes.iter_mut().enumerate().skip(4096) {
        *byte = (at % 251) as u8;
    }
    fs::write(&path, bytes).unwrap();
    let error = match try_open(&path) {
        Ok(mut store) => store.counts().unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn a_file_that_may_only_be_read_is_said_to_be_so() {
    let (_folder, path) = a_place();
    drop(try_open(&path).unwrap());
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let may_write_anyway = fs::File::options().write(true).open(&path).is_ok();
    match try_open(&path) {
        // The superuser may write whatever the file says.
        Ok(mut store) => {
            assert!(may_write_anyway);
            store.enqueue(vec![a_job()]).unwrap();
        }
        Err(error) => {
            assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
            assert_eq!(error.kind(), ErrorKind::Unavailable);
        }
    }
}

#[test]
fn many_may_open_a_new_store_at_once() {
    for _ in 0..10 {
        let (_folder, path) = a_place();
        let start = Arc::new(Barrier::new(8));
        let openers: Vec<_> = (0..8)
            .map(|_| {
                let (path, start) = (path.clone(), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    let mut store = try_open(&path).unwrap();
                    store.enqueue(vec![a_job(); 3]).unwrap().len()
                })
            })
            .collect();
        let added: usize = openers.into_iter().map(|one| one.join().unwrap()).sum();
        assert_eq!(added, 24);
        assert_eq!(try_open(&path).unwrap().counts().unwrap().total(), 24);
    }
}

#[test]
fn the_log_does_not_grow_for_ever() {
    let (_folder, path) = a_place();
    let mut store = try_open(&path).unwrap();
    let long = Command::line("x".repeat(4000), None).unwrap();
    let job = NewJob {
        command: long,
        ..a_job()
    };
    for _ in 0..24 {
        store.enqueue(vec![job.clone(); 500]).unwrap();
    }
    let length = |name| fs::metadata(path.with_file_name(name)).unwrap().len();
    let (file, log) = (length("q.db"), length("q.db-wal"));
    assert!(file > 32 * 1024 * 1024, "the file has {file} bytes");
    assert!(log < 16 * 1024 * 1024, "the log has {log} bytes");
}

#[test]
fn a_store_that_others_write_to_for_too_long_is_locked() {
    let (_folder, path) = a_place();
    let options = Options {
        patience: std::time::Duration::from_millis(50),
        ..Options::default()
    };
    let mut store = open(&Location::Sqlite(path.clone()), &options).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.enqueue(vec![a_job()]).unwrap_err();
    assert!(matches!(error, StoreError::Locked), "{error:?}");
    other.execute_batch("ROLLBACK").unwrap();
    store.enqueue(vec![a_job()]).unwrap();

    let queue = fs::File::options()
        .write(true)
        .open(path.with_file_name("q.db-lock"))
        .unwrap();
    queue.lock().unwrap();
    let error = store.enqueue(vec![a_job()]).unwrap_err();
    assert!(matches!(error, StoreError::Locked), "{error:?}");
    assert_eq!(
        store.counts().unwrap().total(),
        1,
        "readers wait for nobody"
    );
    // Wine unlocks, and then says that it was not locked.
    let _ = queue.unlock();
    store.enqueue(vec![a_job()]).unwrap();
}

#[test]
fn a_store_whose_file_has_two_names_is_refused_by_both_until_one_is_gone() {
    let (folder, path) = a_place();
    let second = folder.path().join("second.db");
    try_open(&path).unwrap().enqueue(vec![a_job()]).unwrap();
    fs::hard_link(&path, &second).unwrap();
    for name in [&path, &second] {
        let error = refused(name);
        assert!(matches!(error, StoreError::Linked { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    fs::remove_file(&second).unwrap();
    assert_eq!(try_open(&path).unwrap().counts().unwrap().total(), 1);
}
