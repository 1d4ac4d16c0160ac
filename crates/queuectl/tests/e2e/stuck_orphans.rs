//! Dead workers whose jobs left a process that can't end: it hangs in the kernel. Only its own job waits for it.

use std::time::{Duration, Instant};

use super::support::{Home, Running, finds, items, number, system, text, wait_until};
use crate::jobs;

/// How soon anything that doesn't wait for the stuck process has to be done, on a busy machine.
const SOON: Duration = Duration::from_secs(3);

/// Starts a worker that runs the job `stuck`, which hangs in the kernel the first time it runs.
struct Victim {
    worker: i32,
    job: i32,
}

impl Victim {
    fn new(home: &Home) -> Self {
        let worker = home.start_workers(&[])[0];
        // The leader itself hangs, and no shell that waits for it.
        let line = format!("exec {}", jobs::hangs_once("stuck", &home.stuck_file()));
        home.enqueue("stuck", &line, &[]);
        let job = home.wait_for_pid("stuck.pid");
        home.wait_until_one_is_stuck();
        Self { worker, job }
    }
}

fn kill(worker: i32) {
    system::kill_hard(worker);
    wait_until("the worker to be dead", || !system::is_alive(worker));
}

#[track_caller]
fn is_run_soon(home: &Home, id: &str) {
    let begin = Instant::now();
    home.enqueue(id, jobs::SUCCEEDS, &[]);
    home.wait_for_state(id, "completed");
    assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
}

#[test]
fn other_jobs_start_and_go_on_and_its_own_runs_again_when_it_has_ended() {
    let home = Home::with_stuck_folder();
    home.ok(["config", "set", "lease", "3"]);
    let victim = Victim::new(&home);
    home.start_workers(&["--concurrency", "2"]);
    home.enqueue("held", &jobs::held("held"), &[]);
    home.wait_for_pid("held.pid");
    kill(victim.worker);
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < Duration::from_secs(8) {
        is_run_soon(&home, &format!("quick{count}"));
        count += 1;
        // Who rescues it holds its files, as it did.
        let workers = home.workers();
        let seen = workers.iter().find(|one| one["pid"] == victim.worker);
        assert!(
            seen.is_none_or(|one| one["state"] != "running"),
            "{workers:?}"
        );
    }
    assert!(system::is_alive(victim.job), "it ended after all");
    home.touch("held.go");
    let job = home.wait_for_state("held", "completed");
    assert_eq!(items(&job["runs"]).len(), 1, "it was ended: {job}");

    home.unstick();
    wait_until("it to end", || !system::is_alive(victim.job));
    let job = home.wait_for_state("stuck", "completed");
    assert_eq!(number(&job, "attempts"), 1, "a crash consumed an attempt");
    assert_eq!(home.read("stuck.starts").lines().count(), 2);
}

#[test]
fn a_worker_that_starts_works_at_once_and_rescues_others_that_are_dead() {
    let home = Home::with_stuck_folder();
    let other = home.start_workers(&[])[0];
    home.enqueue("other", &jobs::held_and_counted("other"), &[]);
    home.wait_for_pid("other.pid");
    let victim = Victim::new(&home);
    kill(victim.worker);
    kill(other);
    let begin = Instant::now();
    home.start_workers(&["--concurrency", "2"]);
    is_run_soon(&home, "quick");
    wait_until("the other job to start again", || {
        home.read("other.starts").lines().count() == 2
    });
    assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
    home.touch("other.go");
    home.wait_for_state("other", "completed");
    home.unstick();
    home.wait_for_state("stuck", "completed");
}

/// A living worker's own job can hang as well. Nothing waits for it without a word.
#[test]
fn a_job_that_does_not_end_though_it_was_killed_is_named() {
    let home = Home::with_stuck_folder();
    home.ok(["config", "set", "kill_grace", "0.1"]);
    let victim = Victim::new(&home);
    let stop = Running::start(&home, &["stop", "stuck"]);
    let held_up = format!("process {} was killed and doesn't end", victim.job);
    stop.wait_until_it_complains(&held_up);
    let job = home.show("stuck");
    assert_eq!(number(&job, "held_up_by"), i64::from(victim.job));
    assert!(home.ok(["show", "stuck"]).contains(&held_up));
    finds(&home, false, 4, "left", &[&held_up]);
    home.unstick();
    let stopped = stop.ended();
    assert_eq!(stopped.code, Some(0), "{stopped}");
    let job = home.show("stuck");
    assert_eq!(text(&job, "state"), "dead");
    assert!(job.get("held_up_by").is_none(), "{job}");
}

#[test]
fn commands_that_clear_up_say_so_and_are_soon_done() {
    let home = Home::with_stuck_folder();
    let Victim { worker, job } = Victim::new(&home);
    kill(worker);
    let begin = Instant::now();
    let output = home.run(["doctor", "--fix"]);
    assert_eq!(output.code, Some(4), "{output}");
    let said = format!("process {job} doesn't end");
    assert!(output.out().contains(&said), "{output}");
    assert_eq!(home.ok(["worker", "stop"]), "No workers to stop\n");
    assert!(begin.elapsed() < SOON * 2, "it took {:?}", begin.elapsed());
    assert_eq!(text(&home.show("stuck"), "state"), "processing");
    home.unstick();
    wait_until("it to end", || !system::is_alive(job));
    home.ok(["doctor", "--fix"]);
    assert_eq!(text(&home.show("stuck"), "state"), "pending");
}
