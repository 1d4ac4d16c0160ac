//! The clock of the machine jumps, by which a store in a file goes, too. (One on a server goes by the server's.)

use std::time::Instant;

use crate::jobs;
use crate::support::{Home, moment, number, wait_until};

const JUMPS: [&str; 4] = ["-3600", "+3600", "-31536000", "+31536000"];

/// How long something may take that a jump must not have stretched to an hour, in seconds.
const SOON: f64 = 15.0;

#[test]
fn who_waited_before_a_jump_runs_before_who_comes_after_it() {
    for jump in JUMPS {
        let home = Home::with_clock();
        home.enqueue("held", &jobs::held("held"), &["--timeout", "600"]);
        home.start_workers(&[]);
        home.wait_for_pid("held.pid");
        for i in 0..5 {
            home.enqueue(&format!("old{i}"), &jobs::notes("old", "order"), &[]);
        }
        home.clock().set(jump);
        wait_until_heard_of(&home, jump);
        for i in 0..5 {
            home.enqueue(&format!("new{i}"), &jobs::notes("new", "order"), &[]);
        }
        home.touch("held.go");
        wait_until("all to be completed", || {
            number(&home.json(["status"]), "completed") == 11
        });
        let order = "old\n".repeat(5) + &"new\n".repeat(5);
        assert_eq!(home.read("order"), order, "with {jump}");
    }
}

#[test]
fn a_worker_is_heard_of_by_the_new_clock() {
    for jump in JUMPS {
        let home = Home::with_clock();
        home.start_workers(&[]);
        home.clock().set(jump);
        wait_until_heard_of(&home, jump);
        let shown = home.ok(["worker", "list"]);
        assert!(shown.contains("running"), "{shown}");
        home.ok(["worker", "stop"]);
    }
}

#[test]
fn a_clock_that_was_set_back_is_said_and_no_job_waits_for_it() {
    let home = Home::with_clock();
    home.clock().set("+31536000");
    home.enqueue("a", "false", &["--max-retries", "2"]);
    home.start_workers(&[]);
    home.wait_for_state("a", "failed");
    home.ok(["worker", "stop"]);
    home.clock().set("+0");

    let output = home.run(["doctor"]);
    assert_eq!(output.code, Some(4), "{output}");
    assert!(output.out().contains("set the clock"), "{output}");
    for args in [&["list"][..], &["status"], &["show", "a"]] {
        let shown = home.ok(args);
        let is_negative = |word: &str| {
            let number = word.strip_prefix('-').unwrap_or_default();
            number.starts_with(|c: char| c.is_ascii_digit())
        };
        let negative = shown.split_whitespace().find(|word| is_negative(word));
        assert_eq!(negative, None, "{shown}");
    }
    let begin = Instant::now();
    home.start_workers(&[]);
    home.wait_for_state("a", "dead");
    let took = begin.elapsed().as_secs_f64();
    assert!(took < SOON, "{took} s");
}

/// Waits until the worker was heard of at about the time that is so far off.
#[track_caller]
fn wait_until_heard_of(home: &Home, offset: &str) {
    let offset = offset.parse().expect("a number of seconds");
    let offset = jiff::SignedDuration::from_secs(offset);
    wait_until("the worker to be heard of by the new clock", || {
        let heard = moment(&home.workers()[0], "heartbeat_at");
        let off = (jiff::Timestamp::now() + offset).duration_since(heard);
        off.abs().as_secs() < 60
    });
}
