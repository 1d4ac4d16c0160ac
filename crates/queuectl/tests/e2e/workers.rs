//! `worker start` and `worker list`: processes that are really there when it says so, and outlive who started them.

use super::support::{Home, items, moment, number, redacted, system, text, wait_until};
use crate::jobs;

#[test]
fn three_workers_are_three_processes() {
    let home = Home::new();
    let said = home.ok(["worker", "start", "--count", "3"]);
    assert_eq!(
        redacted(&said),
        "Started 3 worker(s)\nWorker PIDs: [PID, PID, PID]\n"
    );
    let pids = said.split(['[', ']']).nth(1).expect("a list of pids");
    let mut pids: Vec<i32> = pids
        .split(", ")
        .map(|pid| pid.parse().expect("a pid"))
        .collect();
    assert!(pids.iter().all(|pid| system::is_alive(*pid)), "{pids:?}");

    // Each is known as soon as it is said to be started.
    let workers = home.workers();
    let mut known: Vec<i32> = workers
        .iter()
        .map(|worker| number(worker, "pid") as i32)
        .collect();
    known.sort_unstable();
    pids.sort_unstable();
    assert_eq!(known, pids);
    assert_eq!(number(&home.json(["status"]), "workers"), 3);
}

#[test]
fn a_worker_is_listed_with_what_it_does() {
    let home = Home::new();
    home.enqueue("a", &jobs::held("a"), &[]);
    let pids = home.start_workers(&["--concurrency", "4"]);
    home.wait_for_pid("a.pid");
    let workers = home.workers();
    let [worker] = &workers[..] else {
        panic!("not one worker: {workers:?}")
    };
    assert!(text(worker, "id").starts_with("worker-"));
    assert_eq!(number(worker, "pid"), i64::from(pids[0]));
    assert!(!text(worker, "host").is_empty());
    assert_eq!(number(worker, "slots"), 4);
    assert_eq!(number(worker, "running"), 1);
    assert_eq!(text(worker, "state"), "running");
    assert!(moment(worker, "started_at") <= moment(worker, "heartbeat_at"));
    let table = home.ok(["worker", "list"]);
    assert!(
        table.contains(text(worker, "id")) && table.contains("running"),
        "{table}"
    );
    assert_eq!(worker["database"], home.json(["status"])["database"]);
    let title = table.lines().next().unwrap_or_default();
    let database = title.strip_prefix("Workers of database ");
    let database = database.expect("it has a title");
    assert!(home.ok(["status"]).contains(database), "{table}");
    assert_eq!(home.show("a")["worker_id"], worker["id"]);
}

#[test]
fn slots_run_at_the_same_time() {
    let home = Home::new();
    let names = ["a", "b", "c", "d"];
    for name in names {
        home.enqueue(name, &jobs::meets(name, &names), &[]);
    }
    home.start_workers(&["--concurrency", "4"]);
    for name in names {
        home.wait_for_state(name, "completed");
    }
}

#[test]
fn workers_run_at_the_same_time_one_job_each() {
    let home = Home::new();
    let names = ["a", "b", "c"];
    for name in names {
        home.enqueue(name, &jobs::meets(name, &names), &[]);
    }
    home.start_workers(&["--count", "3"]);
    let mut by: Vec<_> = names
        .map(|name| home.wait_for_state(name, "completed")["worker_id"].to_string())
        .into();
    by.sort();
    by.dedup();
    assert_eq!(by.len(), 3, "a worker with one slot ran two at once");
}

#[test]
fn no_more_than_its_slots_run_at_once() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.enqueue(name, &jobs::held(name), &[]);
    }
    home.start_workers(&["--concurrency", "2"]);
    home.wait_for_pid("a.pid");
    home.wait_for_pid("b.pid");
    let status = home.json(["status"]);
    assert_eq!(
        [number(&status, "processing"), number(&status, "pending")],
        [2, 1]
    );
    home.touch("a.go");
    home.wait_for_pid("c.pid");
    home.touch("b.go");
    home.touch("c.go");
    home.wait_for_state("c", "completed");
}

#[test]
fn many_workers_run_each_job_once() {
    let home = Home::new();
    for i in 0..60 {
        home.enqueue(
            &format!("job{i}"),
            &jobs::notes(&format!("job{i}"), "ran"),
            &[],
        );
    }
    home.start_workers(&["--count", "4", "--concurrency", "2"]);
    wait_until("all to be completed", || {
        number(&home.json(["status"]), "completed") == 60
    });
    let ran = home.read("ran");
    let mut ran: Vec<_> = ran.lines().collect();
    ran.sort_unstable();
    ran.dedup();
    assert_eq!((home.read("ran").lines().count(), ran.len()), (60, 60));
}

#[test]
fn a_worker_that_dies_on_start_is_an_error_with_the_last_of_its_log() {
    let home = Home::new();
    let place = home.work("folder");
    std::fs::create_dir(&place).expect("a folder can be made");
    let place = place.to_str().expect("a temporary folder has a plain name");
    let output = home.run(["--db", place, "worker", "start"]);
    assert_ne!(output.code, Some(0), "{output}");
    assert!(!output.out().contains("Started"), "{output}");
    assert!(output.err().contains(place), "it doesn't say why: {output}");
    assert_eq!(system::processes_of(home.path()).len(), 0);
}

#[test]
fn without_a_folder_of_its_own_all_of_it_is_in_the_users() {
    let home = Home::new();
    let call = |args: &[&str]| {
        let mut command = home.command(args);
        command.env_remove("QUEUECTL_HOME");
        let output = command.output().expect("it can be started");
        assert!(output.status.success(), "{output:?}");
    };
    call(&["enqueue", "--id", "a", "--command", jobs::SUCCEEDS]);
    call(&["worker", "start"]);
    // What this asks has that folder named, and it is the same.
    home.wait_for_state("a", "completed");
    assert_eq!(home.tracked_pids().len(), 1);
    call(&["worker", "stop"]);
    assert_eq!(home.tracked_pids(), [0; 0]);
}

#[test]
fn workers_json_names_the_background_workers() {
    let home = Home::new();
    let mut pids = home.start_workers(&["--count", "2"]);
    pids.sort_unstable();
    assert_eq!(home.tracked_pids(), pids);
    home.ok(["worker", "stop"]);
    assert_eq!(home.tracked_pids(), [0; 0]);
}

#[test]
fn numbers_of_workers_that_make_no_sense_are_refused() {
    let home = Home::new();
    home.make_store();
    for args in [
        &["--count", "0"][..],
        &["--count", "-1"],
        &["--count", "x"],
        &["--concurrency", "0"],
        &["--concurrency", "-1"],
        &["--foreground", "--count", "2"],
        &["--until-idle"],
    ] {
        home.run(["worker", "start"].iter().chain(args)).failed(2);
    }
    assert_eq!(items(&home.json(["worker", "list"])).len(), 0);
    assert_eq!(system::processes_of(home.path()).len(), 0);
}
