//! `worker stop`: gently, at once, or at once after a while.

use std::time::{Duration, Instant};

use super::support::{Home, Output, items, number, system, text, wait_for, wait_until};
use crate::jobs;

/// Calls the binary on another thread, so that it can be seen while it runs.
fn meanwhile<T>(home: &Home, args: &[&str], then: impl FnOnce() -> T) -> (Output, T) {
    std::thread::scope(|scope| {
        let call = scope.spawn(|| home.run(args));
        let result = then();
        (call.join().expect("the call doesn't panic"), result)
    })
}

#[test]
fn idle_workers_are_gone_when_it_says_so() {
    let home = Home::new();
    home.make_store();
    assert_eq!(home.ok(["worker", "stop"]), "No workers to stop\n");
    let pids = home.start_workers(&["--count", "2"]);
    assert_eq!(home.ok(["worker", "stop"]), "Stopped 2 worker(s)\n");
    assert!(
        !pids.iter().any(|pid| system::is_alive(*pid)),
        "{pids:?} are alive"
    );
    assert_eq!(home.workers().len(), 0);
    assert_eq!(home.ok(["worker", "stop"]), "No workers to stop\n");
}

#[test]
fn a_gentle_stop_lets_the_running_job_finish_and_starts_no_other() {
    let home = Home::new();
    home.enqueue("running", &jobs::held("running"), &[]);
    home.enqueue("next", jobs::SUCCEEDS, &[]);
    home.start_workers(&[]);
    home.wait_for_pid("running.pid");
    let (output, ()) = meanwhile(&home, &["worker", "stop"], || {
        wait_for("the worker to be stopping", || {
            let workers = home.workers();
            let is_so = workers.len() == 1 && workers[0]["state"] == "stopping";
            if is_so {
                Ok(())
            } else {
                Err(format!("{workers:?}"))
            }
        });
        assert_eq!(text(&home.show("running"), "state"), "processing");
        home.touch("running.go");
    });
    assert_eq!(output.succeeded(), "Stopped 1 worker(s)\n");
    let job = home.show("running");
    assert_eq!(text(&job, "state"), "completed", "{job}");
    assert_eq!(text(&home.show("next"), "state"), "pending");
}

#[test]
fn a_stop_at_once_gives_the_job_back_with_no_attempt_consumed() {
    let home = Home::new();
    home.enqueue("running", &jobs::held("running"), &[]);
    home.start_workers(&[]);
    let pid = home.wait_for_pid("running.pid");
    assert_eq!(
        home.ok(["worker", "stop", "--now"]),
        "Stopped 1 worker(s)\n"
    );
    assert!(!system::is_alive(pid), "the job goes on");
    let job = home.show("running");
    assert_eq!(text(&job, "state"), "pending");
    assert_eq!(number(&job, "attempts"), 0, "{job}");
    let runs = items(&job["runs"]);
    assert_eq!(runs.len(), 1, "{job}");
    assert_eq!(text(&runs[0], "outcome"), "stopped", "{job}");
    // And it runs again, as its first attempt.
    home.touch("running.go");
    home.start_workers(&[]);
    let job = home.wait_for_state("running", "completed");
    assert_eq!(number(&job, "attempts"), 1);
}

#[test]
fn a_stop_with_a_timeout_is_gentle_first() {
    let home = Home::new();
    home.enqueue("stuck", &jobs::held("stuck"), &[]);
    home.start_workers(&[]);
    let pid = home.wait_for_pid("stuck.pid");
    let begin = Instant::now();
    assert_eq!(
        home.ok(["worker", "stop", "--timeout", "0.6"]),
        "Stopped 1 worker(s)\n"
    );
    assert!(
        begin.elapsed() >= Duration::from_millis(600),
        "it was not waited for"
    );
    assert!(!system::is_alive(pid), "the job goes on");
    let job = home.show("stuck");
    assert_eq!(
        (text(&job, "state"), number(&job, "attempts")),
        ("pending", 0)
    );
}

#[test]
fn a_stop_with_a_timeout_that_is_not_needed_ends_early() {
    let home = Home::new();
    home.start_workers(&[]);
    let begin = Instant::now();
    home.ok(["worker", "stop", "--timeout", "25"]);
    assert!(begin.elapsed() < Duration::from_secs(20));
    for timeout in ["-1", "NaN", "soon"] {
        home.run(["worker", "stop", "--timeout", timeout]).failed(2);
    }
}

#[test]
fn a_gentle_stop_can_be_followed_by_a_stop_at_once() {
    let home = Home::new();
    home.enqueue("stuck", &jobs::held("stuck"), &[]);
    home.start_workers(&[]);
    home.wait_for_pid("stuck.pid");
    let (gentle, now) = meanwhile(&home, &["worker", "stop"], || {
        wait_until("the worker to be stopping", || {
            home.workers()[0]["state"] == "stopping"
        });
        home.run(["worker", "stop", "--now"])
    });
    assert_eq!(now.succeeded(), "Stopped 1 worker(s)\n");
    assert_eq!(gentle.succeeded(), "Stopped 1 worker(s)\n");
    assert_eq!(text(&home.show("stuck"), "state"), "pending");
}

#[test]
fn workers_of_another_home_are_left_alone() {
    let (home, other) = (Home::new(), Home::new());
    home.make_store();
    let pids = other.start_workers(&[]);
    assert_eq!(home.ok(["worker", "stop", "--now"]), "No workers to stop\n");
    assert!(system::is_alive(pids[0]));
}
