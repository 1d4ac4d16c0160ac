//! `queuectl backup`: a copy that can be put to use, made while workers run.

use std::fs;

use super::support::{Home, items, names, number, system, text};
use crate::jobs;
use crate::support::Home as HomeOfFile;

#[test]
fn a_backup_taken_while_a_job_runs_is_put_into_a_new_home_and_drained() {
    let home = Home::new();
    home.enqueue("done", jobs::SUCCEEDS, &[]);
    home.work_off();
    home.enqueue("running", &jobs::held_and_counted("running"), &[]);
    home.enqueue("waiting", jobs::SUCCEEDS, &[]);
    let pids = home.start_workers(&[]);
    home.wait_for_pid("running.pid");
    let copy = home.work("copy.db");
    let said = home.ok(["backup", "copy.db"]);
    assert!(said.contains("copy.db"), "{said}");

    // A backup is a file, whatever the store is. The worker of the store lives on, and so does its claim there.
    let restored = HomeOfFile::new();
    fs::create_dir_all(restored.path().join("data")).expect("a folder can be made");
    fs::copy(&copy, restored.database()).expect("it can be copied");
    let job = restored.show("running");
    assert_eq!(
        (text(&job, "state"), number(&job, "attempts")),
        ("pending", 0)
    );
    assert_eq!(restored.workers(), [] as [serde_json::Value; 0]);
    assert!(system::is_alive(pids[0]));
    assert_eq!(text(&home.show("running"), "state"), "processing");

    // Where it runs is in the job, so the same file lets it go.
    home.touch("running.go");
    restored.work_off();
    let job = restored.show("running");
    assert_eq!(
        (text(&job, "state"), number(&job, "attempts")),
        ("completed", 1)
    );
    let outcomes: Vec<_> = items(&job["runs"])
        .iter()
        .map(|run| text(run, "outcome"))
        .collect();
    assert_eq!(outcomes, ["stopped", "completed"]);
    let status = restored.json(["status"]);
    assert_eq!(
        (number(&status, "completed"), number(&status, "total")),
        (3, 3)
    );
    restored.ok(["doctor", "--fix"]);
    restored.ok(["doctor"]);
    home.wait_for_state("waiting", "completed");
    assert_eq!(items(&home.show("running")["runs"]).len(), 1);
}

#[test]
fn a_backup_is_one_file_for_its_owner_alone_and_says_so() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let said = home.json(["backup", "copy.db"]);
    let file = home.work("copy.db");
    let seen = file.metadata().expect("it is there");
    assert_eq!(said["path"], "copy.db");
    assert_eq!(
        number(&said, "bytes"),
        i64::try_from(seen.len()).expect("it is small")
    );
    assert_eq!(system::open_to_others(&file), None);
    assert_eq!(names(&home.work("")), ["copy.db"]);
    assert_eq!(home.ok(["-q", "backup", "quiet.db"]), "");
}

/// To look into a copy leaves files beside it. They don't keep the next copy from its place, and a log does.
#[test]
fn a_backup_that_was_looked_into_is_replaced_and_one_that_is_used_is_not() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.ok(["backup", "copy.db"]);
    home.ok(["--db", "copy.db", "status"]);
    home.enqueue("b", jobs::SUCCEEDS, &[]);
    home.ok(["backup", "--force", "copy.db"]);
    assert_eq!(
        number(&home.json(["--db", "copy.db", "status"]), "total"),
        2
    );
    home.ok(["--db", "copy.db", "doctor"]);
    home.ok(["--db", "copy.db", "enqueue", "--command", "true"]);
    let refused = home.run(["backup", "--force", "copy.db"]);
    assert!(refused.failed(4).contains("may be in use"), "{refused}");
}
