//! A machine that has no room to start jobs: they consume no attempt, the worker says so, and it goes on by itself when there is
//! room.
//!
//! Limits are set for running workers only, so that a test's own calls have room.

use serde_json::Value;

use super::support::{
    Home, Running, finds, finds_nothing, items, number, system, text, wait_for, wait_until,
};
use crate::jobs;

/// No room for another process.
const NO_PROCESS: &str = "--nproc=1:";
/// No limit that matters.
const PROCESSES: &str = "--nproc=500:";

const NO_ROOM: &str = "no room for another process (`ulimit -u`): resource temporarily unavailable";

/// Adds jobs that may run once.
fn enqueue_many(home: &Home, count: usize, line: &str) {
    home.write("lines", format!("{line}\n").repeat(count).as_bytes());
    home.ok([
        "enqueue",
        "--lines",
        "--from",
        "lines",
        "--max-retries",
        "1",
    ]);
}

#[track_caller]
fn wait_until_unable(home: &Home) -> Value {
    wait_for("a worker to be unable", || {
        let workers = home.workers();
        let unable = workers.iter().find(|worker| worker["state"] == "unable");
        unable.cloned().ok_or_else(|| format!("{workers:?}"))
    })
}

#[track_caller]
fn wait_until_able(home: &Home) {
    wait_for("the worker to be able again", || {
        let workers = home.workers();
        let is_able = workers.iter().all(|worker| worker["state"] == "running");
        is_able.then_some(()).ok_or_else(|| format!("{workers:?}"))
    });
}

/// Waits until `count` jobs are completed, and checks that there are no others and that each has run once.
#[track_caller]
fn wait_until_all_have_run_once(home: &Home, count: i64) {
    wait_for("all to be completed", || {
        let status = home.json(["status"]);
        let is_done = number(&status, "completed") == count;
        is_done.then_some(()).ok_or_else(|| status.to_string())
    });
    for job in items(&home.json(["list", "--limit", "1000", "--state", "completed"])) {
        assert_eq!(number(job, "attempts"), 1, "{job}");
        assert_eq!(number(job, "crashes"), 0, "{job}");
    }
}

fn log(home: &Home) -> String {
    let id = home.workers()[0]["id"].as_str().expect("an id").to_owned();
    let path = home.seen(&format!("data/workers/{id}.log"));
    std::fs::read_to_string(path).expect("there is a log")
}

#[test]
fn at_the_limit_of_processes_jobs_wait_and_are_run_when_there_is_room() {
    let home = Home::of_another_user();
    let pids = home.start_workers(&["--concurrency", "4"]);
    home.limit(pids[0], NO_PROCESS);
    enqueue_many(&home, 300, jobs::SUCCEEDS);

    let worker = wait_until_unable(&home);
    assert_eq!(text(&worker, "trouble"), NO_ROOM);
    assert!(worker["trouble_since"].is_string(), "{worker}");
    let listed = home.ok(["worker", "list"]);
    let id = text(&worker, "id");
    assert!(
        listed.contains(&format!("{id} has been unable to start jobs since ")),
        "{listed}"
    );
    assert!(listed.contains(NO_ROOM), "{listed}");
    finds(
        &home,
        false,
        4,
        "left",
        &[&format!("can't start jobs: {NO_ROOM}")],
    );
    assert!(log(&home).contains(&format!("can't start jobs: {NO_ROOM}")));
    wait_for("all to be given back", || {
        let status = home.json(["status"]);
        let is_so = number(&status, "pending") == 300;
        is_so.then_some(()).ok_or_else(|| status.to_string())
    });
    let listed = home.json(["list", "--limit", "300"]);
    let job = home.show(text(&items(&listed)[0], "id"));
    assert_eq!(
        (number(&job, "attempts"), items(&job["runs"]).len()),
        (0, 0)
    );

    home.limit(pids[0], PROCESSES);
    wait_until_all_have_run_once(&home, 300);
    wait_until_able(&home);
    finds_nothing(&home);
    let listed = home.ok(["worker", "list"]);
    assert!(!listed.contains("can't"), "{listed}");
    assert!(home.workers()[0]["trouble"].is_null());
    wait_until("it to be logged", || {
        log(&home).contains("jobs can be started again")
    });
}

#[test]
fn a_worker_without_descriptors_left_waits_for_some() {
    let home = Home::of_another_user();
    let pids = home.start_workers(&["--concurrency", "2"]);
    // The store needs one, and a start more than two.
    let few = system::highest_descriptor(pids[0]) + 3;
    home.limit(pids[0], &format!("--nofile={few}:"));
    enqueue_many(&home, 100, jobs::SUCCEEDS);
    let worker = wait_until_unable(&home);
    assert_eq!(
        text(&worker, "trouble"),
        "the worker can open no more files (`ulimit -n`): too many open files"
    );
    home.limit(pids[0], "--nofile=500:");
    wait_until_all_have_run_once(&home, 100);
    wait_until_able(&home);
}

#[test]
fn a_worker_without_descriptors_left_takes_no_other_for_dead() {
    let home = Home::of_another_user();
    home.enqueue("held", &jobs::held("held"), &["--max-retries", "1"]);
    home.start_workers(&[]);
    home.wait_for_pid("held.pid");
    let blind = home.start_workers(&[])[0];
    home.limit(blind, "--nofile=1:");
    let me = || {
        let workers = home.workers();
        let me = workers.iter().find(|worker| worker["pid"] == blind);
        me.cloned().ok_or_else(|| format!("{workers:?}"))
    };
    let before = me().expect("it is there");
    let path = home.seen(&format!("data/workers/{}.log", text(&before, "id")));
    let log = || std::fs::read_to_string(&path).expect("there is a log");
    // A worker looks after others before each heartbeat. To write that to a file takes a descriptor.
    wait_for("it to be heard of again, or to have tried", || {
        let now = me()?;
        let is_later = now["heartbeat_at"] != before["heartbeat_at"];
        let has_tried = log().contains("the store failed");
        let is_so = is_later || has_tried;
        is_so.then_some(()).ok_or_else(|| now.to_string())
    });
    assert!(!log().contains("has died"), "{}", log());
    home.touch("held.go");
    let job = home.wait_for_state("held", "completed");
    assert_eq!(items(&job["runs"]).len(), 1);
    home.limit(blind, "--nofile=500:");
}

#[test]
fn a_script_that_has_no_place_is_not_its_jobs_fault() {
    let home = Home::of_another_user();
    home.start_workers(&["--concurrency", "2"]);
    let worker = text(&home.workers()[0], "id").to_owned();
    let place = home.seen(&format!("data/workers/{worker}.scratch"));
    system::set_mode(&place, 0o500);
    let line = format!("exit 0; {}", "#".repeat(110 * 1024));
    enqueue_many(&home, 3, &line);
    let worker = wait_until_unable(&home);
    let expected = format!(
        "the script of a command can't be written to `{}`: permission denied",
        place.display()
    );
    assert_eq!(text(&worker, "trouble"), expected);
    system::set_mode(&place, 0o700);
    wait_until_all_have_run_once(&home, 3);
    wait_until_able(&home);
}

#[test]
fn what_is_said_on_a_terminal_ends_for_each_job_that_was_said_to_have_started() {
    let home = Home::of_another_user();
    home.enqueue("first", &jobs::held("first"), &[]);
    let args = ["worker", "start", "--foreground", "--until-idle"];
    let worker = Running::start(&home, &args);
    home.wait_for_pid("first.pid");
    home.limit(worker.pid(), NO_PROCESS);
    enqueue_many(&home, 20, jobs::SUCCEEDS);
    home.touch("first.go");
    worker.wait_until_it_says(&format!("can't start jobs: {NO_ROOM}"));
    home.limit(worker.pid(), PROCESSES);
    let said = worker.ended();
    let said = said.succeeded();
    assert_eq!(said.matches("JOB STARTED").count(), 21, "{said}");
    assert_eq!(
        said.matches("JOB COMPLETED SUCCESSFULLY").count(),
        21,
        "{said}"
    );
    wait_until_all_have_run_once(&home, 21);
}

#[test]
fn programs_hear_that_jobs_can_not_be_started_and_that_they_can_again() {
    let home = Home::of_another_user();
    let worker = Running::start(&home, &["--json", "worker", "start", "--foreground"]);
    worker.wait_until_it_says("worker_started");
    home.limit(worker.pid(), NO_PROCESS);
    enqueue_many(&home, 5, jobs::SUCCEEDS);
    worker.wait_until_it_says("start_trouble");
    home.limit(worker.pid(), PROCESSES);
    worker.wait_until_it_says("start_recovered");
    wait_until_all_have_run_once(&home, 5);
    worker.interrupt();
    let said = worker.ended();
    let events = said.succeeded().lines().map(|line| {
        let event: Value = serde_json::from_str(line).expect("each line is JSON");
        event
    });
    let events: Vec<_> = events.collect();
    let trouble = events
        .iter()
        .find(|event| event["event"] == "start_trouble");
    assert_eq!(text(trouble.expect("it was said"), "error"), NO_ROOM);
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((of("job_started"), of("job_ended")), (5, 5), "{said}");
    assert_eq!(
        (of("start_trouble"), of("start_recovered")),
        (1, 1),
        "{said}"
    );
}

#[test]
fn a_fork_bomb_takes_no_other_job_along() {
    let home = Home::of_another_user();
    let pids = home.start_workers(&["--concurrency", "4"]);
    home.limit(pids[0], "--nproc=100:");
    // It takes all processes that there are until it is stopped. A shell ends at the first that it doesn't get, and it may become
    // another one without a process: so it takes those that are let go later, too. To wait for a pipe's writer takes none.
    home.write(
        "more",
        b"trap 'echo $$ >full.pid; exec sh ./more' EXIT; while :; do sleep 600 & done",
    );
    let bomb = "mkfifo hold; sh ./more 2>/dev/null & exec 3<hold";
    home.enqueue("bomb", bomb, &["--max-retries", "1", "--priority", "10"]);
    home.wait_for_pid("full.pid");
    enqueue_many(&home, 300, jobs::SUCCEEDS);
    wait_until_unable(&home);
    home.ok(["stop", "bomb"]);
    let bomb = home.wait_for_state("bomb", "dead");
    assert_eq!(text(&bomb["runs"][0], "outcome"), "stopped");
    wait_until_all_have_run_once(&home, 300);
    assert_eq!(number(&home.json(["status"]), "dead"), 1);
    wait_until_able(&home);
}

#[test]
fn a_worker_that_can_not_start_jobs_stops_at_once_and_loses_none() {
    let home = Home::of_another_user();
    let pids = home.start_workers(&["--concurrency", "2"]);
    home.limit(pids[0], NO_PROCESS);
    enqueue_many(&home, 50, jobs::SUCCEEDS);
    wait_until_unable(&home);
    system::terminate(pids[0]);
    wait_until("it to end", || !system::is_alive(pids[0]));
    assert_eq!(home.workers(), [Value::Null; 0]);
    let status = home.json(["status"]);
    assert_eq!(
        (number(&status, "pending"), number(&status, "total")),
        (50, 50)
    );
    home.work_off();
    wait_until_all_have_run_once(&home, 50);
}

#[test]
fn what_runs_goes_on_while_no_other_can_be_started() {
    let home = Home::of_another_user();
    home.enqueue("first", &jobs::held("first"), &[]);
    let pids = home.start_workers(&["--concurrency", "2"]);
    home.wait_for_pid("first.pid");
    home.limit(pids[0], NO_PROCESS);
    home.enqueue("second", jobs::SUCCEEDS, &[]);
    let worker = wait_until_unable(&home);
    assert_eq!(number(&worker, "running"), 1);
    home.touch("first.go");
    home.wait_for_state("first", "completed");
    // What keeps it from starting the other has no end yet, and `worker stop` doesn't wait for that.
    assert_eq!(text(&home.workers()[0], "state"), "unable");
    home.ok(["worker", "stop"]);
    assert_eq!(number(&home.show("second"), "attempts"), 0);
}

#[test]
fn that_jobs_can_be_started_again_is_noticed_without_a_job() {
    let home = Home::of_another_user();
    let pids = home.start_workers(&[]);
    home.limit(pids[0], NO_PROCESS);
    home.enqueue("only", jobs::SUCCEEDS, &[]);
    wait_until_unable(&home);
    home.wait_for_state("only", "pending");
    home.ok(["dequeue", "only"]);
    home.limit(pids[0], PROCESSES);
    wait_until_able(&home);
}

#[test]
fn a_worker_that_can_start_no_thread_rescues_the_dead_all_the_same() {
    let home = Home::of_another_user();
    home.enqueue("held", &jobs::held("held"), &[]);
    let dies = home.start_workers(&[])[0];
    let pid = home.wait_for_pid("held.pid");
    let lives = home.start_workers(&[])[0];
    home.limit(lives, NO_PROCESS);
    system::kill_hard(dies);
    let job = home.wait_for_state("held", "pending");
    assert_eq!(text(&items(&job["runs"])[0], "outcome"), "crashed");
    assert!(!system::is_alive(pid));
    wait_until("the dead worker to be forgotten", || {
        home.workers().len() == 1
    });
    home.limit(lives, PROCESSES);
    home.touch("held.go");
    home.wait_for_state("held", "completed");
}

#[test]
fn a_hard_limit_that_is_lowered_later_keeps_no_job_from_starting() {
    let home = Home::of_another_user();
    let worker = home.start_workers(&[])[0];
    home.enqueue("before", jobs::SUCCEEDS, &[]);
    home.wait_for_state("before", "completed");
    home.limit(worker, "--nofile=200:200");
    home.enqueue("after", jobs::SUCCEEDS, &[]);
    home.wait_for_state("after", "completed");
}
