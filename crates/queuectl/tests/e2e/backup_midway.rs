//! `queuectl backup` that is interrupted leaves nothing; what a killed one leaves, the next one removes.

use super::support::{Home, Running, names, system, wait_for};

/// A store that takes a moment to copy.
fn home_with_much() -> Home {
    let home = Home::new();
    let line = format!("echo {}\n", "x".repeat(20_000));
    let added = home.run_with_stdin(
        &["enqueue", "--lines", "--from", "-"],
        line.repeat(2_000).as_bytes(),
    );
    added.succeeded();
    home
}

/// A backup that has begun, frozen midway.
#[track_caller]
fn frozen(home: &Home, name: &str) -> Running {
    let others = names(&home.work(""));
    let call = Running::start(home, &["backup", name]);
    wait_for("the backup to begin", || {
        let seen = names(&home.work(""));
        if seen.len() > others.len() {
            Ok(())
        } else {
            Err(seen.join(" "))
        }
    });
    system::freeze(call.pid());
    assert!(!home.work(name).exists(), "it is there already");
    call
}

#[test]
fn one_that_is_interrupted_leaves_nothing_and_says_so() {
    let home = home_with_much();
    for interrupt in [system::interrupt, system::terminate, system::hang_up] {
        let call = frozen(&home, "copy.db");
        interrupt(call.pid());
        system::wake(call.pid());
        let output = call.ended();
        assert_eq!(output.code, None, "not ended by the signal: {output}");
        assert_eq!(
            output.err(),
            "note: interrupted; no backup was written\n",
            "{output}"
        );
        assert_eq!(names(&home.work("")), [] as [&str; 0]);
    }
    home.ok(["backup", "copy.db"]);
}

#[test]
fn what_a_killed_one_leaves_is_cleared_away_by_the_next() {
    let home = home_with_much();
    let call = frozen(&home, "copy.db");
    system::kill_hard(call.pid());
    call.ended();
    assert_eq!(names(&home.work("")).len(), 1, "nothing was left");
    home.ok(["backup", "copy.db"]);
    assert_eq!(names(&home.work("")), ["copy.db"]);
}

#[test]
fn what_a_living_one_works_at_is_left_alone() {
    let home = home_with_much();
    let call = frozen(&home, "copy.db");
    home.ok(["backup", "another.db"]);
    system::wake(call.pid());
    call.ended().succeeded();
    assert_eq!(names(&home.work("")), ["another.db", "copy.db"]);
}
