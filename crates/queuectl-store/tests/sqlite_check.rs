//! What a check finds in a store in a file that only a file can have: broken pages, a long log.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::fs;
use std::path::{Path, PathBuf};

use queuectl_domain::{Command, NewJob, Settings};
use queuectl_store::{Check, Finding, Location, Options, Store, open};
use rusqlite::Connection;

fn a_store() -> (tempfile::TempDir, PathBuf, Box<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    let store = open_at(&path);
    (folder, path, store)
}

fn open_at(path: &Path) -> Box<dyn Store> {
    open(&Location::Sqlite(path.to_owned()), &Options::default()).unwrap()
}

fn a_job(line: &str) -> NewJob {
    NewJob {
        id: None,
        command: Command::line(line.into(), None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    }
}

fn findings(store: &mut dyn Store, check: Check) -> Vec<Finding> {
    let checked = store.check().unwrap();
    let one = checked.into_iter().find(|one| one.check == check);
    one.map(|one| one.findings).unwrap_or_default()
}

#[test]
fn an_index_that_lacks_a_row_is_damage_and_is_left_alone() {
    let (_folder, path, mut store) = a_store();
    store.enqueue(vec![a_job("true"); 10]).unwrap();
    let file = Connection::open(&path).unwrap();
    file.execute_batch(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'state = 0', 'state = 3') WHERE name = 'jobs_to_claim';
         PRAGMA writable_schema = RESET;
         UPDATE jobs SET sort_key = 1 WHERE seq = 1;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'state = 3', 'state = 0') WHERE name = 'jobs_to_claim';",
    )
    .unwrap();
    drop(file);
    let mut store = open_at(&path);
    let found = findings(&mut *store, Check::Integrity);
    let [damage @ Finding::Damaged { complaints }] = &found[..] else {
        panic!("{found:?}")
    };
    assert!(complaints[0].contains("jobs_to_claim"), "{complaints:?}");
    assert!(damage.remedy().contains("backup"));
    assert!(!store.mend(damage).unwrap());
    assert_eq!(findings(&mut *store, Check::Integrity), found);
    let looked_at = store.check().unwrap();
    let further = looked_at.iter().find(|one| one.check == Check::Jobs);
    assert_eq!(further, None, "there is no telling what is in it");
}

#[test]
fn pages_of_noise_are_damage() {
    let (_folder, path, mut store) = a_store();
    store.enqueue(vec![a_job("true"); 2000]).unwrap();
    drop(store);
    let log = Connection::open(&path).unwrap();
    log.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(log);
    let mut bytes = fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let found = findings(&mut *open_at(&path), Check::Integrity);
    assert!(matches!(found[..], [Finding::Damaged { .. }]), "{found:?}");
}

#[test]
fn a_log_that_a_reader_held_on_to_is_cut_when_the_reader_has_gone() {
    let (_folder, path, mut store) = a_store();
    store.enqueue(vec![a_job("true")]).unwrap();
    let log = path.with_file_name("q.db-wal");
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = "SELECT count(*) FROM jobs";
    reader.query_row(count, [], |_| Ok(())).unwrap();
    let long = "x".repeat(8 << 20);
    for _ in 0..17 {
        store.enqueue(vec![a_job(&long)]).unwrap();
    }
    let found = findings(&mut *store, Check::Log);
    let [finding @ Finding::LongLog { bytes }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(*bytes, log.metadata().unwrap().len());
    assert!(!store.mend(finding).unwrap(), "the reader still needs it");
    reader.execute_batch("ROLLBACK").unwrap();
    assert!(store.mend(finding).unwrap());
    assert_eq!(log.metadata().unwrap().len(), 0);
    assert_eq!(findings(&mut *store, Check::Log), []);
    assert_eq!(store.counts().unwrap().total(), 18);
}

#[test]
fn a_check_waits_for_nobody_who_writes() {
    let (_folder, path, mut store) = a_store();
    store.enqueue(vec![a_job("true")]).unwrap();
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let queue = fs::File::open(path.with_file_name("q.db-lock")).unwrap();
    queue.lock().unwrap();
    for checked in store.check().unwrap() {
        assert_eq!(checked.findings, [], "{:?}", checked.check);
    }
}
