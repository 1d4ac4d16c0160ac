//! A worker that is to stop while the disk of its store is full: it waits for room, but only for seconds. Jobs whose end it
//! couldn't report run again.

use std::time::{Duration, Instant};

use crate::jobs;
use crate::support::{Home, Output, Running, items, number, system, text, wait_until};

/// How long a worker that is to stop waits for the store, doubled for a busy machine.
const BOUND: Duration = Duration::from_secs(20);
/// The same for a worker that is to stop at once.
const BOUND_AT_ONCE: Duration = Duration::from_secs(8);

/// Adds a job that prints more than the log of the store has room for.
fn add_job(home: &Home) {
    let line = format!(
        "{}; {}",
        jobs::held_and_counted("held"),
        jobs::prints_much(2_000)
    );
    home.enqueue("held", &line, &[]);
}

/// Lets the job end while there is no room for its result.
fn let_end(home: &Home) {
    let job = home.wait_for_pid("held.pid");
    home.fill();
    home.touch("held.go");
    wait_until("the job to end", || !system::is_alive(job));
}

/// Makes room, and waits until the job has run once more, as after a crash.
#[track_caller]
fn runs_again(home: &Home) {
    home.make_room();
    home.start_workers(&[]);
    let job = home.wait_for_state("held", "completed");
    let outcomes: Vec<_> = items(&job["runs"])
        .iter()
        .map(|run| text(run, "outcome"))
        .collect();
    assert_eq!(outcomes, ["crashed", "completed"]);
    assert_eq!(number(&job, "attempts"), 1);
    assert_eq!(home.read("held.starts").lines().count(), 2);
    home.ok(["worker", "stop"]);
    home.check_store();
}

fn timed(call: impl FnOnce() -> Output) -> (Output, Duration) {
    let begin = Instant::now();
    (call(), begin.elapsed())
}

#[test]
fn a_gentle_stop_comes_through_and_the_job_runs_again() {
    let home = Home::on_disk("8m");
    add_job(&home);
    let pids = home.start_workers(&[]);
    let_end(&home);
    let (output, took) = timed(|| home.run(["worker", "stop"]));
    assert_eq!(output.code, Some(0), "{output}");
    assert_eq!(output.out(), "Stopped 1 worker(s)\n");
    assert!(took < BOUND, "it took {took:?}");
    assert!(!system::is_alive(pids[0]));
    runs_again(&home);
}

#[test]
fn a_stop_at_once_comes_through() {
    let home = Home::on_disk("8m");
    add_job(&home);
    let pids = home.start_workers(&[]);
    let_end(&home);
    let (output, took) = timed(|| home.run(["worker", "stop", "--now"]));
    assert_eq!(output.code, Some(0), "{output}");
    assert!(took < BOUND_AT_ONCE, "it took {took:?}");
    assert!(!system::is_alive(pids[0]));
    runs_again(&home);
}

#[test]
fn a_worker_in_the_foreground_says_that_it_gives_up_and_fails() {
    let home = Home::on_disk("8m");
    add_job(&home);
    let worker = Running::start(&home, &["worker", "start", "--foreground"]);
    let_end(&home);
    worker.wait_until_it_says("the disk of the store is full; trying again");
    system::terminate(worker.pid());
    let (output, took) = timed(|| worker.ended());
    assert!(took < BOUND, "it took {took:?}");
    assert_eq!(output.code, Some(5), "{output}");
    let said = "stopping without the store: it doesn't know how 1 job ended";
    assert!(output.out().contains(said), "{output}");
    assert!(
        output
            .err()
            .contains("error: the disk of the store is full"),
        "{output}"
    );
    runs_again(&home);
}

#[test]
fn ctrl_c_twice_is_heard() {
    let home = Home::on_disk("8m");
    add_job(&home);
    let worker = Running::start(&home, &["worker", "start", "--foreground"]);
    let_end(&home);
    worker.wait_until_it_says("the disk of the store is full; trying again");
    worker.interrupt();
    worker.wait_until_it_says("Ctrl+C again");
    worker.interrupt();
    let (output, took) = timed(|| worker.ended());
    assert!(took < BOUND_AT_ONCE, "it took {took:?}");
    assert_eq!(output.code, Some(5), "{output}");
    runs_again(&home);
}

#[test]
fn a_stop_that_can_not_be_written_down_ends_what_runs() {
    let home = Home::on_disk("8m");
    home.enqueue("held", &jobs::held_and_counted("held"), &[]);
    let pids = home.start_workers(&[]);
    let job = home.wait_for_pid("held.pid");
    home.fill_with_the_log();
    let (output, took) = timed(|| home.run(["worker", "stop", "--timeout", "1"]));
    assert_eq!(output.code, Some(0), "{output}");
    assert_eq!(output.out(), "Stopped 1 worker(s)\n");
    assert!(took < BOUND, "it took {took:?}");
    assert!(!system::is_alive(pids[0]) && !system::is_alive(job));
    home.make_room();
    home.touch("held.go");
    home.start_workers(&[]);
    home.wait_for_state("held", "completed");
}
