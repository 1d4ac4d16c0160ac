//! Many hosts, really: workers on three of them share a queue, while links are cut and machines die.
//!
//! The hosts are namespaces of this machine, so these tests need the right to make such, and say so where they may not. Each
//! job writes into a ledger and holds a lock there, so that two copies of it at once can't go unseen.
#![cfg(target_os = "linux")]

mod fleet;
mod ledger;
mod network;
#[path = "../program/mod.rs"]
mod program;
mod prompt;
mod proxy;
mod wait;

use std::time::{Duration, Instant};

use fleet::{Cut, Fleet, LEASE};
use serde_json::Value;
use wait::wait_for;

/// Until when the jobs of a machine that is gone have to run again.
const RUN_AGAIN: Duration = Duration::from_secs(LEASE + 5);

fn a_host_that_is_cut_off_ends_its_jobs_before_another_runs_them(cut: Cut) {
    let fleet = Fleet::new(&["anna", "berta"]);
    fleet.on(0, &["worker", "start"]);
    fleet.enqueue("hangs", &fleet.ledger.job_that_hangs_once("hangs"));
    wait_for("the job runs on anna", || {
        begun_on(&fleet, "hangs", &["anna"])
    });
    fleet.on(1, &["worker", "start"]);

    let began = Instant::now();
    fleet.cut(0, cut);
    wait_for("the job runs on berta", || {
        begun_on(&fleet, "hangs", &["anna", "berta"])
    });
    assert!(
        began.elapsed() <= RUN_AGAIN,
        "it took {:?}",
        began.elapsed()
    );
    let written = fleet.ledger.of("hangs");
    assert_eq!(written.doubled, 0, "two copies ran at once: {written:?}");
    wait_for("it is completed", || is_completed(&fleet, 1, "hangs"));

    // When the link is whole again, anna's worker works on as if nothing had been.
    fleet.heal(0, cut);
    wait_for("both work", || {
        workers_are(&fleet, &[("anna", "running"), ("berta", "running")])
    });
    fleet.on(1, &["worker", "stop"]);
    fleet.enqueue("later", &fleet.ledger.job("later", 0.0));
    wait_for("anna works again", || begun_on(&fleet, "later", &["anna"]));
}

#[test]
fn a_host_that_is_unplugged_ends_its_jobs_before_another_runs_them() {
    a_host_that_is_cut_off_ends_its_jobs_before_another_runs_them(Cut::Unplugged);
}

#[test]
fn a_host_that_only_hears_ends_its_jobs_before_another_runs_them() {
    a_host_that_is_cut_off_ends_its_jobs_before_another_runs_them(Cut::OneWay);
}

#[test]
fn a_host_whose_link_stalls_ends_its_jobs_before_another_runs_them() {
    a_host_that_is_cut_off_ends_its_jobs_before_another_runs_them(Cut::Stalled);
}

#[test]
fn a_host_whose_link_is_half_open_ends_its_jobs_before_another_runs_them() {
    a_host_that_is_cut_off_ends_its_jobs_before_another_runs_them(Cut::HalfOpen);
}

/// A fleet of two, and a job that hangs on the first; the process of its worker there, which is alone on its machine.
fn a_job_hangs_on_anna() -> (Fleet, u64) {
    let fleet = Fleet::new(&["anna", "berta"]);
    fleet.on(0, &["worker", "start"]);
    fleet.enqueue("hangs", &fleet.ledger.job_that_hangs_once("hangs"));
    wait_for("the job runs on anna", || {
        begun_on(&fleet, "hangs", &["anna"])
    });
    let worker = fleet.json(0, &["worker", "list"])[0]["pid"].as_u64();
    fleet.on(1, &["worker", "start"]);
    (fleet, worker.expect("a worker has a pid"))
}

/// Waits until the job that hung has run elsewhere. Its lock tells of a first copy that still runs.
fn it_runs_again_on_berta_and_not_twice(fleet: &Fleet) {
    let began = Instant::now();
    wait_for("the job runs on berta", || {
        begun_on(fleet, "hangs", &["anna", "berta"])
    });
    assert!(
        began.elapsed() <= RUN_AGAIN,
        "it took {:?}",
        began.elapsed()
    );
    let written = fleet.ledger.of("hangs");
    assert_eq!(written.doubled, 0, "two copies ran at once: {written:?}");
    wait_for("it is completed", || is_completed(fleet, 1, "hangs"));
}

#[test]
fn what_a_worker_that_is_killed_leaves_on_its_machine_ends_before_another_runs_it() {
    let (fleet, worker) = a_job_hangs_on_anna();
    // Its guard is replaced if it dies first.
    let [guard] = fleet.guards(0)[..] else {
        panic!("not one guard: {:?}", fleet.guards(0));
    };
    fleet.signal(0, "KILL", guard);
    wait_for("it has another guard", || match fleet.guards(0)[..] {
        [another] if another != guard => Ok(()),
        ref guards => Err(format!("{guards:?}")),
    });
    fleet.signal(0, "KILL", worker);
    it_runs_again_on_berta_and_not_twice(&fleet);
    assert!(fleet.guards(0).is_empty(), "nothing is left to be guarded");
}

#[test]
fn what_a_worker_that_is_stopped_runs_ends_before_another_runs_it() {
    let (fleet, worker) = a_job_hangs_on_anna();
    fleet.signal(0, "STOP", worker);
    it_runs_again_on_berta_and_not_twice(&fleet);
    fleet.signal(0, "CONT", worker);
    wait_for("both work", || {
        workers_are(&fleet, &[("anna", "running"), ("berta", "running")])
    });
    fleet.on(1, &["worker", "stop"]);
    fleet.enqueue("later", &fleet.ledger.job("later", 0.0));
    wait_for("anna works again", || begun_on(&fleet, "later", &["anna"]));
    fleet.on(0, &["worker", "stop"]);
    wait_for("its guard has ended, too", || match fleet.guards(0)[..] {
        [] => Ok(()),
        ref guards => Err(format!("{guards:?}")),
    });
}

#[test]
fn the_jobs_of_a_machine_that_loses_power_run_again() {
    let mut fleet = Fleet::new(&["anna", "berta"]);
    fleet.on(1, &["worker", "start"]);
    fleet.enqueue("hangs", &fleet.ledger.job_that_hangs_once("hangs"));
    wait_for("the job runs on berta", || {
        begun_on(&fleet, "hangs", &["berta"])
    });
    fleet.on(0, &["worker", "start"]);
    let began = Instant::now();
    fleet.last_loses_power();
    wait_for("the job runs on anna", || {
        begun_on(&fleet, "hangs", &["berta", "anna"])
    });
    assert!(
        began.elapsed() <= RUN_AGAIN,
        "it took {:?}",
        began.elapsed()
    );
    wait_for("it is completed", || is_completed(&fleet, 0, "hangs"));
}

#[test]
fn a_slow_link_costs_time_and_nothing_else() {
    let fleet = Fleet::new(&["anna", "berta"]);
    for host in [0, 1] {
        fleet.on(host, &["worker", "start", "--concurrency", "2"]);
    }
    fleet.slow_down(0, Duration::from_millis(100));
    let names: Vec<_> = (0..12).map(|number| format!("job{number}")).collect();
    for name in &names {
        fleet.on(
            1,
            &[
                "enqueue",
                "--id",
                name,
                "--command",
                &fleet.ledger.job(name, 0.5),
            ],
        );
    }
    for name in &names {
        wait_for("all are completed", || is_completed(&fleet, 1, name));
    }
    let ledger = fleet.ledger.read();
    let once = |written: &ledger::Written| {
        (written.begun.len(), written.ended, written.doubled) == (1, 1, 0)
    };
    assert!(ledger.values().all(once), "{ledger:?}");
    assert!(
        ledger.values().any(|written| written.begun == ["anna"]),
        "anna had no share: {ledger:?}"
    );
}

/// Links are cut and heal at random while jobs run everywhere; what is drawn is told if it goes wrong.
#[test]
fn whatever_is_cut_nothing_runs_twice_at_once_and_nothing_is_lost() {
    const JOBS: usize = 60;
    const ROUNDS: usize = 8;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let fleet = Fleet::new(&["anna", "berta", "clara"]);
    let names: Vec<_> = (0..JOBS).map(|number| format!("job{number}")).collect();
    for name in &names {
        fleet.enqueue(
            name,
            &fleet.ledger.job(name, f64::from(random.u32(0..20)) / 10.0),
        );
    }
    for host in 0..fleet.hosts.len() {
        fleet.on(host, &["worker", "start", "--concurrency", "2"]);
    }
    for round in 0..ROUNDS {
        let host = random.usize(0..fleet.hosts.len());
        let cut = Cut::ALL[random.usize(0..Cut::ALL.len())];
        let length = Duration::from_millis(random.u64(100..1000 * (LEASE + 2)));
        println!("round {round}: host {host} is {cut:?} for {length:?}");
        fleet.cut(host, cut);
        std::thread::sleep(length);
        fleet.heal(host, cut);
    }
    wait_for("all are drained", || {
        let status = fleet.json(0, &["status"]);
        let completed = status["completed"].as_u64();
        (completed == Some(JOBS as u64))
            .then_some(())
            .ok_or(status.to_string())
    });
    let ledger = fleet.ledger.read();
    for name in &names {
        let written = &ledger[name];
        assert_eq!(
            written.doubled, 0,
            "two copies of {name} ran at once: {written:?}"
        );
        assert!(
            written.ended >= 1,
            "{name} is completed, and never came to its end: {written:?}"
        );
    }
}

/// Whether a job has begun on these hosts, in this order, and nowhere else.
fn begun_on(fleet: &Fleet, job: &str, hosts: &[&str]) -> Result<(), String> {
    let written = fleet.ledger.of(job);
    (written.begun == hosts)
        .then_some(())
        .ok_or(format!("{written:?}"))
}

fn is_completed(fleet: &Fleet, host: usize, job: &str) -> Result<(), String> {
    let shown = fleet.json(host, &["show", job]);
    (shown["state"] == "completed")
        .then_some(())
        .ok_or(shown.to_string())
}

/// Whether these hosts have a worker in this state each, and no other.
fn workers_are(fleet: &Fleet, expected: &[(&str, &str)]) -> Result<(), String> {
    let listed = fleet.json(1, &["worker", "list"]);
    let workers = listed.as_array().ok_or("not a list")?;
    let text = |worker: &Value, field: &str| worker[field].as_str().unwrap_or_default().to_owned();
    let mut seen: Vec<_> = workers
        .iter()
        .map(|worker| (text(worker, "host"), text(worker, "state")))
        .collect();
    seen.sort();
    let same = seen
        .iter()
        .map(|(host, state)| (host.as_str(), state.as_str()))
        .eq(expected.iter().copied());
    same.then_some(()).ok_or(listed.to_string())
}
