//! The dead letter queue: seen, emptied, and left for a new start.

use super::support::{Home, ids, items, number, text};
use crate::jobs;

/// A home with dead jobs of these names.
fn home_with_dead(names: &[&str]) -> Home {
    let home = Home::new();
    for name in names {
        home.enqueue(name, &jobs::fails(7, "broken"), &["--max-retries", "1"]);
    }
    home.work_off();
    home
}

#[test]
fn it_is_listed_as_in_the_seed() {
    let home = Home::new();
    home.enqueue(
        "job2",
        &jobs::never_ends(),
        &["--max-retries", "1", "--timeout", "0.2"],
    );
    home.work_off();
    insta::assert_snapshot!(home.session(&["queuectl dlq list"]), @r"
    $ queuectl dlq list
    Dead Letter Queue (DLQ)
    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    Job ID  Command             Attempts  Last Error               Died
    ──────  ──────────────────  ────────  ───────────────────────  ───────────────────
    job2    fake-job sleep 600  1         Timeout exceeded (0.2s)  YYYY-MM-DD hh:mm:ss

    Total: 1 job
    ");
}

#[test]
fn a_retry_resets_the_attempts_and_keeps_the_history() {
    let home = home_with_dead(&["a"]);
    insta::assert_snapshot!(home.session(&["queuectl dlq retry a"]), @r"
    $ queuectl dlq retry a
    Job 'a' is back in the queue
    ");
    let job = home.show("a");
    assert_eq!(text(&job, "state"), "pending");
    assert_eq!(number(&job, "attempts"), 0);
    assert_eq!(items(&job["runs"]).len(), 1);
    assert_eq!(items(&home.json(["dlq", "list"])).len(), 0);
    home.work_off();
    let job = home.show("a");
    assert_eq!(text(&job, "state"), "dead");
    assert_eq!(number(&job, "attempts"), 1);
    assert_eq!(items(&job["runs"]).len(), 2);
}

#[test]
fn a_retry_can_give_more_time() {
    let home = Home::new();
    home.enqueue(
        "slow",
        &jobs::held("slow"),
        &["--max-retries", "1", "--timeout", "0.2"],
    );
    home.work_off();
    assert_eq!(text(&home.show("slow"), "state"), "dead");
    home.ok(["dlq", "retry", "slow", "--timeout", "60"]);
    assert_eq!(number(&home.show("slow"), "timeout"), 60);
    home.touch("slow.go");
    home.work_off();
    assert_eq!(text(&home.show("slow"), "state"), "completed");
}

#[test]
fn several_or_all_can_be_retried_but_not_half_of_them() {
    let home = home_with_dead(&["a", "b", "c"]);
    home.enqueue("alive", jobs::SUCCEEDS, &[]);
    // One that is unknown or isn't dead: none is retried.
    home.run(["dlq", "retry", "a", "nobody"]).failed(3);
    home.run(["dlq", "retry", "a", "alive"]).failed(4);
    assert_eq!(items(&home.json(["dlq", "list"])).len(), 3);
    home.ok(["dlq", "retry", "a", "b"]);
    assert_eq!(ids(&home.json(["dlq", "list"])), ["c"]);
    home.ok(["dlq", "retry", "--all"]);
    assert_eq!(items(&home.json(["dlq", "list"])).len(), 0);
    assert_eq!(number(&home.json(["status"]), "pending"), 4);
    home.run(["dlq", "retry"]).failed(2);
    home.run(["dlq", "retry", "a", "--all"]).failed(2);
}

#[test]
fn it_is_cleared_when_that_was_confirmed() {
    let home = home_with_dead(&["a", "b"]);
    home.enqueue("alive", jobs::SUCCEEDS, &[]);
    let error = home.run(["dlq", "clear"]);
    assert!(error.failed(2).contains("--yes"), "{error}");
    assert_eq!(items(&home.json(["dlq", "list"])).len(), 2);
    insta::assert_snapshot!(home.session(&["queuectl dlq clear --yes", "queuectl dlq clear --yes"]), @r"
    $ queuectl dlq clear --yes
    Deleted 2 jobs from the DLQ
    $ queuectl dlq clear --yes
    The dead letter queue is empty
    ");
    assert_eq!(ids(&home.json(["list"])), ["alive"]);
}

#[test]
fn a_waiting_job_can_be_put_into_it_by_hand() {
    let home = home_with_dead(&["dead"]);
    home.enqueue("good", jobs::SUCCEEDS, &["--priority", "10"]);
    home.enqueue(
        "failing",
        jobs::FAILS,
        &["--backoff-base", "100", "--priority", "9"],
    );
    home.enqueue("running", &jobs::held("running"), &[]);
    home.start_workers(&[]);
    home.wait_for_state("running", "processing");
    home.wait_for_state("failing", "failed");
    home.enqueue("why", &jobs::notes("why", "ran"), &[]);
    home.enqueue("unsaid", &jobs::notes("unsaid", "ran"), &[]);

    home.ok(["dlq", "add", "why", "--reason", "not wanted any more"]);
    home.ok(["dlq", "add", "unsaid"]);
    home.ok(["dlq", "add", "failing"]);
    assert_eq!(text(&home.show("why"), "last_error"), "not wanted any more");
    assert_eq!(text(&home.show("why"), "state"), "dead");
    assert!(!text(&home.show("unsaid"), "last_error").is_empty());
    assert_eq!(text(&home.show("failing"), "state"), "dead");
    for (id, code) in [("running", 4), ("good", 4), ("dead", 4), ("nobody", 3)] {
        home.run(["dlq", "add", id]).failed(code);
    }
    home.touch("running.go");
    home.wait_for_state("running", "completed");
    home.work_off();
    assert!(!home.work("ran").exists(), "a dead job ran");
}

#[test]
fn the_newest_death_is_first_with_its_time() {
    let home = home_with_dead(&["a", "b"]);
    let list = home.ok(["dlq", "list"]);
    let header = list
        .lines()
        .find(|line| line.starts_with("Job ID"))
        .expect("a header");
    for column in ["Job ID", "Command", "Attempts", "Last Error", "Died"] {
        assert!(header.contains(column), "no {column} in {header}");
    }
    assert_eq!(ids(&home.json(["dlq", "list"])), ["b", "a"]);
}
