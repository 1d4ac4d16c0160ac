//! `import-legacy`: what the Python program kept comes over, and its file stays as it was.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::json;

use crate::support::{Home, float, ids, items, number, text};

/// The tables as the Python program makes them.
pub(crate) const TABLES: &str = "
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, command TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0, max_retries INTEGER NOT NULL DEFAULT 5,
    timeout INTEGER NOT NULL DEFAULT 20, backoff_base INTEGER NOT NULL DEFAULT 3,
    priority INTEGER NOT NULL DEFAULT 1, waiting_time INTEGER NOT NULL DEFAULT 0,
    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    next_retry_at DATETIME, error_message TEXT, output TEXT, execution_time REAL,
    locked_by TEXT, locked_at DATETIME
);
CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO config VALUES ('max-retries', '5'), ('backoff-base', '3');
";

/// A job in each state, as its `INSERT` and `UPDATE` leave them.
const JOBS: &str = "
INSERT INTO jobs VALUES
('hello', 'echo Hello World', 'completed', 0, 3, 20, 2, 5, 1, '2025-11-09T10:30:15.123456', '2025-11-09T10:30:20',
 NULL, NULL, 'Hello World', 0.234, NULL, NULL),
('slow', 'timeout 30', 'dead', 3, 3, 5, 2, 8, 0, '2025-11-09T10:30:16', '2025-11-09T10:31:00.5',
 NULL, 'Timeout exceeded (5s)', NULL, 5.01, NULL, NULL),
('flaky', 'exit 7', 'failed', 1, 3, 20, 2, 5, 0, '2025-11-09T10:30:17', '2025-11-09T10:30:18',
 '2025-11-09T10:30:20', 'Exit code 7: one' || char(10) || 'two', NULL, 0.1, NULL, NULL),
('running', 'echo run', 'processing', 1, 3, 20, 2, 5, 0, '2025-11-09T10:30:18', '2025-11-09T10:30:18',
 NULL, NULL, NULL, NULL, 'worker-abc123', '2025-11-09T10:30:18'),
('next', 'echo next', 'pending', 0, 3, 20, 2, 9, 4, '2025-11-09 10:30:19', '2025-11-09 10:30:19',
 NULL, NULL, NULL, NULL, NULL, NULL);
";

/// A database of the Python program in the folder where commands run.
pub(crate) fn old_database(home: &Home, sql: &[&str]) -> Connection {
    let file = Connection::open(home.work("old.db")).expect("a database can be made");
    file.pragma_update(None, "journal_mode", "wal")
        .expect("it has a log, as Python's had");
    file.execute_batch(&sql.concat())
        .expect("the SQL of the test is right");
    file
}

fn old_file(home: &Home) -> PathBuf {
    home.work("old.db")
}

#[test]
fn all_that_the_python_program_knew_comes_over() {
    let home = Home::new();
    drop(old_database(&home, &[TABLES, JOBS]));
    insta::assert_snapshot!(home.session(&["queuectl import-legacy old.db", "queuectl config get max-retries"]), @r"
    $ queuectl import-legacy old.db
    Imported 5 jobs from old.db: 1 pending, 1 processing, 1 completed, 1 failed, 1 dead
    Pending here, was being processed there: 1 job
    Set backoff_base to 3
    Set max_retries to 5
    $ queuectl config get max-retries
    5
    ");
    let listed = ids(&home.json(["list"]));
    assert_eq!(listed, ["next", "running", "flaky", "slow", "hello"]);

    let hello = home.show("hello");
    assert_eq!(text(&hello, "state"), "completed");
    assert_eq!(text(&hello, "created_at"), "2025-11-09T10:30:15.123456Z");
    assert_eq!(text(&hello, "finished_at"), "2025-11-09T10:30:20.000000Z");
    assert_eq!(text(&hello, "output"), "Hello World");
    assert_eq!(
        (number(&hello, "attempts"), float(&hello, "exec_time")),
        (1, 0.234)
    );

    let slow = home.show("slow");
    assert_eq!(text(&slow, "last_error"), "Timeout exceeded (5s)");
    assert_eq!(text(&items(&slow["runs"])[0], "outcome"), "timed_out");
    assert_eq!(ids(&home.json(["dlq", "list"])), ["slow"]);

    let flaky = home.show("flaky");
    assert_eq!(text(&flaky, "last_error"), "Exit code 7: two");
    assert_eq!(text(&flaky, "next_retry_at"), "2025-11-09T10:30:20.000000Z");
    assert_eq!(text(&items(&flaky["runs"])[0], "stderr"), "one\ntwo");

    let running = home.show("running");
    assert_eq!(
        (text(&running, "state"), number(&running, "attempts")),
        ("pending", 1)
    );
}

#[test]
fn the_old_database_stays_as_it_was_with_its_log() {
    let home = Home::new();
    let writer = old_database(&home, &[TABLES, JOBS]);
    let files = ["moved.db", "moved.db-wal"].map(|name| home.work(name));
    for (from, to) in ["old.db", "old.db-wal"].iter().zip(&files) {
        std::fs::copy(home.work(from), to).expect("it can be copied");
    }
    drop(writer);
    let read = || {
        files
            .each_ref()
            .map(|file| std::fs::read(file).expect("it is there"))
    };
    let before = read();
    assert!(
        !before[1].is_empty(),
        "all of it is in the database already"
    );
    assert_eq!(home.json(["import-legacy", "moved.db"])["jobs"], 5);
    assert!(read() == before, "what was only to be read has changed");
}

#[test]
fn what_came_over_runs() {
    let home = Home::new();
    drop(old_database(&home, &[TABLES, JOBS]));
    home.ok(["import-legacy", "old.db"]);
    home.start_workers(&[]);
    for name in ["next", "running"] {
        home.wait_for_state(name, "completed");
    }
    let flaky = home.wait_for_job("flaky", "its second attempt", |job| {
        items(&job["runs"]).len() == 2
    });
    assert_eq!(number(&flaky, "attempts"), 2);
    home.ok(["dlq", "retry", "slow"]);
    assert_eq!(number(&home.show("slow"), "max_retries"), 3);
}

#[test]
fn a_dry_run_tells_it_and_does_nothing() {
    let home = Home::new();
    drop(old_database(&home, &[TABLES, JOBS]));
    let told = home.json(["import-legacy", "old.db", "--dry-run"]);
    assert_eq!(told["jobs"], 5);
    assert_eq!(told["states"]["dead"], 1);
    assert_eq!(
        told["settings"],
        json!({ "max_retries": "5", "backoff_base": "3" })
    );
    assert!(!home.database().exists(), "a dry run made a store");
    home.enqueue("hello", "true", &[]);
    let told = home.json(["import-legacy", "old.db", "--dry-run", "--skip-existing"]);
    assert_eq!(
        (&told["jobs"], &told["skipped"]),
        (&json!(4), &json!(["hello"]))
    );
    assert_eq!(number(&home.json(["status"]), "total"), 1);
}

#[test]
fn ids_that_exist_stand_against_it_unless_they_are_passed_over() {
    let home = Home::new();
    drop(old_database(&home, &[TABLES, JOBS]));
    home.enqueue("flaky", "true", &[]);
    home.ok(["config", "set", "max_retries", "7"]);
    insta::assert_snapshot!(home.session(&[
        "queuectl import-legacy old.db",
        "queuectl import-legacy old.db --skip-existing",
        "queuectl import-legacy old.db --skip-existing",
    ]), @r"
    $ queuectl import-legacy old.db
    error: job 'flaky' already exists
    hint: pass over jobs that exist with --skip-existing; nothing was imported
    [exit code 4]
    $ queuectl import-legacy old.db --skip-existing
    Imported 4 jobs from old.db: 1 pending, 1 processing, 1 completed, 1 dead
    Pending here, was being processed there: 1 job
    Passed over, since their ids exist: 1 job
    Set backoff_base to 3
    Left max_retries at 7, there it was 5
    $ queuectl import-legacy old.db --skip-existing
    Imported 0 jobs from old.db
    Passed over, since their ids exist: 5 jobs
    Left max_retries at 7, there it was 5
    ");
    assert_eq!(text(&home.show("flaky"), "state"), "pending");
}

#[test]
fn what_can_not_be_taken_is_named() {
    let home = Home::new();
    let odd = "
INSERT INTO jobs (id, command, state, priority, timeout) VALUES
('good', 'true', 'pending', 20, 0), ('blank', ' ', 'pending', 1, 5), ('lost', 'true', 'paused', 1, 5);
UPDATE jobs SET created_at = 'once' WHERE id = 'good';
";
    drop(old_database(&home, &[TABLES, odd]));
    insta::assert_snapshot!(home.session(&[
        "queuectl import-legacy old.db",
        "queuectl import-legacy old.db --skip-invalid",
    ]), @r"
    $ queuectl import-legacy old.db
    error: job 'blank' can't be taken: a command can't be empty (and 1 job more)
    hint: pass over such jobs with --skip-invalid; nothing was imported
    [exit code 2]
    $ queuectl import-legacy old.db --skip-invalid
    Imported 1 job from old.db: 1 pending
    Set backoff_base to 3
    Set max_retries to 5
    note: job 'blank' isn't taken: a command can't be empty
    note: job 'lost' isn't taken: a state is one of pending, processing, completed, failed, dead, not `paused`
    note: job 'good': its priority is 10 here, not 20, its timeout is 20 s here, not 0, it isn't known when it was enqueued, so that is now
    ");
}

#[test]
fn an_id_that_can_not_be_here_becomes_the_nearest_unless_another_job_has_it() {
    let home = Home::new();
    let odd = "
INSERT INTO jobs (id, command, state) VALUES
('nightly backup', 'true', 'pending'), ('a,b', 'true', 'pending'), ('x' || char(10) || 'y', 'true', 'pending'),
('t@20261128T013000Z', 'true', 'pending');
";
    let doubled = "
INSERT INTO jobs (id, command, state) VALUES ('c d', 'true', 'pending'), ('c_d', 'true', 'pending'),
('e f', 'true', 'pending'), ('e*f', 'true', 'pending');
";
    let file = old_database(&home, &[TABLES, odd]);
    insta::assert_snapshot!(home.session(&["queuectl import-legacy old.db --dry-run"]), @r"
    $ queuectl import-legacy old.db --dry-run
    Would import 4 jobs from old.db: 4 pending
    Would set backoff_base to 3
    Would set max_retries to 5
    note: job 'nightly_backup': its id there is `nightly backup`
    note: job 'a_b': its id there is `a,b`
    note: job 'x_y': its id there is `x\ny`
    note: job 't_20261128T013000Z': its id there is `t@20261128T013000Z`
    ");
    let told = home.json(["import-legacy", "old.db"]);
    assert_eq!(told["changed"][0]["id"], "nightly_backup");
    let here = ["t_20261128T013000Z", "x_y", "a_b", "nightly_backup"];
    assert_eq!(ids(&home.json(["list"])), here);
    // It can be done again: the same jobs get the same ids.
    let again = home.json(["import-legacy", "old.db", "--skip-existing"]);
    assert_eq!(
        (&again["jobs"], items(&again["skipped"]).len()),
        (&json!(0), 4)
    );

    file.execute_batch(doubled).expect("the SQL is right");
    insta::assert_snapshot!(home.session(&[
        "queuectl import-legacy old.db --skip-existing",
        "queuectl import-legacy old.db --skip-existing --skip-invalid",
    ]), @r"
    $ queuectl import-legacy old.db --skip-existing
    error: job 'c d' can't be taken: a job id can't have ` `, only letters, digits and `._~:@+/=-`, and `c_d` is another job's: rename it there (and 1 job more)
    hint: pass over such jobs with --skip-invalid; nothing was imported
    [exit code 2]
    $ queuectl import-legacy old.db --skip-existing --skip-invalid
    Imported 2 jobs from old.db: 2 pending
    Passed over, since their ids exist: 4 jobs
    note: job 'c d' isn't taken: a job id can't have ` `, only letters, digits and `._~:@+/=-`, and `c_d` is another job's: rename it there
    note: job 'e*f' isn't taken: a job id can't have `*`, only letters, digits and `._~:@+/=-`, and `e_f` is another job's: rename it there
    note: job 'nightly_backup': its id there is `nightly backup`
    note: 4 more such notes: see --dry-run or --json
    ");
}

#[test]
fn a_database_that_lacks_what_came_later_is_read() {
    let home = Home::new();
    drop(old_database(&home, &[
        "CREATE TABLE jobs (id TEXT PRIMARY KEY, command TEXT, state TEXT, attempts INTEGER);
         INSERT INTO jobs VALUES ('a', 'true', 'completed', 0), ('b', 'false', 'dead', 3), ('c', 'true', 'pending', 0)",
    ]));
    let told = home.json(["import-legacy", "old.db"]);
    assert_eq!((&told["jobs"], &told["settings"]), (&json!(3), &json!({})));
    assert_eq!(
        text(&home.show("b"), "last_error"),
        "It isn't known why it failed"
    );
    assert_eq!(number(&home.show("c"), "timeout"), 0);
}

#[test]
fn what_is_no_such_database_is_refused() {
    let home = Home::new();
    home.write("text.db", b"These are no pages of a database, but it is long enough to hold a header of one. What a pity, really.");
    home.enqueue("mine", "true", &[]);
    home.ok(["backup", "mine.db"]);
    Connection::open(home.work("other.db"))
        .and_then(|file| file.execute_batch("CREATE TABLE jobs (id TEXT, line TEXT)"))
        .expect("a database can be made");
    home.write("empty.db", b"");
    insta::assert_snapshot!(home.session(&[
        "queuectl import-legacy text.db",
        "queuectl import-legacy mine.db",
        "queuectl import-legacy other.db",
        "queuectl import-legacy empty.db",
        "queuectl import-legacy .",
    ]), @r"
    $ queuectl import-legacy text.db
    error: can't import `text.db`: it is no database of the Python program: it is no SQLite database
    hint: give the database of the Python program, as it was in ~/.queuectl/data/queuectl.db
    [exit code 2]
    $ queuectl import-legacy mine.db
    error: can't import `mine.db`: it is no database of the Python program, but a store of this one
    hint: use it with --db; there is nothing to import
    [exit code 2]
    $ queuectl import-legacy other.db
    error: can't import `other.db`: it is no database of the Python program: its table `jobs` has no column `command`
    hint: give the database of the Python program, as it was in ~/.queuectl/data/queuectl.db
    [exit code 2]
    $ queuectl import-legacy empty.db
    error: can't import `empty.db`: it is no database of the Python program: it has no table `jobs`
    hint: give the database of the Python program, as it was in ~/.queuectl/data/queuectl.db
    [exit code 2]
    $ queuectl import-legacy .
    error: can't import `.`: it is no database of the Python program: it is not a file
    hint: give the database of the Python program, as it was in ~/.queuectl/data/queuectl.db
    [exit code 2]
    ");
    let missing = home.run(["import-legacy", "missing.db"]);
    assert!(missing.failed(2).contains("missing.db"), "{missing}");
    assert_eq!(ids(&home.json(["list"])), ["mine"]);
}

#[test]
fn a_database_that_is_locked_is_said_to_be_and_one_that_is_written_to_is_read() {
    let home = Home::new();
    let writer = old_database(&home, &[TABLES, JOBS]);
    // Python's own way to write keeps nobody from reading.
    writer
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM jobs")
        .expect("it can be written to");
    assert_eq!(
        home.json(["import-legacy", "old.db", "--dry-run"])["jobs"],
        5
    );
    writer
        .execute_batch("ROLLBACK; PRAGMA journal_mode = delete; BEGIN EXCLUSIVE")
        .expect("it can be locked");
    let output = home.run(["import-legacy", "old.db"]);
    let error = output.failed(5);
    assert!(error.contains("locked by another program"), "{error}");
    assert!(error.contains("stop the Python program"), "{error}");
}

#[test]
fn the_old_database_in_the_place_of_the_store_is_known_for_what_it_is() {
    let home = Home::new();
    drop(old_database(&home, &[TABLES, JOBS]));
    let folder = home.database();
    let folder = folder.parent().expect("the store is in a folder");
    std::fs::create_dir_all(folder).expect("the data folder can be made");
    std::fs::rename(old_file(&home), home.database()).expect("it can be moved");
    let output = home.run(["status"]);
    let error = output.failed(6);
    assert!(
        error.contains("the database of the Python program"),
        "{error}"
    );
    assert!(error.contains("queuectl import-legacy"), "{error}");
}
