//! Containers that share a store in a file: each sees its own processes only, and numbers of one mean others in the next.

use serde_json::Value;

use super::support::{Container, Home, items, number, system, text, wait_for, wait_until};
use crate::jobs;

/// How many times the job of this name, written with [`jobs::held_and_counted`], has started.
fn starts(home: &Home, name: &str) -> usize {
    let starts = std::fs::read_to_string(home.work(&format!("{name}.starts")));
    starts.map_or(0, |starts| starts.lines().count())
}

/// The processes of jobs of this name that run, in whatever container.
fn running(home: &Home, name: &str) -> usize {
    let go = format!("{name}.go");
    let processes = system::processes_of(home.path()).into_iter();
    let of_job = |command: &String| command.starts_with("fake-job") && command.contains(&go);
    processes.filter(|process| of_job(&process.command)).count()
}

fn workers(home: &Home, container: &Container) -> Vec<Value> {
    items(&home.run_in(container, &["--json", "worker", "list"]).json()).clone()
}

/// Starts a worker in a container, and returns its name and its process there.
fn start_worker(home: &Home, container: &Container) -> (String, i64) {
    let started = home
        .run_in(container, &["--json", "worker", "start"])
        .json();
    let id = items(&started["ids"])[0].as_str().expect("a name");
    (
        id.to_owned(),
        items(&started["pids"])[0].as_i64().expect("a pid"),
    )
}

/// A worker in `one` runs job `a`, and is killed. What it ran goes on there.
fn leave_a_job(home: &Home, one: &Container) -> String {
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let (worker, pid) = start_worker(home, one);
    home.wait_for_pid("a.pid");
    one.kill_hard(pid);
    wait_until("the worker to be dead", || {
        let dead = |process: &system::Process| process.command.contains("worker serve");
        !system::processes_of(home.path()).iter().any(dead)
    });
    assert_eq!(running(home, "a"), 1, "it goes on");
    worker
}

#[test]
fn what_a_worker_of_another_container_left_is_neither_ended_nor_run_again() {
    let home = Home::new();
    let (one, two) = (Container::new(), Container::new());
    let dead = leave_a_job(&home, &one);
    let listed = workers(&home, &two);
    assert_eq!(text(&listed[0], "id"), dead);
    assert_eq!(text(&listed[0], "state"), "elsewhere");
    let shown = home
        .run_in(&two, &["worker", "list"])
        .succeeded()
        .to_owned();
    assert!(
        shown.contains(&format!("queuectl worker forget {dead}")),
        "{shown}"
    );

    let (other, _) = start_worker(&home, &two);
    home.enqueue("b", jobs::SUCCEEDS, &[]);
    home.wait_for_state("b", "completed");
    home.run_in(&two, &["doctor", "--fix"]).succeeded();
    assert_eq!(number(&home.json(["status"]), "workers"), 1);
    let stopped = home
        .run_in(&two, &["worker", "stop"])
        .succeeded()
        .to_owned();
    assert!(
        stopped.contains("Stopped 1 worker(s)"),
        "{stopped}: {other}"
    );
    assert_eq!((starts(&home, "a"), running(&home, "a")), (1, 1));
    assert_eq!(text(&home.show("a"), "state"), "processing");

    // The next worker of its own container takes care of it.
    start_worker(&home, &one);
    wait_until("the job to run again", || starts(&home, "a") == 2);
    assert_eq!(running(&home, "a"), 1, "two copies run side by side");
    home.touch("a.go");
    let job = home.wait_for_state("a", "completed");
    assert_eq!(number(&job, "attempts"), 1);
    home.run_in(&one, &["worker", "stop"]).succeeded();
}

#[test]
fn a_worker_out_of_sight_is_forgotten_when_that_is_said() {
    let home = Home::new();
    let (mut one, two) = (Container::new(), Container::new());
    let dead = leave_a_job(&home, &one);
    one.kill();
    let forgotten = home.run_in(&two, &["worker", "forget", &dead]);
    let said = format!("Forgot {dead}, and put back 1 job");
    assert!(forgotten.succeeded().contains(&said), "{forgotten}");
    let job = home.show("a");
    assert_eq!(
        (text(&job, "state"), number(&job, "attempts")),
        ("pending", 0)
    );
    assert_eq!(text(&items(&job["runs"])[0], "outcome"), "crashed");
    assert_eq!(home.workers(), [] as [Value; 0]);
    home.run_in(&two, &["worker", "forget", &dead]).failed(3);
    home.touch("a.go");
    start_worker(&home, &two);
    home.wait_for_state("a", "completed");
    home.run_in(&two, &["worker", "stop"]).succeeded();
}

#[test]
fn a_worker_of_another_container_that_lives_is_seen_and_stopped() {
    let home = Home::new();
    let (one, two) = (Container::new(), Container::new());
    let (worker, _) = start_worker(&home, &one);
    assert_eq!(text(&workers(&home, &two)[0], "state"), "running");
    let refused = home.run_in(&two, &["worker", "forget", &worker]);
    assert!(refused.failed(4).contains("lives"), "{refused}");
    assert!(
        refused.failed(4).contains("worker stop --worker"),
        "{refused}"
    );
    // The list of this folder still names it: its container may yet need that.
    start_worker(&home, &two);
    assert_eq!(home.tracked_pids().len(), 2);
    home.run_in(&two, &["worker", "stop"]).succeeded();
    assert_eq!(home.workers(), [] as [Value; 0]);
}

#[test]
fn a_worker_that_was_process_1_has_ended_with_all_that_it_ran() {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let mut one = Container::running(&home, &["worker", "start", "--foreground"]);
    home.wait_for_pid("a.pid");
    assert_eq!(number(&home.workers()[0], "pid"), 1);
    let two = Container::new();
    start_worker(&home, &two);
    one.kill();
    wait_until("the job to run again", || starts(&home, "a") == 2);
    assert_eq!(running(&home, "a"), 1, "two copies run side by side");
    home.touch("a.go");
    let job = home.wait_for_state("a", "completed");
    assert_eq!(number(&job, "attempts"), 1);
    home.run_in(&two, &["worker", "stop"]).succeeded();
}

#[test]
fn a_worker_of_an_earlier_container_is_not_taken_for_one_of_this() {
    let home = Home::new();
    // The kernel gives the number of a namespace to the next one.
    let mut one = Container::new();
    let dead = leave_a_job(&home, &one);
    one.kill();
    let two = Container::new();
    let states = wait_for("the worker to be listed", || {
        let listed = workers(&home, &two);
        let states: Vec<_> = listed
            .iter()
            .map(|one| text(one, "state").to_owned())
            .collect();
        if states.is_empty() {
            Err(String::new())
        } else {
            Ok(states)
        }
    });
    assert_eq!(states, ["elsewhere"]);
    home.run_in(&two, &["worker", "forget", &dead]).succeeded();
}

/// Start times are told by the clock of the reader's time namespace: by those of another one the wrong process might be ended.
#[test]
fn another_time_namespace_is_another_place() {
    let home = Home::new();
    let one = Container::new();
    let dead = leave_a_job(&home, &one);
    assert_eq!(text(&workers(&home, &one)[0], "state"), "dead");
    let later = ["--time", "--boottime", "1000", "--fork"];
    let list = ["queuectl", "--json", "worker", "list"];
    let args: Vec<_> = later.iter().chain(&list).copied().collect();
    let listed = home.run_program_in(&one, "unshare", &args).json();
    assert_eq!(text(&items(&listed)[0], "state"), "elsewhere");
    let stopped = home.run_in(&one, &["worker", "stop"]);
    assert!(
        stopped.succeeded().contains("No workers to stop"),
        "{dead}: {stopped}"
    );
    assert_eq!(running(&home, "a"), 0, "it is rescued where it was");
}
