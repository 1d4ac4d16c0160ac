//! `worker start --foreground`: what happens, as it happens, until Ctrl+C or until nothing is left.

use serde_json::Value;

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

/// What a worker that prints JSON tells, a line for each thing.
fn events(said: &str) -> Vec<Value> {
    let lines = said.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON lines")
}

/// All that a job has printed on a stream, as it was told.
fn printed(events: &[Value], stream: &str) -> String {
    let printed = events
        .iter()
        .filter(|event| event["event"] == "job_printed");
    let of_stream = printed.filter(|event| event["stream"] == stream);
    of_stream.map(|event| text(event, "text")).collect()
}

#[test]
fn a_character_that_comes_in_two_pieces_is_told_as_one() {
    for (first, second, whole) in [
        ("61e697", "a562", "a\u{65e5}b"),
        ("610062006300", "0a00", "abc\n"),
        ("fffe3d", "d880de", "\u{1f680}"),
    ] {
        let home = Home::new();
        let line = format!("fake-job bytes {first} err half await go bytes {second}");
        home.enqueue("a", &line, &[]);
        let call = ["--json", "worker", "start", "-f", "--until-idle"];
        let worker = Running::start(&home, &call);
        // What is on stdout by then has been told before.
        worker.wait_until_it_says("half");
        home.touch("go");
        let output = worker.ended();
        let events = events(output.succeeded());
        assert_eq!(printed(&events, "stdout"), whole, "{output}");
        assert_eq!(printed(&events, "stderr"), "half\n", "{output}");
    }
}

#[test]
fn half_a_character_is_told_before_the_end_of_its_job() {
    let home = Home::new();
    home.enqueue("a", "fake-job bytes 61e6", &[]);
    let said = home.ok(["--json", "worker", "start", "-f", "--until-idle"]);
    let events = events(&said);
    let named: Vec<_> = events.iter().map(|event| text(event, "event")).collect();
    let ended = named.iter().position(|name| *name == "job_ended");
    let last = named.iter().rposition(|name| *name == "job_printed");
    assert!(last.is_some() && last < ended, "{said}");
    let printed = printed(&events, "stdout");
    assert!(
        printed.starts_with('a') && printed.chars().count() == 2,
        "{said}"
    );
}

#[test]
fn much_text_is_told_without_a_character_broken() {
    let home = Home::new();
    // A pipe isn't full at the end of a character; on Windows a line isn't as long.
    let count = if cfg!(windows) { 2_000 } else { 40_000 };
    let line = format!("fake-job out {}", "\u{65e5}".repeat(count));
    let read = ["enqueue", "--id", "a", "--command", "-"];
    home.run_with_stdin(&read, line.as_bytes()).succeeded();
    let said = home.ok(["--json", "worker", "start", "-f", "--until-idle"]);
    let printed = printed(&events(&said), "stdout");
    assert_eq!(printed.trim_end(), "\u{65e5}".repeat(count));
}

#[test]
fn people_see_a_line_whole_though_its_characters_come_in_pieces() {
    let home = Home::new();
    home.enqueue("a", "fake-job bytes e697 err half await go bytes a50a", &[]);
    let worker = Running::start(&home, &["worker", "start", "-f", "--until-idle"]);
    worker.wait_until_it_says("! half");
    home.touch("go");
    let output = worker.ended();
    assert!(output.succeeded().contains("  | \u{65e5}\n"), "{output}");
}
