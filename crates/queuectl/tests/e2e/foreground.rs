//! `worker start --foreground`: what happens, as it happens, until Ctrl+C or until nothing is left.

use super::support::{Home, Running, redacted, text};
use crate::jobs;

#[test]
fn a_job_is_announced_as_in_the_seed() {
    let home = Home::new();
    home.enqueue("job1", "echo Hello World", &[]);
    let said = home.work_off();
    insta::assert_snapshot!(redacted(&said), @r"
    ======================================================================
    [worker-ID] WORKER STARTED
      PID:       PID
      Timestamp: YYYY-MM-DD hh:mm:ss
    ======================================================================

    ======================================================================
    [worker-ID] JOB STARTED
      Job ID:    job1
      Command:   echo Hello World
      Priority:  5
      Attempt:   1/3
      Timeout:   20s
      Started:   YYYY-MM-DD hh:mm:ss
    ======================================================================

      | Hello World
    ======================================================================
    [worker-ID] JOB COMPLETED SUCCESSFULLY
      Job ID:         job1
      Execution Time: N.NNNs
      Exit Code:      0
    ======================================================================

    ======================================================================
    [worker-ID] WORKER STOPPED
      Jobs Run:  1
      Timestamp: YYYY-MM-DD hh:mm:ss
    ======================================================================
    ");
}

#[test]
fn failures_and_timeouts_have_their_own_banners() {
    let home = Home::new();
    home.enqueue(
        "bad",
        &jobs::fails(7, "broken"),
        &["--max-retries", "2", "--backoff-base", "1"],
    );
    home.work_off();
    home.enqueue(
        "slow",
        &jobs::never_ends(),
        &["--max-retries", "1", "--timeout", "0.2"],
    );
    let said = home.work_off();
    insta::assert_snapshot!(redacted(&said), @r"
    ======================================================================
    [worker-ID] WORKER STARTED
      PID:       PID
      Timestamp: YYYY-MM-DD hh:mm:ss
    ======================================================================

    ======================================================================
    [worker-ID] JOB STARTED
      Job ID:    slow
      Command:   fake-job sleep 600
      Priority:  5
      Attempt:   1/1
      Timeout:   0.2s
      Started:   YYYY-MM-DD hh:mm:ss
    ======================================================================

    ======================================================================
    [worker-ID] JOB TIMED OUT
      Job ID:         slow
      Execution Time: N.NNNs
      Error:          Timeout exceeded (0.2s)
      Next Retry:     none, it is in the dead letter queue now
    ======================================================================

    ======================================================================
    [worker-ID] WORKER STOPPED
      Jobs Run:  1
      Timestamp: YYYY-MM-DD hh:mm:ss
    ======================================================================
    ");
    home.ok(["dlq", "retry", "bad"]);
    let said = home.work_off();
    assert_eq!(said.matches("JOB FAILED").count(), 2, "{said}");
    insta::assert_snapshot!(redacted(&said), @r"
    ======================================================================
    [worker-ID] WORKER STARTED
      PID:       PID
      Timestamp: YYYY-MM-DD hh:mm:ss
    ======================================================================

    ======================================================================
    [worker-ID] JOB STARTED
      Job ID:    bad
      Command:   fake-job err broken exit 7
      Priority:  5
      Attempt:   1/2
      Timeout:   20s
      Started:   YYYY-MM-DD hh:mm:ss
    ======================================================================

      ! broken
    ======================================================================
    [worker-ID] JOB FAILED
      Job ID:         bad
      Execution Time: N.NNNs
      Exit Code:      7
      Error:          Exit code 7: broken
      Next Retry:     in 1s, at YYYY-MM-DD hh:mm:ss
    ======================================================================

    ======================================================================
    [worker-ID] JOB STARTED
      Job ID:    bad
      Command:   fake-job err broken exit 7
      Priority:  5
      Attempt:   2/2
      Timeout:   20s
      Started:   YYYY-MM-DD hh:mm:ss
    ======================================================================

      ! broken
    ======================================================================
    [worker-ID] JOB FAILED
      Job ID:         bad
      Execution Time: N.NNNs
      Exit Code:      7
      Error:          Exit code 7: broken
      Next Retry:     none, it is in the dead letter queue now
    ======================================================================

    ======================================================================
    [worker-ID] WORKER STOPPED
      Jobs Run:  2
      Timestamp: YYYY-MM-DD hh:mm:ss
    ======================================================================
    ");
}

#[test]
fn short_jobs_are_told_one_after_the_other() {
    let home = Home::new();
    // Unwatched, a worker has learnt after so many that it may claim ahead.
    for number in 0..60 {
        home.enqueue(&format!("short{number}"), jobs::SUCCEEDS, &[]);
    }
    let said = home.work_off();
    let told: Vec<_> = said
        .lines()
        .filter_map(|line| line.strip_prefix("  Job ID:"))
        .map(str::trim)
        .collect();
    assert_eq!(told.len(), 120);
    for pair in told.chunks(2) {
        assert_eq!(pair[0], pair[1], "{told:?}");
    }
}

#[test]
fn its_rules_are_seventy_wide() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let said = home.work_off();
    let rules: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("==="))
        .collect();
    assert_eq!(rules.len(), 8, "{said}");
    assert!(rules.iter().all(|rule| *rule == "=".repeat(70)), "{said}");
}

#[test]
fn worker_stop_reaches_it_too() {
    let home = Home::new();
    let worker = Running::start(&home, &["worker", "start", "--foreground"]);
    worker.wait_until_it_says("WORKER STARTED");
    assert_eq!(home.ok(["worker", "stop"]), "Stopped 1 worker(s)\n");
    let output = worker.ended();
    assert_eq!(output.code, Some(0), "{output}");
    assert!(output.out().contains("WORKER STOPPED"), "{output}");
}

#[test]
fn until_idle_waits_for_retries_and_for_what_others_run() {
    let home = Home::new();
    home.enqueue("elsewhere", &jobs::held("elsewhere"), &[]);
    home.start_workers(&[]);
    home.wait_for_pid("elsewhere.pid");
    home.enqueue(
        "twice",
        &jobs::fails_until_attempt(2),
        &["--backoff-base", "1"],
    );
    let worker = Running::start(&home, &["worker", "start", "-f", "--until-idle"]);
    home.wait_for_state("twice", "completed");
    assert!(
        !worker.so_far().contains("WORKER STOPPED"),
        "{}",
        worker.so_far()
    );
    home.touch("elsewhere.go");
    let output = worker.ended();
    assert_eq!(output.code, Some(0), "{output}");
    assert_eq!(text(&home.show("elsewhere"), "state"), "completed");
}

#[test]
fn until_idle_with_nothing_to_do_ends_at_once() {
    let home = Home::new();
    let said = home.work_off();
    assert!(
        said.contains("WORKER STARTED") && said.contains("WORKER STOPPED"),
        "{said}"
    );
}

#[test]
fn raw_bytes_of_a_command_never_reach_the_terminal() {
    let home = Home::new();
    let argv = [jobs::PROGRAM, "out", "\x1b[31mred\x07"];
    home.ok(["enqueue", "--id", "odd", "--"].iter().chain(&argv));
    let said = home.work_off();
    assert!(said.contains("red"), "{said:?}");
    assert!(!said.contains(['\x1b', '\x07']), "{said:?}");
}
