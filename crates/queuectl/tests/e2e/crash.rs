//! A worker that dies by SIGKILL: it is seen at once, what it left running is ended, and its jobs run again.

use std::time::Instant;

use serde_json::Value;

use super::support::{Home, items, number, system, text, wait_for, wait_until};
use crate::jobs;

/// How soon a job has to run again after its worker was killed. The contract says a second of another worker looking;
/// the rest is for a busy machine to start processes and for this test to see them.
const SOON: f64 = 3.0;

/// Whether the job of this name, written with [`jobs::held_and_counted`], has started so often.
fn has_started(home: &Home, name: &str, times: usize) -> bool {
    let starts = std::fs::read_to_string(home.work(&format!("{name}.starts")));
    starts.is_ok_and(|starts| starts.lines().count() >= times)
}

fn worker_of(home: &Home, id: &str) -> Value {
    let job = home.show(id);
    let workers = home.workers();
    let found = workers
        .iter()
        .find(|worker| worker["id"] == job["worker_id"]);
    found
        .unwrap_or_else(|| panic!("nobody runs {job}: {workers:?}"))
        .clone()
}

fn pid_of(worker: &Value) -> i32 {
    number(worker, "pid").try_into().expect("a pid is small")
}

#[test]
fn a_dead_worker_is_listed_as_dead_at_once() {
    let home = Home::new();
    home.enqueue("a", &jobs::held("a"), &[]);
    let pids = home.start_workers(&[]);
    home.wait_for_pid("a.pid");
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    let workers = home.workers();
    assert_eq!(workers.len(), 1, "{workers:?}");
    assert_eq!(text(&workers[0], "state"), "dead");
    assert!(home.ok(["worker", "list"]).contains("dead"));
    assert_eq!(number(&home.json(["status"]), "workers"), 0);
}

#[test]
fn another_worker_ends_the_orphan_and_runs_the_job_within_a_second() {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    home.start_workers(&["--count", "2"]);
    let orphan = home.wait_for_pid("a.pid");
    let dead = worker_of(&home, "a");
    std::fs::remove_file(home.work("a.pid")).expect("a file can be removed");

    let begin = Instant::now();
    system::kill_hard(pid_of(&dead));
    // The orphan is ended before the job starts again: never do two copies run side by side.
    wait_for("the job to start again", || {
        let orphan_lives = system::is_alive(orphan);
        let again = has_started(&home, "a", 2);
        assert!(
            !(again && orphan_lives && system::is_alive(orphan)),
            "two copies run side by side"
        );
        if again { Ok(()) } else { Err("not yet".into()) }
    });
    let took = begin.elapsed().as_secs_f64();
    assert!(took < SOON, "it took {took} s");
    assert!(!system::is_alive(orphan));

    home.touch("a.go");
    let job = home.wait_for_state("a", "completed");
    assert_eq!(number(&job, "attempts"), 1, "a crash consumed an attempt");
    assert_ne!(job["worker_id"], dead["id"]);
    let outcomes: Vec<_> = items(&job["runs"])
        .iter()
        .map(|run| text(run, "outcome"))
        .collect();
    assert_eq!(outcomes, ["crashed", "completed"]);
}

/// Starts workers, freezes those that watch the worker with the job, and kills that worker. Returns after how many seconds the
/// job started again.
fn took_with_frozen_watchers(workers: usize, watchers: usize) -> f64 {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    home.start_workers(&["--count", &workers.to_string()]);
    home.wait_for_pid("a.pid");
    let dead = worker_of(&home, "a");
    // Those before it in the order of ids, the last being before the first, watch it.
    let mut ring: Vec<Value> = home.workers();
    ring.sort_by(|a, b| text(a, "id").cmp(text(b, "id")));
    let at = ring.iter().position(|worker| worker["id"] == dead["id"]);
    let at = at.expect("it is listed") + ring.len();
    let frozen: Vec<_> = (1..=watchers)
        .map(|before| pid_of(&ring[(at - before) % ring.len()]))
        .collect();

    frozen.iter().for_each(|pid| system::freeze(*pid));
    let begin = Instant::now();
    system::kill_hard(pid_of(&dead));
    wait_for("the job to start again", || {
        has_started(&home, "a", 2)
            .then_some(())
            .ok_or_else(|| "not yet".into())
    });
    let took = begin.elapsed().as_secs_f64();
    frozen.iter().for_each(|pid| system::wake(*pid));
    home.touch("a.go");
    home.wait_for_state("a", "completed");
    took
}

#[test]
fn a_frozen_worker_doesnt_keep_the_others_from_noticing_a_dead_one() {
    let took = took_with_frozen_watchers(3, 1);
    assert!(took < SOON, "it took {took} s");
}

#[test]
fn a_dead_worker_is_noticed_though_both_that_watch_it_are_frozen() {
    let took = took_with_frozen_watchers(4, 2);
    // First the others have to notice that the frozen ones don't look after anybody.
    assert!(took < SOON + 1.5, "it took {took} s");
}

#[test]
fn a_new_worker_does_the_same_when_none_was_running() {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let pids = home.start_workers(&[]);
    let orphan = home.wait_for_pid("a.pid");
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    let lives_on = system::is_alive(orphan);
    assert_eq!(
        lives_on,
        system::ORPHANS_LIVE_ON,
        "the orphan of a dead worker"
    );
    assert_eq!(text(&home.show("a"), "state"), "processing");

    let begin = Instant::now();
    home.start_workers(&[]);
    wait_until("the job to start again", || has_started(&home, "a", 2));
    let took = begin.elapsed().as_secs_f64();
    assert!(took < SOON, "it took {took} s");
    assert!(!system::is_alive(orphan), "the orphan goes on");
    home.touch("a.go");
    home.wait_for_state("a", "completed");
    // The dead one is forgotten.
    let workers = home.workers();
    assert!(
        workers.iter().all(|worker| worker["state"] == "running"),
        "{workers:?}"
    );
}

#[test]
fn a_worker_killed_among_many_jobs_loses_none_and_repeats_only_what_ran() {
    let home = Home::new();
    for i in 0..40 {
        home.enqueue(
            &format!("job{i}"),
            &jobs::notes_and_takes_a_moment(&format!("job{i}"), "ran"),
            &[],
        );
    }
    let pids = home.start_workers(&["--count", "2", "--concurrency", "2"]);
    wait_until("some to be completed", || {
        number(&home.json(["status"]), "completed") >= 5
    });
    system::kill_hard(pids[0]);
    wait_until("all to be completed", || {
        number(&home.json(["status"]), "completed") == 40
    });
    let ran = home.read("ran").lines().count();
    assert!(
        (40..=42).contains(&ran),
        "{ran} runs of 40 jobs, with 2 in flight at the crash"
    );
    home.ok(["worker", "stop"]);
    home.check_store();
}

#[test]
fn a_job_that_kills_its_workers_ends_in_the_dlq() {
    let home = Home::new();
    home.ok(["config", "set", "crash_limit", "2"]);
    home.enqueue("killer", &jobs::held("killer"), &["--max-retries", "5"]);
    for _ in 0..2 {
        let pids = home.start_workers(&[]);
        home.wait_for_pid("killer.pid");
        std::fs::remove_file(home.work("killer.pid")).expect("a file can be removed");
        // A job finds other ways; to the queue it is the same.
        system::kill_hard(pids[0]);
        wait_until("the worker to be killed", || !system::is_alive(pids[0]));
    }
    home.start_workers(&[]);
    let job = home.wait_for_state("killer", "dead");
    assert_eq!(text(&job, "last_error"), "Its worker died 2 times");
    assert_eq!(number(&job, "attempts"), 0);
    let outcomes: Vec<_> = items(&job["runs"])
        .iter()
        .map(|run| text(run, "outcome"))
        .collect();
    assert_eq!(outcomes, ["crashed", "crashed"]);
    // The last worker is well.
    home.enqueue("next", jobs::SUCCEEDS, &[]);
    home.wait_for_state("next", "completed");
}

#[test]
fn a_dead_worker_goes_from_workers_json() {
    let home = Home::new();
    let pids = home.start_workers(&[]);
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    let new = home.start_workers(&[]);
    assert_eq!(home.tracked_pids(), new);
}

#[test]
fn stopping_a_dead_worker_is_no_trouble() {
    let home = Home::new();
    home.enqueue("a", &jobs::held("a"), &[]);
    let pids = home.start_workers(&[]);
    let orphan = home.wait_for_pid("a.pid");
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    let output = home.run(["worker", "stop", "--now"]);
    assert_eq!(output.code, Some(0), "{output}");
    home.touch("a.go");
    home.start_workers(&[]);
    home.wait_for_state("a", "completed");
    wait_until("the orphan to be ended", || !system::is_alive(orphan));
}

#[test]
fn a_stubborn_orphan_and_its_children_are_ended_too() {
    let home = Home::new();
    home.ok(["config", "set", "kill_grace", "0.2"]);
    home.enqueue_argv("a", &jobs::argv_held_and_stubborn("a"), &[]);
    home.enqueue("b", &jobs::has_a_child("b"), &[]);
    let pids = home.start_workers(&["--concurrency", "2"]);
    let orphans = [
        home.wait_for_pid("a.pid"),
        home.wait_for_pid("b.pid"),
        home.wait_for_pid("b.child.pid"),
    ];
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    home.touch("a.go.not");
    home.start_workers(&["--concurrency", "2"]);
    wait_until("the orphans to be ended", || {
        !orphans.iter().any(|orphan| system::is_alive(*orphan))
    });
    home.wait_for_job("a", "run again", |job| items(&job["runs"]).len() == 2);
}
