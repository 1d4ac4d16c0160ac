//! What a store in a file holds when processes share it, and when they are killed.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use queuectl_domain::{Command, NewJob, Settings, State};
use queuectl_store::{Location, Options, Store, open};
use rusqlite::Connection;

/// Where a test that runs as a child of itself finds the store.
const STORE: &str = "QUEUECTL_TEST_STORE";

const BATCH: u64 = 50;

fn open_at(path: &Path) -> Box<dyn Store> {
    let options = Options {
        patience: Duration::from_secs(60),
        ..Options::default()
    };
    open(&Location::Sqlite(path.to_owned()), &options).unwrap()
}

fn a_batch() -> Vec<NewJob> {
    let job = NewJob {
        id: None,
        command: Command::line("true".into(), None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    };
    vec![job; BATCH as usize]
}

/// The store that this process is to work on, if a test has started it for that.
#[expect(
    clippy::disallowed_methods,
    reason = "a test talks to the child it starts"
)]
fn given() -> Option<std::path::PathBuf> {
    std::env::var_os(STORE).map(Into::into)
}

/// Starts this test program again to run only `test`, as a child that is given `store`.
fn child(test: &str, store: &Path) -> Child {
    let mut process = Process::new(std::env::current_exe().unwrap());
    process.args(["--exact", test, "--test-threads=1"]);
    process.env(STORE, store).stdout(Stdio::null());
    process.spawn().unwrap()
}

fn integrity(path: &Path) -> String {
    let conn = Connection::open(path).unwrap();
    conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn many_processes_may_open_a_new_store_at_once() {
    if let Some(store) = given() {
        open_at(&store).enqueue(a_batch()).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/q.db");
    let children: Vec<_> = (0..8)
        .map(|_| child("many_processes_may_open_a_new_store_at_once", &path))
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(open_at(&path).counts().unwrap().total(), 8 * BATCH);
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn a_killed_writer_leaves_nothing_half_done() {
    if let Some(store) = given() {
        let mut store = open_at(&store);
        loop {
            store.enqueue(a_batch()).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    let mut store = open_at(&path);
    for round in 0..12 {
        let before = store.counts().unwrap().total();
        let mut writer = child("a_killed_writer_leaves_nothing_half_done", &path);
        let begun = Instant::now();
        while store.counts().unwrap().total() == before {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "nothing is written"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(round * 700));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let counts = store.counts().unwrap();
        assert_eq!(counts.total() % BATCH, 0, "a batch is whole or not there");
        assert_eq!(counts.of(State::Pending), counts.total());
        // Whoever comes next isn't held up.
        store.enqueue(a_batch()).unwrap();
    }
    let counts = store.counts().unwrap();
    drop(store);
    let conn = Connection::open(&path).unwrap();
    let rows: i64 = conn
        .query_row(
            "SELECT count(*) FROM jobs JOIN commands USING (seq)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(u64::try_from(rows), Ok(counts.total()));
    assert_eq!(integrity(&path), "ok");
}
