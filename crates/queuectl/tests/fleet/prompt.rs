//! What a user does at the prompt of one host reaches all of them, sooner or later.

use serde_json::Value;

use crate::fleet::{Cut, Fleet};
use crate::wait::wait_for;
use crate::{begun_on, workers_are};

/// A fleet of two with a worker on each; the id and the process of anna's.
fn a_worker_on_each() -> (Fleet, String, u64) {
    let fleet = Fleet::new(&["anna", "berta"]);
    fleet.on(0, &["worker", "start"]);
    let (id, pid) = the_only_worker(&fleet);
    fleet.on(1, &["worker", "start"]);
    (fleet, id, pid)
}

fn the_only_worker(fleet: &Fleet) -> (String, u64) {
    let worker = &fleet.json(0, &["worker", "list"])[0];
    let id = worker["id"].as_str().expect("a worker has an id");
    (
        id.to_owned(),
        worker["pid"].as_u64().expect("a worker has a pid"),
    )
}

#[track_caller]
fn wait_until_gone(fleet: &Fleet, host: usize, pid: u64) {
    wait_for("the worker has ended", || {
        (!fleet.is_running(host, pid))
            .then_some(())
            .ok_or(fleet.on(1, &["worker", "list"]))
    });
}

#[test]
fn who_is_cut_off_when_all_are_stopped_stops_when_it_comes_back() {
    for cut in [Cut::Unplugged, Cut::HalfOpen] {
        let (fleet, _, pid) = a_worker_on_each();
        fleet.cut(0, cut);
        // The other has put its jobs back, and forgotten it.
        wait_for("anna is lost", || {
            workers_are(&fleet, &[("berta", "running")])
        });
        let said = fleet.json(1, &["worker", "stop", "--all"]);
        assert_eq!(
            (&said["stopped"], &said["out_of_reach"]),
            (&1.into(), &1.into())
        );
        assert!(fleet.is_running(0, pid), "it can't have heard of it");
        fleet.heal(0, cut);
        wait_until_gone(&fleet, 0, pid);
        let said = fleet.on(1, &["worker", "stop", "--all"]);
        assert_eq!(said, "No workers to stop\n");
    }
}

#[test]
fn who_is_cut_off_with_nobody_to_notice_stops_when_it_comes_back() {
    let fleet = Fleet::new(&["anna", "berta"]);
    fleet.on(0, &["worker", "start"]);
    let (_, pid) = the_only_worker(&fleet);
    fleet.enqueue("hangs", &fleet.ledger.job_that_hangs_once("hangs"));
    wait_for("the job runs on anna", || {
        begun_on(&fleet, "hangs", &["anna"])
    });
    fleet.cut(0, Cut::Unplugged);
    // It is waited for until its lease is over, and told of then.
    let said = fleet.on(1, &["worker", "stop", "--all"]);
    assert_eq!(
        said,
        "Out of reach: 1 worker(s), which will stop when they come back\n"
    );
    fleet.heal(0, Cut::Unplugged);
    wait_until_gone(&fleet, 0, pid);
    wait_for("nobody is left", || workers_are(&fleet, &[]));
}

#[test]
fn one_that_is_cut_off_can_be_stopped_by_its_id_and_no_other_stops() {
    let (fleet, id, pid) = a_worker_on_each();
    fleet.cut(0, Cut::Stalled);
    wait_for("anna is lost", || {
        workers_are(&fleet, &[("berta", "running")])
    });
    let said = fleet.json(1, &["worker", "stop", "--worker", &id]);
    assert_eq!(
        (&said["stopped"], &said["out_of_reach"]),
        (&0.into(), &1.into())
    );
    fleet.heal(0, Cut::Stalled);
    wait_until_gone(&fleet, 0, pid);
    wait_for("berta works on", || {
        workers_are(&fleet, &[("berta", "running")])
    });
}

#[test]
fn who_is_frozen_when_its_host_is_stopped_stops_when_it_goes_on() {
    let (fleet, _, pid) = a_worker_on_each();
    fleet.signal(0, "STOP", pid);
    wait_for("anna is lost", || {
        workers_are(&fleet, &[("berta", "running")])
    });
    let said = fleet.json(0, &["worker", "stop"]);
    assert_eq!(
        (&said["stopped"], &said["out_of_reach"]),
        (&0.into(), &1.into())
    );
    fleet.signal(0, "CONT", pid);
    wait_until_gone(&fleet, 0, pid);
    // The other host's isn't meant.
    wait_for("berta works on", || {
        workers_are(&fleet, &[("berta", "running")])
    });
}

#[test]
fn one_worker_is_stopped_from_another_host() {
    let (fleet, id, pid) = a_worker_on_each();
    let said = fleet.json(1, &["worker", "stop", "--worker", &id]);
    assert_eq!(
        (&said["stopped"], &said["out_of_reach"]),
        (&1.into(), &0.into())
    );
    wait_until_gone(&fleet, 0, pid);
    wait_for("berta works on", || {
        workers_are(&fleet, &[("berta", "running")])
    });
}

#[test]
fn a_job_is_stopped_from_another_host_and_what_it_printed_is_seen_there() {
    let fleet = Fleet::new(&["anna", "berta"]);
    fleet.on(0, &["worker", "start"]);
    let line = format!("echo so far; {}", fleet.ledger.job_that_hangs_once("hangs"));
    fleet.enqueue("hangs", &line);
    wait_for("berta sees what it prints", || {
        let shown = fleet.json(1, &["show", "hangs"]);
        (shown["state"] == "processing" && shown["output"] == "so far\n")
            .then_some(())
            .ok_or(shown.to_string())
    });
    wait_for("it is at work", || begun_on(&fleet, "hangs", &["anna"]));
    fleet.on(1, &["stop", "hangs"]);
    wait_for("it has ended", || {
        let shown = fleet.json(1, &["show", "hangs"]);
        (shown["state"] == "dead")
            .then_some(())
            .ok_or(shown.to_string())
    });
    // Its lock is free: nothing of it runs any more.
    fleet.on(1, &["dlq", "retry", "hangs"]);
    wait_for("it runs to its end", || {
        let written = fleet.ledger.of("hangs");
        (written.ended == 1)
            .then_some(())
            .ok_or(format!("{written:?}"))
    });
    assert_eq!(fleet.ledger.of("hangs").doubled, 0);
}

#[test]
fn the_workers_of_all_hosts_are_listed_with_all_that_is_known_of_them() {
    let fleet = Fleet::new(&["anna", "berta"]);
    fleet.on(0, &["worker", "start", "--concurrency", "3"]);
    let (_, pid) = the_only_worker(&fleet);
    fleet.enqueue("hangs", &fleet.ledger.job_that_hangs_once("hangs"));
    wait_for("the job runs on anna", || {
        begun_on(&fleet, "hangs", &["anna"])
    });
    fleet.on(1, &["worker", "start", "--concurrency", "2"]);
    let listed = fleet.json(1, &["worker", "list"]);
    let told = |worker: &Value| {
        let number = |field: &str| worker[field].as_u64();
        let host = worker["host"].as_str().map(str::to_owned);
        (host, number("slots"), number("running"))
    };
    let workers = listed.as_array().expect("a list is an array");
    let told: Vec<_> = workers.iter().map(told).collect();
    assert_eq!(
        told,
        [
            (Some("anna".into()), Some(3), Some(1)),
            (Some("berta".into()), Some(2), Some(0))
        ]
    );
    assert_eq!(workers[0]["pid"], pid);
    for worker in workers {
        assert_eq!(worker["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(worker["state"], "running");
    }
    // Each is heard of again and again, from either host.
    let heard = |host: usize| {
        let listed = fleet.json(host, &["worker", "list"]);
        [0, 1].map(|one: usize| listed[one]["heartbeat_at"].to_string())
    };
    let before = heard(0);
    wait_for("both are heard of", || {
        let now = heard(1);
        (now[0] > before[0] && now[1] > before[1])
            .then_some(())
            .ok_or(format!("{before:?} {now:?}"))
    });
}
