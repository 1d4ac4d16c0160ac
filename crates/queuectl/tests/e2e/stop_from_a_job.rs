//! `worker stop` called by a job doesn't wait for the worker that runs this job, since that one waits for the job.

use serde_json::Value;

use super::support::{Home, items, number, text, wait_until};
use crate::jobs;

/// Adds a job that gives this order and notes the answer.
fn enqueue_stop(home: &Home, order: &str) {
    let line = format!("queuectl {order} > said 2>&1; echo $? >> said");
    home.enqueue("stopper", &line, &[]);
}

/// What the order answered, and how it ended.
fn said(home: &Home) -> String {
    wait_until("the order to be answered", || {
        std::fs::read_to_string(home.work("said")).is_ok_and(|said| has_code(&said))
    });
    home.read("said")
}

/// Whether the last line is there, which is an exit code.
fn has_code(said: &str) -> bool {
    let last = said.strip_suffix('\n').and_then(|said| said.lines().last());
    last.is_some_and(|code| code.parse::<u32>().is_ok())
}

#[track_caller]
fn all_end(home: &Home) {
    wait_until("all workers to end", || home.workers().is_empty());
}

#[test]
fn a_gentle_stop_asks_its_own_worker_and_waits_for_the_others() {
    let home = Home::new();
    home.start_workers(&["--count", "2"]);
    enqueue_stop(&home, "worker stop");
    let said = said(&home);
    all_end(&home);
    let job = home.wait_for_state("stopper", "completed");
    let own = text(&job, "worker_id");
    let asked =
        format!("Asked to stop: {own}, which runs this job; it ends when its jobs have finished");
    assert_eq!(said, format!("Stopped 1 worker(s)\n{asked}\n0\n"));
    assert_eq!(items(&job["runs"]).len(), 1);
}

#[test]
fn a_stop_at_once_lets_its_own_job_finish() {
    let home = Home::new();
    home.enqueue("held", &jobs::held("held"), &[]);
    home.start_workers(&[]);
    home.wait_for_pid("held.pid");
    // The first worker has no free slot, so the other one takes the order.
    home.start_workers(&["--concurrency", "2"]);
    enqueue_stop(&home, "worker stop --now");
    let said = said(&home);
    all_end(&home);
    assert!(
        said.starts_with("Stopped 1 worker(s)\nAsked to stop: "),
        "{said}"
    );
    let stopper = home.wait_for_state("stopper", "completed");
    assert_eq!(
        (number(&stopper, "attempts"), items(&stopper["runs"]).len()),
        (1, 1),
        "it was ended by itself: {stopper}"
    );
    let held = home.show("held");
    assert_eq!(
        (text(&held, "state"), number(&held, "attempts")),
        ("pending", 0)
    );
}

#[test]
fn with_a_timeout_its_own_job_has_as_long_as_it_takes() {
    let home = Home::new();
    home.start_workers(&[]);
    let line = format!(
        "queuectl --json worker stop --timeout 0.1 > said && {}",
        jobs::held("stopper")
    );
    home.enqueue("stopper", &line, &[]);
    home.wait_for_pid("stopper.pid");
    let said: Value = serde_json::from_str(&home.read("said")).expect("it is JSON");
    let own = home.workers();
    assert_eq!(text(&own[0], "state"), "stopping");
    assert_eq!(said["asked"], serde_json::json!([own[0]["id"]]));
    assert_eq!(
        (number(&said, "stopped"), number(&said, "out_of_reach")),
        (0, 0)
    );
    home.touch("stopper.go");
    all_end(&home);
    home.wait_for_state("stopper", "completed");
}

#[test]
fn a_job_of_another_store_waits_as_everybody_does() {
    let (home, other) = (Home::new(), Home::new());
    other.start_workers(&[]);
    home.start_workers(&[]);
    let mut stop = other.command(["worker", "stop"]);
    stop.env("QUEUECTL_WORKER_ID", text(&home.workers()[0], "id"));
    let output = stop.output().expect("it can be started");
    assert_eq!(output.stdout, b"Stopped 1 worker(s)\n", "{output:?}");
    assert_eq!(home.workers().len(), 1);
}
