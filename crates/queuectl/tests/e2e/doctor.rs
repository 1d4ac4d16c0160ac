//! `queuectl doctor`: what it finds, what it says of it, and what `--fix` makes of it.

use std::fs::{self, File};

use crate::jobs;
use crate::support::{Home, findings, finds, finds_nothing, number, system, text, wait_until};

fn sql(home: &Home, text: &str) {
    let store = rusqlite::Connection::open(home.database()).expect("the store can be opened");
    store.execute_batch(text).expect("SQL");
}

#[test]
fn all_is_well_while_workers_work() {
    let home = Home::new();
    home.enqueue("held", &jobs::held("held"), &[]);
    home.start_workers(&["--count", "2"]);
    home.wait_for_pid("held.pid");
    insta::assert_snapshot!(home.session(&["queuectl doctor"]), @"
    $ queuectl doctor
    ok       permissions  nobody else may read or change the files
    ok       store        it can be opened
    ok       integrity    the store is whole
    ok       counters     there is as much as is counted
    ok       jobs         each can be read, and has an owner while it is processed
    ok       clock        nothing was written down later than now
    ok       log          the log of changes is no longer than it has to be
    ok       workers      all that are known live and can start jobs
    ok       processes    none is left of a dead worker
    ok       files        none is left of a dead worker
    ");
    finds(&home, true, 0, "", &[]);
    home.touch("held.go");
    home.wait_for_state("held", "completed");
    finds_nothing(&home);
}

#[test]
fn where_nothing_is_nothing_is_made() {
    let home = Home::new();
    assert!(home.ok(["doctor"]).contains("there is none yet"));
    home.ok(["doctor", "--fix"]);
    assert!(!home.path().exists());
}

#[test]
fn a_dead_worker_and_what_it_left_running_are_found_and_fixed() {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let pids = home.start_workers(&[]);
    let orphan = home.wait_for_pid("a.pid");
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    let mut found = vec!["workers: worker-", "files: workers.json"];
    if system::ORPHANS_LIVE_ON {
        found.insert(1, "processes: worker-");
    }
    finds(&home, false, 4, "mendable", &found);
    assert_eq!(
        system::is_alive(orphan),
        system::ORPHANS_LIVE_ON,
        "after a look"
    );
    assert_eq!(text(&home.show("a"), "state"), "processing");

    finds(&home, true, 0, "mended", &found);
    assert!(!system::is_alive(orphan), "the orphan goes on");
    let job = home.show("a");
    assert_eq!(
        (text(&job, "state"), number(&job, "attempts")),
        ("pending", 0)
    );
    finds_nothing(&home);
    home.touch("a.go");
    home.work_off();
    assert_eq!(home.read("a.starts").lines().count(), 2);
}

#[test]
fn a_job_whose_worker_the_store_has_forgotten_runs_again_alone() {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let pids = home.start_workers(&[]);
    let orphan = home.wait_for_pid("a.pid");
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    sql(&home, "DELETE FROM workers");
    home.ok(["worker", "stop"]);
    let found = ["jobs: jobs are processed by worker-", "files: worker-"];
    finds(&home, false, 6, "mendable", &found);
    assert_eq!(
        system::is_alive(orphan),
        system::ORPHANS_LIVE_ON,
        "after a look"
    );
    finds(&home, true, 0, "mended", &found[..1]);
    assert!(!system::is_alive(orphan), "the orphan goes on");
    finds_nothing(&home);
    home.touch("a.go");
    home.work_off();
    assert_eq!(text(&home.show("a"), "state"), "completed");
}

#[test]
fn wrong_counts_are_found_and_fixed() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    sql(&home, "UPDATE counters SET pending = 3, dead = 1");
    let found = [
        "counters: 3 jobs are counted as pending, there are 1",
        "counters: 1 jobs are counted as dead, there are 0",
    ];
    finds(&home, false, 6, "mendable", &found);
    assert_eq!(number(&home.json(["status"]), "total"), 4);
    finds(&home, true, 0, "mended", &found);
    assert_eq!(number(&home.json(["status"]), "total"), 1);
    finds_nothing(&home);
}

#[test]
fn a_damaged_store_is_not_touched_and_a_backup_is_advised() {
    let home = Home::new();
    for i in 0..50 {
        let line = jobs::says(&"x".repeat(2000));
        home.enqueue(&format!("job{i}"), &line, &[]);
    }
    sql(&home, "PRAGMA wal_checkpoint(TRUNCATE)");
    let file = home.database();
    let mut bytes = fs::read(&file).expect("it is there");
    let length = bytes.len();
    bytes[length / 2..].fill(0x5a);
    fs::write(&file, &bytes).expect("it can be written");
    for fix in [false, true] {
        finds(&home, fix, 6, "left", &["integrity: the store is damaged"]);
    }
    let shown = home.run(["doctor"]);
    assert!(shown.out().contains("backup"), "{shown}");
    assert_eq!(fs::read(&file).expect("it is there"), bytes);
    // Damage that keeps it from being opened is said by the same command.
    bytes[100..].fill(0x5a);
    fs::write(&file, &bytes).expect("it can be written");
    finds(&home, true, 6, "left", &["store: "]);
    assert_eq!(fs::read(&file).expect("it is there"), bytes);
}

#[test]
fn a_store_of_a_newer_version_is_said_to_be_so() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    sql(&home, "PRAGMA user_version = 1000");
    finds(
        &home,
        true,
        6,
        "left",
        &["store: the store has version 1000"],
    );
}

#[test]
fn a_worker_out_of_sight_that_has_long_been_silent_is_told_of_and_left_to_the_user() {
    let home = Home::new();
    home.enqueue("a", &jobs::held("a"), &[]);
    let pids = home.start_workers(&[]);
    home.wait_for_pid("a.pid");
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    fs::remove_file(home.seen("data/workers.json")).expect("it is there");
    sql(
        &home,
        "UPDATE workers SET host = 'far-away', machine = 'far/away', life = CAST('/nowhere/w.lock' AS BLOB)",
    );
    // Its files are seen as those of a worker that this machine knows of.
    finds_nothing(&home);
    sql(
        &home,
        "UPDATE workers SET heartbeat_at = heartbeat_at - 3600 * 1000000",
    );
    let found = ["workers: worker-"];
    for fix in [false, true] {
        finds(&home, fix, 4, "left", &found);
    }
    assert_eq!(text(&home.show("a"), "state"), "processing");
    let shown = home.run(["doctor"]);
    let said = "on far-away is out of sight, has not been heard of for 60 minutes";
    assert!(shown.out().contains(said), "{shown}");
    let id = text(&home.workers()[0], "id").to_owned();
    assert!(
        shown.out().contains(&format!("worker forget {id}")),
        "{shown}"
    );
    home.ok(["worker", "forget", &id]);
    assert_eq!(text(&home.show("a"), "state"), "pending");
    home.ok(["doctor", "--fix"]);
    finds_nothing(&home);
}

#[test]
fn a_clock_that_is_behind_is_said_and_no_job_waits_for_it() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    sql(
        &home,
        "UPDATE jobs SET created_at = created_at + 86400000000, ready_at = ready_at + 86400000000",
    );
    let output = home.run(["doctor"]);
    assert_eq!(output.code, Some(4), "{output}");
    assert!(output.out().contains("set the clock"), "{output}");
    let output = home.run(["doctor", "--fix", "--json"]);
    let states: Vec<_> = findings(&output)
        .into_iter()
        .map(|(_, state)| state)
        .collect();
    assert_eq!(states, ["left", "mended"], "{output}");
    assert_eq!(output.code, Some(4), "{output}");
}

#[test]
fn others_that_write_do_not_hold_it_up() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let store = rusqlite::Connection::open(home.database()).expect("the store can be opened");
    store.execute_batch("BEGIN IMMEDIATE").expect("SQL");
    let lock = File::open(home.seen("data/queuectl.db-lock")).expect("it is there");
    lock.lock().expect("nobody has it");
    finds_nothing(&home);
}
