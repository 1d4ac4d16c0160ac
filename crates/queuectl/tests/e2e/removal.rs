//! `clear` and `dequeue`: what is removed is gone, what runs is not removed, and nothing goes by accident.

use super::support::{Home, ids, items, number, system, text};
use crate::jobs;

/// A home with waiting jobs of these names.
fn home_with_waiting(names: &[&str]) -> Home {
    let home = Home::new();
    for name in names {
        home.enqueue(name, jobs::SUCCEEDS, &[]);
    }
    home
}

#[test]
fn clear_removes_all_jobs() {
    let home = home_with_waiting(&["a", "b"]);
    home.enqueue("bad", jobs::FAILS, &["--max-retries", "1"]);
    home.work_off();
    home.enqueue("c", jobs::SUCCEEDS, &[]);
    insta::assert_snapshot!(home.session(&["queuectl clear --yes", "queuectl clear --yes"]), @r"
    $ queuectl clear --yes
    Deleted 4 jobs
    $ queuectl clear --yes
    There are no jobs
    ");
    assert_eq!(number(&home.json(["status"]), "total"), 0);
    home.run(["show", "a"]).failed(3);
    // Their names are free again.
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    assert_eq!(items(&home.show("a")["runs"]).len(), 0);
}

#[test]
fn clear_without_a_terminal_wants_to_be_told() {
    let home = home_with_waiting(&["a"]);
    let output = home.run(["clear"]);
    assert!(output.failed(2).contains("--yes"), "{output}");
    let output = home.run_with_stdin(&["clear"], b"y\n");
    assert!(output.failed(2).contains("--yes"), "{output}");
    assert_eq!(ids(&home.json(["list"])), ["a"]);
}

#[test]
fn clear_refuses_while_a_job_runs_unless_forced() {
    let home = home_with_waiting(&["waiting"]);
    home.enqueue("running", &jobs::held("running"), &["--priority", "10"]);
    home.start_workers(&[]);
    let pid = home.wait_for_pid("running.pid");
    let output = home.run(["clear", "--yes"]);
    let error = output.failed(4);
    assert!(error.contains('1') && error.contains("--force"), "{error}");
    assert_eq!(number(&home.json(["status"]), "total"), 2);
    home.ok(["clear", "--yes", "--force"]);
    assert_eq!(number(&home.json(["status"]), "total"), 0);
    // The worker hears that the job is no longer its own, ends it, and goes on with what comes next.
    crate::support::wait_until("the job to be ended", || !system::is_alive(pid));
    home.enqueue("next", jobs::SUCCEEDS, &[]);
    home.wait_for_state("next", "completed");
}

#[test]
fn dequeue_removes_a_job_that_is_not_running() {
    let home = home_with_waiting(&["a", "b"]);
    home.enqueue("bad", jobs::FAILS, &["--max-retries", "1"]);
    insta::assert_snapshot!(home.session(&["queuectl dequeue a", "queuectl dequeue a"]), @r"
    $ queuectl dequeue a
    Job 'a' removed
    $ queuectl dequeue a
    error: there is no job 'a'
    hint: see which jobs there are with `queuectl list`
    [exit code 3]
    ");
    home.work_off();
    home.ok(["dequeue", "b"]);
    home.ok(["dequeue", "bad"]);
    assert_eq!(number(&home.json(["status"]), "total"), 0);
}

#[test]
fn dequeue_refuses_a_running_job() {
    let home = Home::new();
    home.enqueue("backup", &jobs::held("backup"), &[]);
    home.start_workers(&[]);
    home.wait_for_state("backup", "processing");
    insta::assert_snapshot!(home.session(&["queuectl dequeue backup", "queuectl --json dequeue backup"]), @r#"
    $ queuectl dequeue backup
    error: job 'backup' is being processed, so it can't be removed
    hint: stop it first, or wait for it with `queuectl show backup`
    [exit code 4]
    $ queuectl --json dequeue backup
    {"error":{"kind":"conflict","message":"job 'backup' is being processed, so it can't be removed","hint":"stop it first, or wait for it with `queuectl show backup`"}}
    [exit code 4]
    "#);
    home.touch("backup.go");
    let job = home.wait_for_state("backup", "completed");
    assert_eq!(text(&job, "output"), "backup was let go\n");
}

#[test]
fn clear_deletes_what_is_completed_alone_or_only_what_is_old_of_it() {
    let home = home_with_waiting(&["one", "two"]);
    home.enqueue("bad", jobs::FAILS, &["--max-retries", "1"]);
    home.work_off();
    home.enqueue("waiting", jobs::SUCCEEDS, &[]);
    let refused = home.run(["clear", "--completed"]);
    assert!(refused.failed(2).contains("--yes"), "{refused}");
    home.run(["clear", "--older-than", "3600"]).failed(2);
    let old = ["clear", "--completed", "--older-than", "3600", "--yes"];
    assert_eq!(home.ok(old), "Deleted 0 jobs\n");
    assert_eq!(home.json(["clear", "--completed", "--yes"])["deleted"], 2);
    let mut left = ids(&home.json(["list"]));
    left.sort();
    assert_eq!(left, ["bad", "waiting"]);
    let again = home.ok(["clear", "--completed", "--yes"]);
    assert_eq!(again, "There are no completed jobs\n");
    home.ok(["doctor"]);
}

#[test]
fn workers_delete_completed_jobs_that_are_older_than_they_are_to_be_kept() {
    let home = home_with_waiting(&["one", "two"]);
    home.enqueue("bad", jobs::FAILS, &["--max-retries", "1"]);
    home.enqueue("held", &jobs::held("held"), &["--priority", "1"]);
    home.ok(["config", "set", "keep", "0.001"]);
    home.start_workers(&[]);
    // A worker that is at work does it, too.
    home.wait_for_pid("held.pid");
    crate::support::wait_until("the completed jobs to be deleted", || {
        let status = home.json(["status"]);
        number(&status, "completed") == 0 && number(&status, "total") == 2
    });
    home.touch("held.go");
    crate::support::wait_until("the last to be deleted as well", || home.total() == 1);
    assert_eq!(ids(&home.json(["list"])), ["bad"]);
    home.ok(["doctor"]);
}

#[test]
fn completed_jobs_are_kept_for_ever_if_nothing_else_is_said() {
    let home = home_with_waiting(&["one"]);
    home.ok(["config", "set", "keep", "3600"]);
    home.ok(["config", "set", "keep", "forever"]);
    assert_eq!(
        home.json(["config", "get", "keep"])["keep"],
        serde_json::Value::Null
    );
    home.work_off();
    assert_eq!(ids(&home.json(["list"])), ["one"]);
}

/// Workers that end before their first tick delete jobs, too.
#[test]
fn runs_until_nothing_is_left_delete_what_is_old() {
    let home = home_with_waiting(&["one"]);
    home.ok(["config", "set", "keep", "0.001"]);
    home.work_off();
    crate::support::wait_until("the completed job to be deleted", || {
        home.work_off();
        home.total() == 0
    });
}
