//! A job is a whole tree of processes: it ends as one, and no part of it holds up a slot.

use std::time::{Duration, Instant};

use super::support::{Home, float, number, system, text, wait_until};
use crate::jobs;

#[test]
fn the_whole_tree_ends_at_a_timeout() {
    let home = Home::new();
    home.enqueue(
        "tree",
        &jobs::has_a_child("tree"),
        &["--timeout", "0.5", "--max-retries", "1"],
    );
    home.start_workers(&[]);
    let (parent, child) = (
        home.wait_for_pid("tree.pid"),
        home.wait_for_pid("tree.child.pid"),
    );
    home.wait_for_state("tree", "dead");
    assert!(
        !system::is_alive(parent) && !system::is_alive(child),
        "they go on: {parent} {child}"
    );
}

#[test]
fn the_whole_tree_ends_at_a_stop() {
    let home = Home::new();
    home.enqueue("tree", &jobs::has_a_child("tree"), &[]);
    home.start_workers(&[]);
    let (parent, child) = (
        home.wait_for_pid("tree.pid"),
        home.wait_for_pid("tree.child.pid"),
    );
    home.ok(["worker", "stop", "--now"]);
    assert!(
        !system::is_alive(parent) && !system::is_alive(child),
        "they go on: {parent} {child}"
    );
}

#[test]
fn a_grandchild_that_holds_the_pipe_holds_up_nothing_and_is_ended() {
    let home = Home::new();
    home.enqueue("leaky", &jobs::leaves_a_child_with_its_pipes("leaky"), &[]);
    home.start_workers(&[]);
    let begin = Instant::now();
    let job = home.wait_for_state("leaky", "completed");
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(text(&job, "output"), "parent done\n");
    assert!(float(&job, "exec_time") < 5.0, "{job}");
    let child = home.wait_for_pid("leaky.child.pid");
    wait_until("the grandchild to be ended", || !system::is_alive(child));
    home.enqueue("next", jobs::SUCCEEDS, &[]);
    home.wait_for_state("next", "completed");
}

#[test]
fn a_job_may_close_its_streams_and_goes_on() {
    let home = Home::new();
    home.enqueue("a", &jobs::closes_its_streams(), &["--max-retries", "1"]);
    home.work_off();
    let job = home.show("a");
    assert_eq!(text(&job["runs"][0], "outcome"), "failed", "{job}");
    assert_eq!(number(&job, "exit_code"), 3);
    let took = float(&job, "exec_time");
    assert!(took >= 0.3, "it was taken for ended: {job}");
    assert_eq!(text(&job, "output"), "before\n");
}

#[test]
fn the_end_of_a_job_leaves_the_jobs_of_another_queue_alone() {
    let (home, other) = (Home::new(), Home::new());
    // Both are the first claim of their store, and the other's starts within the life of ours.
    home.enqueue("ours", &jobs::held("ours"), &[]);
    home.start_workers(&[]);
    home.wait_for_pid("ours.pid");
    other.enqueue("theirs", &jobs::held("theirs"), &["--max-retries", "1"]);
    other.start_workers(&[]);
    let theirs = other.wait_for_pid("theirs.pid");

    home.touch("ours.go");
    home.wait_for_state("ours", "completed");
    home.ok(["worker", "stop"]);
    assert!(system::is_alive(theirs), "{}", other.show("theirs"));
    other.touch("theirs.go");
    let job = other.wait_for_job("theirs", "ended", |job| job["state"] != "processing");
    assert_eq!(text(&job, "state"), "completed", "{job}");
}

#[test]
fn who_ignores_the_polite_signal_is_killed_after_the_grace() {
    let home = Home::new();
    home.ok(["config", "set", "kill_grace", "0.5"]);
    let options = ["--timeout", "0.5", "--max-retries", "1"];
    home.enqueue_argv(
        "stubborn",
        &jobs::argv_held_and_stubborn("stubborn"),
        &options,
    );
    home.start_workers(&[]);
    let pid = home.wait_for_pid("stubborn.pid");
    let job = home.wait_for_state("stubborn", "dead");
    assert!(!system::is_alive(pid));
    assert_eq!(text(&job, "last_error"), "Timeout exceeded (0.5s)");
    let took = float(&job, "exec_time");
    assert!(
        (1.0..10.0).contains(&took),
        "{took} s instead of 0.5 s and as much grace"
    );
}

#[test]
fn who_ends_politely_gets_no_more_than_it_needs() {
    let home = Home::new();
    home.ok(["config", "set", "kill_grace", "25"]);
    home.enqueue(
        "polite",
        &jobs::never_ends(),
        &["--timeout", "0.3", "--max-retries", "1"],
    );
    home.start_workers(&[]);
    let job = home.wait_for_state("polite", "dead");
    assert!(float(&job, "exec_time") < 10.0, "{job}");
    assert_eq!(number(&home.json(["status"]), "dead"), 1);
}
