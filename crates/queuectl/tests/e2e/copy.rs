//! `queuectl copy`: a whole store goes into another, between files and servers.

use serde_json::Value;

use crate::jobs;
use crate::on_server::Schema;
use crate::support::{Home, ids, items, number, text};

/// A home whose jobs are in all states that last.
fn home_with_a_past() -> Home {
    let home = Home::new();
    home.ok(["config", "set", "max_retries", "7"]);
    home.enqueue("done", &jobs::says("all is well"), &[]);
    home.enqueue("dead", &jobs::fails(3, "no luck"), &["--max-retries", "1"]);
    home.work_off();
    home.enqueue("waiting", jobs::SUCCEEDS, &["--priority", "9"]);
    home.enqueue_argv("argv", &["echo".into(), "a b".into(), String::new()], &[]);
    home
}

/// All that is said of each job, but for how urgent it is by now.
fn all_jobs(home: &Home, store: &str) -> Vec<Value> {
    let listed = home.json(["--db", store, "list"]);
    let jobs = ids(&listed).into_iter().map(|id| {
        let mut job = home.json(["--db", store, "show", &id]);
        let fields = job.as_object_mut().expect("a job is an object");
        fields.remove("effective_priority");
        job
    });
    jobs.collect()
}

#[test]
fn a_store_goes_to_a_server_and_back_whole() {
    let home = home_with_a_past();
    let file = home.database();
    let file = file.to_str().expect("the path is plain");
    let schema = Schema::new();
    let before = all_jobs(&home, file);
    assert_eq!(before.len(), 4);
    let said = home.json(["copy", "--from", file, "--to", &schema.url()]);
    assert_eq!(
        (number(&said, "copied"), number(&said, "passed_over")),
        (4, 0)
    );
    assert_eq!(all_jobs(&home, &schema.url()), before);
    home.ok(["copy", "--from", &schema.url(), "--to", "back.db"]);
    assert_eq!(all_jobs(&home, "back.db"), before);
    let done = home.json(["--db", "back.db", "show", "done"]);
    assert_eq!(text(&done, "output").trim_end(), "all is well");
    assert_eq!(items(&done["runs"]).len(), 1);
    for store in [&schema.url(), "back.db"] {
        assert_eq!(
            home.ok(["--db", store, "config", "get", "max_retries"]),
            "7\n"
        );
        home.ok(["--db", store, "doctor"]);
    }
    // What waited there is run here.
    home.ok([
        "--db",
        "back.db",
        "worker",
        "start",
        "--foreground",
        "--until-idle",
    ]);
    let waited = home.json(["--db", "back.db", "show", "waiting"]);
    assert_eq!(text(&waited, "state"), "completed");
}

#[test]
fn ids_of_jobs_that_were_deleted_there_are_not_given_here() {
    let home = Home::new();
    let add = |store: &str| home.json(["--db", store, "enqueue", "--command", "true"]);
    let id = |added: &Value| text(added, "id").to_owned();
    let file = home.database();
    let file = file.to_str().expect("the path is plain");
    let schema = Schema::new();
    let gone = id(&add(file));
    home.ok(["dequeue", &gone]);
    home.ok(["copy", "--from", file, "--to", &schema.url()]);
    assert_ne!(id(&add(&schema.url())), gone);
    let gone = id(&add(&schema.url()));
    home.ok(["--db", &schema.url(), "dequeue", &gone]);
    home.ok(["copy", "--from", &schema.url(), "--to", "back.db"]);
    assert_ne!(id(&add("back.db")), gone);
}

#[test]
fn what_was_copied_before_is_passed_over() {
    let home = home_with_a_past();
    let file = home.database();
    let file = file.to_str().expect("the path is plain");
    home.ok(["copy", "--from", file, "--to", "other.db"]);
    home.enqueue("late", jobs::SUCCEEDS, &[]);
    let said = home.ok(["copy", "--from", file, "--to", "other.db"]);
    assert!(said.contains("Copied 1 job(s)"), "{said}");
    assert!(said.contains("Passed over 4 job(s)"), "{said}");
    assert_eq!(all_jobs(&home, "other.db"), all_jobs(&home, file));
}

#[test]
fn nothing_is_copied_while_a_worker_is_at_work_on_either_store() {
    let home = home_with_a_past();
    let file = home.database();
    let file = file.to_str().expect("the path is plain");
    home.ok(["copy", "--from", file, "--to", "other.db"]);
    home.start_workers(&[]);
    for (from, to) in [(file, "new.db"), ("other.db", file)] {
        let refused = home.run(["copy", "--from", from, "--to", to]);
        assert!(
            refused.failed(4).contains("1 worker(s) at work"),
            "{refused}"
        );
    }
    assert_eq!(home.json(["--db", "new.db", "status"])["total"], 0);
    home.ok(["worker", "stop"]);
    home.ok(["copy", "--from", file, "--to", "new.db"]);
}

#[test]
fn a_store_that_is_not_there_or_the_same_is_refused() {
    let home = Home::new();
    let missing = home.run(["copy", "--from", "nothing.db", "--to", "other.db"]);
    assert!(missing.failed(5).contains("nothing.db"), "{missing}");
    assert!(!home.work("other.db").exists(), "nothing was made for it");
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let file = home.database();
    let file = file.to_str().expect("the path is plain");
    let itself = home.run(["copy", "--from", file, "--to", file]);
    assert!(itself.failed(2).contains("into itself"), "{itself}");
}
