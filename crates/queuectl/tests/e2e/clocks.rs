//! The clock of the machine jumps by an hour and by a year while jobs run and wait.

use std::time::Instant;

use super::support::{Home, float, items, moment, number, system, text};
use crate::jobs;

const JUMPS: [&str; 4] = ["-3600", "+3600", "-31536000", "+31536000"];

/// How long something may take that a jump must not have stretched to an hour, in seconds.
const SOON: f64 = 15.0;

#[test]
fn a_timeout_comes_when_it_is_due_whatever_the_clock_says() {
    for jump in JUMPS {
        let home = Home::with_clock();
        let options = ["--timeout", "1.5", "--max-retries", "1"];
        home.enqueue("a", &jobs::held("a"), &options);
        home.start_workers(&[]);
        home.wait_for_pid("a.pid");
        home.clock().set(jump);
        let job = home.wait_for_state("a", "dead");
        assert_eq!(text(&job["runs"][0], "outcome"), "timed_out");
        let took = float(&job, "exec_time");
        assert!((1.5..SOON).contains(&took), "{took} s with {jump}");
    }
}

#[test]
fn a_job_that_runs_is_neither_ended_nor_started_again_by_a_jump() {
    let home = Home::with_clock();
    home.enqueue("a", &jobs::held_and_counted("a"), &["--timeout", "600"]);
    home.start_workers(&["--count", "2"]);
    let pid = home.wait_for_pid("a.pid");
    for (i, jump) in JUMPS.iter().enumerate() {
        home.clock().set(jump);
        // Both workers have seen it once this has run.
        let id = format!("after{i}");
        home.enqueue(&id, "true", &[]);
        home.wait_for_state(&id, "completed");
        assert!(system::is_alive(pid), "it was ended by {jump}");
        let workers = home.workers();
        assert!(
            workers.iter().all(|worker| worker["state"] == "running"),
            "{jump}: {workers:?}"
        );
    }
    home.touch("a.go");
    let job = home.wait_for_state("a", "completed");
    assert_eq!(home.read("a.starts"), "start\n");
    assert!(float(&job, "exec_time") < 60.0, "{job}");
}

#[test]
fn a_retry_comes_once_and_soon_whatever_the_clock_says() {
    for jump in JUMPS {
        let home = Home::with_clock();
        let line = format!("{}; exit 1", jobs::notes("tried", "tries"));
        home.enqueue("a", &line, &["--max-retries", "3"]);
        home.start_workers(&[]);
        home.wait_for_job("a", "failed", |job| job["state"] == "failed");
        let begin = Instant::now();
        home.clock().set(jump);
        home.wait_for_job("a", "tried again", |job| number(job, "attempts") > 1);
        let took = begin.elapsed().as_secs_f64();
        assert!(took < SOON, "{took} s with {jump}");

        // The wait after that is one by the new clock, whole.
        let job = home.wait_for_state("a", "dead");
        assert_eq!(home.read("tries").lines().count(), 3, "with {jump}");
        let runs = items(&job["runs"]);
        let gap = moment(&runs[2], "started_at").duration_since(moment(&runs[1], "finished_at"));
        assert!(
            (4.0..SOON).contains(&gap.as_secs_f64()),
            "{gap:?} with {jump}"
        );
    }
}
