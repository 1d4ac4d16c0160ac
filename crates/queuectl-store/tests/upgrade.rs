//! Stores that earlier versions have written: what was in them is there, and their queue goes on.
//! And the other way round: what a newer version has written is left as it is.

#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use queuectl_domain::{Ending, JobId, Key, State};
use queuectl_store::{
    ErrorKind, Location, Options, Query, Settled, StopMode, Store, StoreError, Turn, Worker, open,
};
use rusqlite::Connection;

fn try_open(path: &Path) -> Result<Box<dyn Store>, StoreError> {
    open(&Location::Sqlite(path.to_owned()), &Options::default())
}

fn id(name: &str) -> JobId {
    name.parse().unwrap()
}

fn version(path: &Path) -> i64 {
    let conn = Connection::open(path).unwrap();
    let version = conn.query_row("PRAGMA user_version", [], |row| row.get(0));
    version.unwrap()
}

fn kept(version: i64) -> PathBuf {
    let stores = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores");
    stores.join(format!("{version}.db"))
}

/// The version of the stores that this program makes.
fn newest() -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    drop(try_open(&path).unwrap());
    version(&path)
}

/// A store of each version, one after the other.
fn of_every_version(scene: impl Fn(&Path)) {
    for number in 1..=newest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.db");
        fs::copy(kept(number), &path).unwrap();
        assert_eq!(version(&path), number);
        scene(&path);
        assert_eq!(version(&path), newest());
        let conn = Connection::open(&path).unwrap();
        let whole: String = conn
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok");
    }
}

#[test]
fn a_store_of_every_version_is_kept() {
    for number in 1..=newest() {
        let kept = kept(number);
        assert!(kept.exists(), "{} is missing", kept.display());
    }
}

#[test]
fn what_an_earlier_version_has_stored_is_there() {
    of_every_version(|path| {
        let written_by = version(path);
        let store = &mut *try_open(path).unwrap();
        let limit = usize::MAX;
        let page = store.list(&Query { state: None, limit }).unwrap();
        let jobs = page.jobs.iter().rev();
        let jobs: Vec<_> = jobs
            .map(|job| (job.spec.id.as_str(), job.life.state))
            .collect();
        let expected = [
            ("crashed", State::Processing),
            ("done", State::Completed),
            ("failed", State::Failed),
            ("dead", State::Dead),
            ("running", State::Processing),
            ("buried", State::Dead),
            ("waiting", State::Pending),
            ("argv", State::Pending),
        ];
        assert_eq!(jobs, expected);
        let counts = store.counts().unwrap();
        for state in State::ALL {
            let listed = expected.iter().filter(|(_, one)| *one == state).count();
            assert_eq!(counts.of(state), listed as u64, "{state} jobs");
        }

        let argv = store.job(&id("argv")).unwrap();
        assert_eq!(argv.spec.command.to_text(), "printf %s 'two  words'");
        let buried = store.job(&id("buried")).unwrap();
        assert_eq!(buried.life.last_error.as_deref(), Some("not today"));
        assert_eq!(store.job(&id("crashed")).unwrap().life.crashes, 1);
        let attempts = store.attempts(&id("done")).unwrap();
        let (_, ending) = attempts[0].ended.as_ref().unwrap();
        assert_eq!((attempts.len(), ending.exit_code), (1, Some(0)));
        let output = store.output(attempts[0].fence).unwrap();
        assert_eq!(output[0].bytes, b"all is well\n");

        let settings = store.settings().unwrap();
        assert_eq!(settings.get(Key::Priority), "7");
        let workers = store.workers().unwrap();
        assert_eq!(workers.len(), 1);
        assert_eq!(workers[0].worker.id.as_str(), "w-first");
        assert_eq!(
            (workers[0].running, workers[0].stop),
            (2, Some(StopMode::Drain))
        );
        let trouble = workers[0].trouble.as_ref();
        let known = trouble.map(|trouble| trouble.reason.as_str());
        assert_eq!(known, (written_by >= 5).then_some("no room"));
    });
}

#[test]
fn the_queue_of_an_earlier_version_goes_on() {
    of_every_version(|path| {
        let store = &mut *try_open(path).unwrap();
        let all = ["crashed", "done", "failed", "dead", "running"].map(id);
        let fences = all
            .iter()
            .flat_map(|id| store.attempts(id).unwrap())
            .map(|attempt| attempt.fence);
        let last = fences.max().unwrap();
        let dead = store.workers().unwrap().remove(0).worker;
        assert_eq!(store.rescue(&dead.id, None).unwrap().len(), 2);
        let worker = Worker {
            id: "w-after".parse().unwrap(),
            ..dead
        };
        store.register(&worker).unwrap();
        let mut settled = Vec::new();
        let mut ran = Vec::new();
        loop {
            let turn = Turn {
                worker: &worker.id,
                settled: &settled,
                released: &[],
                output: &[],
                free: 2,
                held: &[],
                rung: false,
            };
            let reply = store.turn(&turn).unwrap();
            assert_eq!(reply.lost, []);
            if reply.claimed.is_empty() {
                assert_eq!(reply.unfinished, 0);
                break;
            }
            let ended = reply.claimed.into_iter().map(|claimed| {
                assert!(claimed.ticket.fence > last);
                ran.push(claimed.job.spec.id.to_string());
                Settled {
                    ticket: claimed.ticket,
                    ending: Ending::exited(0, None, std::time::Duration::ZERO),
                    output: Vec::new(),
                }
            });
            settled = ended.collect();
        }
        ran.sort();
        assert_eq!(ran, ["argv", "crashed", "failed", "running", "waiting"]);
    });
}

/// The files of a folder; of the log's index only the name, since it is made anew by whoever
/// comes first.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let bytes = match name.ends_with("-shm") {
            true => Vec::new(),
            false => fs::read(entry.path()).unwrap(),
        };
        (name, bytes)
    });
    files.collect()
}

/// The store at `path` becomes one of a newer version; what that has written is still in the log.
fn make_newer(path: &Path) -> Connection {
    let newer = Connection::open(path).unwrap();
    newer
        .execute_batch("CREATE TABLE invention (a); PRAGMA user_version = 99")
        .unwrap();
    newer
}

fn is_refused(path: &Path) {
    let Err(error) = try_open(path) else {
        panic!("it was opened");
    };
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn a_newer_store_that_nobody_has_open_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    fs::copy(kept(1), &path).unwrap();
    drop(make_newer(&path));
    let before = files(folder.path());
    assert_eq!(before.keys().collect::<Vec<_>>(), ["q.db"]);
    is_refused(&path);
    assert!(files(folder.path()) == before, "something was touched");
}

#[test]
fn a_newer_store_whose_log_is_there_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    drop(try_open(&path).unwrap());
    let newer = make_newer(&path);
    newer
        .set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            true,
        )
        .unwrap();
    drop(newer);
    let before = files(folder.path());
    assert!(!before["q.db-wal"].is_empty());
    is_refused(&path);
    assert!(files(folder.path()) == before, "something was touched");
}

#[test]
fn a_newer_store_that_others_use_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    drop(try_open(&path).unwrap());
    let newer = make_newer(&path);
    let before = files(folder.path());
    is_refused(&path);
    assert!(files(folder.path()) == before, "something was touched");
    newer
        .execute_batch("INSERT INTO invention VALUES (1)")
        .unwrap();
}
