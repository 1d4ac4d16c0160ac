//! The six tests of the seed by their names, each asserting what its name says.

use std::time::Instant;

use crate::jobs;
use crate::support::{Home, float, ids, items, number, seconds_between, text, wait_for};

/// How exactly an effective priority is shown, and a bit.
const SHOWN: f64 = 0.0011;

/// Test 1: Enqueue and dequeue job
#[test]
fn enqueue_and_dequeue_job() {
    let home = Home::new();
    home.enqueue("test1", &jobs::says("Hello"), &[]);
    let job = home.show("test1");
    assert_eq!(text(&job, "state"), "pending");
    assert_eq!(text(&job, "command"), jobs::says("Hello"));
    assert_eq!(number(&job, "attempts"), 0);

    home.ok(["dequeue", "test1"]);
    home.run(["show", "test1"]).failed(3);
    assert_eq!(number(&home.json(["status"]), "total"), 0);
    assert!(!home.work_off().contains("JOB STARTED"));
}

/// Test 2: Worker execution
#[test]
fn worker_execution() {
    let home = Home::new();
    home.enqueue("test2", &jobs::says("Worker test"), &[]);
    home.start_workers(&[]);
    let job = home.wait_for_state("test2", "completed");
    assert_eq!(text(&job, "output"), "Worker test\n");
    assert_eq!(number(&job, "exit_code"), 0);
    assert_eq!(number(&job, "attempts"), 1);
    assert_eq!(items(&job["runs"]).len(), 1);
}

/// Test 3: Job timeout and retry
#[test]
fn job_timeout_and_retry() {
    let home = Home::new();
    let options = [
        "--timeout",
        "0.3",
        "--max-retries",
        "2",
        "--backoff-base",
        "1",
    ];
    home.enqueue("test3", &jobs::never_ends(), &options);
    home.start_workers(&[]);
    let failed = home.wait_for_state("test3", "failed");
    assert_eq!(number(&failed, "attempts"), 1);
    assert_eq!(text(&failed, "last_error"), "Timeout exceeded (0.3s)");

    let dead = home.wait_for_state("test3", "dead");
    let runs = items(&dead["runs"]);
    assert_eq!(runs.len(), 2);
    for run in runs {
        assert_eq!(text(run, "outcome"), "timed_out");
        assert_eq!(text(run, "error"), "Timeout exceeded (0.3s)");
        let took = float(run, "exec_time");
        assert!((0.3..10.0).contains(&took), "it took {took} s");
    }
}

/// Test 4: Dead Letter Queue (DLQ)
#[test]
fn dead_letter_queue_after_max_retries() {
    let home = Home::new();
    let options = ["--max-retries", "3", "--backoff-base", "1"];
    home.enqueue("test4", &jobs::fails(1, "no luck"), &options);
    home.work_off();
    let dead = home.json(["dlq", "list"]);
    assert_eq!(ids(&dead), ["test4"]);
    assert_eq!(number(&dead[0], "attempts"), 3);
    assert_eq!(text(&dead[0], "last_error"), "Exit code 1: no luck");
    assert_eq!(items(&home.show("test4")["runs"]).len(), 3);
    assert_eq!(number(&home.json(["status"]), "dead"), 1);
}

/// Test 5: Priority queue ordering
#[test]
fn priority_queue_ordering() {
    let home = Home::new();
    for (id, priority) in [("low", "2"), ("high", "9"), ("middle", "5"), ("high2", "9")] {
        home.enqueue(id, &jobs::notes(id, "order"), &["--priority", priority]);
    }
    home.work_off();
    assert_eq!(home.read("order"), "high\nhigh2\nmiddle\nlow\n");
}

/// Test 6: Waiting time increases effective priority
#[test]
fn waiting_time_increases_effective_priority() {
    let home = Home::new();
    let effective = |id: &str| float(&home.show(id), "effective_priority");
    home.enqueue("old", &jobs::notes("old", "order"), &["--priority", "5"]);

    // It grows by one for each minute: as much between two looks as time has passed between them.
    let before_first = Instant::now();
    let first = effective("old");
    let after_first = Instant::now();
    let (second, before_second) = wait_for("it to have grown by a second's worth", || {
        let before = Instant::now();
        let now = effective("old");
        if now - first > 1.0 / 60.0 {
            Ok((now, before))
        } else {
            Err(now.to_string())
        }
    });
    let most = before_first.elapsed().as_secs_f64() / 60.0;
    let least = (before_second - after_first).as_secs_f64() / 60.0;
    let grown = second - first;
    let close = (least - SHOWN..=most + SHOWN).contains(&grown);
    assert!(close, "{grown} is not within {least}..{most}");

    // The one that has waited longer is ahead by its wait, and no further.
    home.enqueue("new", &jobs::notes("new", "order"), &["--priority", "5"]);
    home.enqueue(
        "urgent",
        &jobs::notes("urgent", "order"),
        &["--priority", "6"],
    );
    let list = home.json(["list"]);
    assert_eq!(ids(&list), ["urgent", "new", "old"]);
    let [urgent, new, old] = [0, 1, 2].map(|i| float(&list[i], "effective_priority"));
    assert!(urgent > old && old > new, "{urgent} {old} {new}");
    let both = serde_json::json!({ "old": list[2]["created_at"], "new": list[1]["created_at"] });
    let ahead = seconds_between(&both, "old", "new") / 60.0;
    assert!(
        (old - new - ahead).abs() < SHOWN,
        "{old} - {new} is not {ahead}"
    );

    // And that is the order in which they run.
    home.work_off();
    assert_eq!(home.read("order"), "urgent\nold\nnew\n");
    assert!(home.show("old")["effective_priority"].is_null());
}
