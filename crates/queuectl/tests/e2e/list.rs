//! `list`: which jobs, in which order, how many, and what is said of each.

use super::support::{Home, Output, ids, items, moment, number};
use crate::jobs;

/// The names in a list of JSON beside which something was said on stderr.
fn listed(output: &Output) -> Vec<String> {
    assert_eq!(output.code, Some(0), "{output}");
    ids(&serde_json::from_str(output.out()).expect("stdout is JSON alone"))
}

#[test]
fn the_newest_is_first_and_a_total_ends_it() {
    let home = Home::new();
    home.enqueue("done", &jobs::says("Hello"), &[]);
    home.enqueue(
        "dead",
        &jobs::fails(7, "broken"),
        &["--max-retries", "1", "--priority", "8"],
    );
    home.work_off();
    insta::assert_snapshot!(home.session(&["queuectl list"]), @r"
    $ queuectl list
    Jobs
    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    ID    Command                     State      Attempts  Priority  Wait  Effective  Created
    ────  ─────────────────────────  ─────────  ────────  ────────  ────  ─────────  ───────────────────
    dead  fake-job err broken exit 7  dead       1/1       8         -     -          YYYY-MM-DD hh:mm:ss
    done  fake-job out Hello          completed  1/3       5         -     -          YYYY-MM-DD hh:mm:ss

    Total: 2 jobs
    ");
}

#[test]
fn a_waiting_job_has_its_wait_and_its_effective_priority() {
    let home = Home::new();
    home.enqueue("a", &jobs::says("a"), &["--priority", "8"]);
    let list = home.ok(["list"]);
    let header = list
        .lines()
        .find(|line| line.starts_with("ID "))
        .expect("a header");
    let columns: Vec<_> = header.split_whitespace().collect();
    let expected = [
        "ID",
        "Command",
        "State",
        "Attempts",
        "Priority",
        "Wait",
        "Effective",
        "Created",
    ];
    assert_eq!(columns, expected);
    let row = list
        .lines()
        .find(|line| line.starts_with("a "))
        .expect("a row");
    let at = |column: &str| {
        row[header.find(column).expect("a column")..]
            .split_whitespace()
            .next()
    };
    assert_eq!(at("State"), Some("pending"));
    assert_eq!(at("Attempts"), Some("0/3"));
    assert_eq!(at("Priority"), Some("8"));
    assert!(at("Wait").is_some_and(|wait| wait.ends_with('s')), "{row}");
    assert!(
        at("Effective").is_some_and(|value| value.starts_with("8.")),
        "{row}"
    );
}

#[test]
fn a_limit_keeps_the_newest_and_says_how_many_are_left_out() {
    let home = Home::new();
    for id in ["a", "b", "c", "d", "e"] {
        home.enqueue(id, jobs::SUCCEEDS, &[]);
    }
    let list = home.ok(["list", "--limit", "2"]);
    let end = "\n… and 3 more (use --limit)\n\nTotal: 5 jobs\n";
    assert!(list.ends_with(end), "{list}");
    let output = home.run(["--json", "list", "--limit", "2"]);
    assert_eq!(listed(&output), ["e", "d"]);
    assert!(output.err().contains("3 more"), "{output}");
    assert_eq!(ids(&home.json(["list"])), ["e", "d", "c", "b", "a"]);
}

#[test]
fn a_hundred_are_listed_if_nothing_else_was_said() {
    let home = Home::new();
    for _ in 0..103 {
        home.ok(["enqueue", "--command", "true"]);
    }
    let output = home.run(["--json", "list"]);
    assert_eq!(listed(&output).len(), 100);
    assert!(output.err().contains("3 more"), "{output}");
    let list = home.ok(["list"]);
    assert!(
        list.contains("3 more") && list.ends_with("Total: 103 jobs\n"),
        "{list}"
    );
}

#[test]
fn a_limit_of_none_lists_all() {
    let home = Home::new();
    let added = home.run_with_stdin(
        &["enqueue", "--lines", "--from", "-"],
        "true\n".repeat(103).as_bytes(),
    );
    added.succeeded();
    assert_eq!(ids(&home.json(["list", "--limit", "0"])).len(), 103);
    let list = home.ok(["list", "--limit", "0", "--state", "pending"]);
    assert!(list.ends_with("\n\nTotal: 103 pending jobs\n"), "{list}");
    assert!(!list.contains("more"), "{list}");
}

#[test]
fn one_state_can_be_asked_for() {
    let home = Home::new();
    home.enqueue("good", jobs::SUCCEEDS, &[]);
    home.enqueue("bad", jobs::FAILS, &["--max-retries", "1"]);
    home.work_off();
    home.enqueue("new", jobs::SUCCEEDS, &[]);
    let of = |state: &str| ids(&home.json(["list", "--state", state]));
    assert_eq!(of("pending"), ["new"]);
    assert_eq!(of("completed"), ["good"]);
    assert_eq!(of("dead"), ["bad"]);
    assert_eq!(of("failed"), [""; 0]);
    assert_eq!(of("processing"), [""; 0]);
    let error = home.run(["list", "--state", "lost"]);
    let error = error.failed(2);
    for state in ["pending", "processing", "completed", "failed", "dead"] {
        assert!(error.contains(state), "{state} isn't named: {error}");
    }
}

#[test]
fn every_field_of_a_job_is_there() {
    let home = Home::new();
    home.enqueue("done", jobs::SUCCEEDS, &[]);
    home.work_off();
    home.enqueue("new", jobs::SUCCEEDS, &[]);
    let names = "id command argv state priority effective_priority timeout max_retries backoff_base attempts exit_code exec_time \
                 last_error worker_id cwd created_at started_at finished_at next_retry_at";
    let list = home.json(["list"]);
    for job in items(&list) {
        let fields = job.as_object().expect("a job is an object");
        for name in names.split_whitespace() {
            assert!(fields.contains_key(name), "no `{name}` in {job}");
        }
    }
    let done = &list[1];
    assert!(moment(done, "created_at") <= moment(done, "started_at"));
    assert!(moment(done, "started_at") <= moment(done, "finished_at"));
    assert_eq!(number(done, "exit_code"), 0);
    let new = &list[0];
    for name in [
        "started_at",
        "finished_at",
        "exit_code",
        "exec_time",
        "worker_id",
        "last_error",
    ] {
        assert!(new[name].is_null(), "`{name}` of a new job: {new}");
    }
}

#[test]
fn a_limit_that_makes_no_sense_is_refused() {
    let home = Home::new();
    home.make_store();
    for limit in ["-1", "many", "99999999999999999999999"] {
        home.run(["list", "--limit", limit]).failed(2);
    }
    home.ok(["list", "--limit", "4294967295"]);
}
