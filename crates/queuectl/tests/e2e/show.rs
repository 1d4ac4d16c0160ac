//! `show`: all that is known of a job, for people and for scripts.

use serde_json::json;

use super::support::{Home, float, items, moment, number, text};
use crate::jobs;

#[test]
fn a_job_is_shown_as_in_the_seed() {
    let home = Home::new();
    home.enqueue("job1", "echo Hello World", &[]);
    home.work_off();
    insta::assert_snapshot!(home.session(&["queuectl show job1"]), @r"
    $ queuectl show job1
    Job Details: job1
    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    Field                Value
    ───────────────────  ─────────────────────────
    ID                   job1
    Command              echo Hello World
    State                completed
    Priority             5
    Timeout              20
    Max Retries          3
    Backoff Base         2
    Attempts             1
    Exec Time            N.NNNs
    Exit Code            0
    Directory            ~/work
    Created              YYYY-MM-DD hh:mm:ss
    Started              YYYY-MM-DD hh:mm:ss
    Finished             YYYY-MM-DD hh:mm:ss
    Worker               worker-ID
    Attempt 1            YYYY-MM-DD hh:mm:ss  completed after N.NNNs
    Output               Hello World
    ");
}

#[test]
fn a_job_that_failed_says_why_and_when_it_is_tried_again() {
    let home = Home::new();
    home.enqueue(
        "job1",
        &jobs::fails(7, "no such table"),
        &["--backoff-base", "50"],
    );
    home.start_workers(&[]);
    home.wait_for_state("job1", "failed");
    let shown = home.ok(["show", "job1"]);
    let value = |label: &str| {
        let line = shown.lines().find_map(|line| line.strip_prefix(label));
        line.unwrap_or_else(|| panic!("no {label}: {shown}"))
            .trim()
            .to_owned()
    };
    assert_eq!(value("State "), "failed");
    assert_eq!(value("Exit Code "), "7");
    assert_eq!(value("Last Error "), "Exit code 7: no such table");
    assert!(value("Next Retry ").starts_with("20"), "{shown}");
    assert!(value("Worker ").starts_with("worker-"), "{shown}");
    assert!(value("Effective").contains("5."), "{shown}");
    assert_eq!(value("Attempts "), "1");
    let job = home.show("job1");
    assert!(text(&job, "worker_id").starts_with("worker-"));
    assert!(moment(&job, "next_retry_at") > moment(&job, "finished_at"));
}

#[test]
fn each_attempt_has_a_line() {
    let home = Home::new();
    home.enqueue(
        "job1",
        &jobs::fails_until_attempt(3),
        &["--backoff-base", "1"],
    );
    home.work_off();
    let job = home.show("job1");
    assert_eq!(text(&job, "state"), "completed");
    assert!(job["last_error"].is_null());
    let runs = items(&job["runs"]);
    let seen: Vec<_> = runs
        .iter()
        .map(|run| {
            (
                number(run, "attempt"),
                text(run, "outcome"),
                number(run, "exit_code"),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [(1, "failed", 1), (2, "failed", 1), (3, "completed", 0)]
    );
    let outputs: Vec<_> = runs
        .iter()
        .map(|run| (text(run, "stdout"), text(run, "stderr")))
        .collect();
    assert_eq!(
        outputs,
        [
            ("trying\n", ""),
            ("trying\n", ""),
            ("trying\nat last\n", "")
        ]
    );
    assert_eq!(text(&job, "output"), "trying\nat last\n");
    for run in runs {
        assert!(moment(run, "started_at") <= moment(run, "finished_at"));
        assert!(float(run, "exec_time") >= 0.0);
        assert!(text(run, "worker_id").starts_with("worker-"));
        assert_eq!(run["signal"], json!(null));
    }
    let shown = home.ok(["show", "job1"]);
    let lines = shown.lines().filter(|line| line.starts_with("Attempt "));
    assert_eq!(lines.count(), 3, "{shown}");
}

#[test]
fn a_running_job_is_shown_with_what_it_has_printed() {
    let home = Home::new();
    home.enqueue(
        "job1",
        &jobs::then(&[&jobs::says("so far"), &jobs::held("job1")]),
        &[],
    );
    home.start_workers(&[]);
    home.wait_for_pid("job1.pid");
    let job = home.wait_for_job("job1", "heard", |job| job["output"] == "so far\n");
    assert_eq!(text(&job, "state"), "processing");
    assert_eq!(number(&job, "attempts"), 1);
    assert!(job["finished_at"].is_null());
    let run = &job["runs"][0];
    assert!(
        run["finished_at"].is_null() && run["outcome"].is_null(),
        "{run}"
    );
    home.touch("job1.go");
    home.wait_for_state("job1", "completed");
}

#[test]
fn nobody_knows_an_unknown_job() {
    let home = Home::new();
    home.make_store();
    insta::assert_snapshot!(home.session(&["queuectl show nobody", "queuectl --json show nobody"]), @r#"
    $ queuectl show nobody
    error: there is no job 'nobody'
    hint: see which jobs there are with `queuectl list`
    [exit code 3]
    $ queuectl --json show nobody
    {"error":{"kind":"not_found","message":"there is no job 'nobody'","hint":"see which jobs there are with `queuectl list`"}}
    [exit code 3]
    "#);
    home.run(["show"]).failed(2);
}
