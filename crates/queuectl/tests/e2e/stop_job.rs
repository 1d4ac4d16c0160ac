//! `stop`: a run is ended by hand, and its job doesn't run again by itself.

use super::support::{Home, text};
use crate::jobs;

#[test]
fn a_stopped_job_is_in_the_dead_letter_queue_and_says_why() {
    let home = Home::new();
    home.enqueue("runaway", &jobs::held("runaway"), &[]);
    home.start_workers(&[]);
    home.wait_for_state("runaway", "processing");
    let said = home.ok(["stop", "runaway", "--reason", "it ran away"]);
    assert_eq!(
        said,
        "Job 'runaway' stopped; it is in the dead letter queue\n"
    );
    let job = home.show("runaway");
    assert_eq!(job["state"], "dead");
    assert_eq!(job["last_error"], "it ran away");
    assert_eq!(job["attempts"], 0);
    assert_eq!(job["runs"][0]["outcome"], "stopped");
    // It can be brought back by hand.
    home.ok(["dlq", "retry", "runaway"]);
    home.wait_for_state("runaway", "processing");
    let facts = home.json(["stop", "runaway"]);
    assert_eq!(facts["state"], "dead");
    assert_eq!(home.show("runaway")["last_error"], "Stopped by hand");
}

#[test]
fn only_a_job_that_runs_can_be_stopped() {
    let home = Home::new();
    home.enqueue("waiting", jobs::SUCCEEDS, &[]);
    home.run(["stop", "waiting"]).failed(4);
    home.run(["stop", "nothing"]).failed(3);
    assert_eq!(home.show("waiting")["state"], "pending");
}

#[test]
fn one_worker_is_stopped_by_its_name_and_all_by_all() {
    let home = Home::new();
    home.start_workers(&["--count", "3"]);
    let workers = home.workers();
    let name = text(&workers[1], "id");
    assert_eq!(
        home.ok(["worker", "stop", "--worker", name]),
        "Stopped 1 worker(s)\n"
    );
    let left = home.workers();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|worker| text(worker, "id") != name));
    home.run(["worker", "stop", "--worker", name]).failed(3);
    home.run(["worker", "stop", "--worker", name, "--all"])
        .failed(2);
    assert_eq!(
        home.ok(["worker", "stop", "--all"]),
        "Stopped 2 worker(s)\n"
    );
    assert_eq!(home.ok(["worker", "stop", "--all"]), "No workers to stop\n");
}
