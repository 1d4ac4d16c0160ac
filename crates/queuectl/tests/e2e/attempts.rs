//! One attempt: what it is told, how it ends, what is said of that, and when the next one comes.

use super::support::{Home, float, items, moment, number, seconds_between, system, text};
use crate::jobs;

/// The job after its only attempt.
pub(crate) fn after_one_attempt(line: &str, options: &[&str]) -> serde_json::Value {
    let home = Home::new();
    let once = ["--max-retries", "1"];
    let options: Vec<_> = once.iter().chain(options).copied().collect();
    home.enqueue("job", line, &options);
    home.work_off();
    home.show("job")
}

#[test]
fn a_job_is_told_who_it_is() {
    let home = Home::new();
    home.enqueue(
        "été@one",
        &jobs::prints_its_variables(),
        &["--max-retries", "4"],
    );
    home.work_off();
    let job = home.show("été@one");
    let output = text(&job, "output");
    let value = |name: &str| {
        let line = output.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix('='))
            .unwrap_or_else(|| panic!("no {name}: {output}"))
    };
    assert_eq!(value("JOB_ID"), "été@one");
    assert_eq!(value("ATTEMPT"), "1");
    assert_eq!(value("MAX_RETRIES"), "4");
    assert_eq!(value("WORKER_ID"), text(&job, "worker_id"));
    assert!(value("FENCE").parse::<u64>().is_ok(), "{output}");
}

#[test]
fn no_two_attempts_have_the_same_fence() {
    let home = Home::new();
    let line = jobs::then(&[&jobs::prints_its_variables(), jobs::FAILS]);
    home.enqueue("a", &line, &["--max-retries", "2", "--backoff-base", "1"]);
    home.enqueue("b", &line, &["--max-retries", "1"]);
    home.work_off();
    let mut fences = Vec::new();
    for id in ["a", "b"] {
        for run in items(&home.show(id)["runs"]) {
            let line = text(run, "stdout")
                .lines()
                .find(|line| line.starts_with("FENCE="))
                .map(String::from);
            fences.push(line.expect("a fence"));
        }
    }
    fences.sort();
    fences.dedup();
    assert_eq!(fences.len(), 3);
}

#[test]
fn its_stdin_is_empty() {
    let job = after_one_attempt(&jobs::prints_its_stdin(), &[]);
    assert_eq!(text(&job, "output"), "[]\n");
}

#[test]
fn an_exit_code_is_an_error_with_the_last_line_of_stderr() {
    let line = jobs::then(&[
        &jobs::says_on_stderr("first"),
        &jobs::says("out"),
        &jobs::fails(7, "last words"),
    ]);
    let job = after_one_attempt(&line, &[]);
    assert_eq!(text(&job, "state"), "dead");
    assert_eq!(text(&job, "last_error"), "Exit code 7: last words");
    assert_eq!(number(&job, "exit_code"), 7);
    let silent = after_one_attempt(&jobs::then(&[&jobs::says("out"), "exit 255"]), &[]);
    assert_eq!(text(&silent, "last_error"), "Exit code 255");
    assert_eq!(number(&silent, "exit_code"), 255);
}

#[test]
fn a_command_that_can_not_start_fails_with_the_reason() {
    let home = Home::new();
    let once = ["--max-retries", "1"];
    home.touch("plain-file");
    home.ok(["enqueue", "--id", "unknown"]
        .iter()
        .chain(&once)
        .chain(&["--", "no-such-program-anywhere"]));
    home.ok(["enqueue", "--id", "missing"]
        .iter()
        .chain(&once)
        .chain(&["--", "./missing"]));
    home.ok(["enqueue", "--id", "plain"]
        .iter()
        .chain(&once)
        .chain(&["--", "./plain-file"]));
    home.enqueue(
        "shell",
        jobs::SUCCEEDS,
        &["--max-retries", "1", "--shell", "no-such-shell"],
    );
    std::fs::create_dir(home.work("gone")).expect("a folder can be made");
    home.enqueue(
        "cwd",
        jobs::SUCCEEDS,
        &["--max-retries", "1", "--cwd", "gone"],
    );
    std::fs::remove_dir(home.work("gone")).expect("a folder can be removed");
    home.work_off();
    let cases = [
        ("unknown", ["no-such-program-anywhere", "not found"]),
        ("missing", ["./missing", "no such file"]),
        ("plain", ["./plain-file", system::NO_PROGRAM]),
        ("shell", ["no-such-shell", "not found"]),
        ("cwd", ["gone", "no such"]),
    ];
    for (id, words) in cases {
        let job = home.show(id);
        assert_eq!(text(&job, "state"), "dead", "{job}");
        let error = text(&job, "last_error");
        for word in words {
            assert!(
                error.to_lowercase().contains(word),
                "`{word}` isn't in the error of {id}: {error}"
            );
        }
        assert_eq!(text(&job["runs"][0], "outcome"), "not_started", "{job}");
        assert!(job["exit_code"].is_null(), "{job}");
    }
}

#[test]
fn a_command_that_can_not_start_is_tried_again() {
    let home = Home::new();
    let place = home.work("place");
    std::fs::create_dir(&place).expect("a folder can be made");
    home.enqueue(
        "late",
        jobs::SUCCEEDS,
        &["--backoff-base", "1", "--cwd", "place"],
    );
    std::fs::remove_dir(&place).expect("a folder can be removed");
    home.start_workers(&[]);
    home.wait_for_state("late", "failed");
    std::fs::create_dir(&place).expect("a folder can be made");
    let job = home.wait_for_state("late", "completed");
    assert!(number(&job, "attempts") > 1, "{job}");
}

#[test]
fn a_timeout_is_an_error_with_its_length() {
    let job = after_one_attempt(&jobs::never_ends(), &["--timeout", "1"]);
    assert_eq!(text(&job, "last_error"), "Timeout exceeded (1s)");
    assert!(job["exit_code"].is_null());
    let took = float(&job, "exec_time");
    assert!((1.0..10.0).contains(&took), "{took}");
    assert_eq!(text(&job["runs"][0], "outcome"), "timed_out");
}

#[test]
fn what_it_printed_before_its_timeout_is_kept() {
    let line = jobs::then(&[&jobs::says("so far"), &jobs::never_ends()]);
    let job = after_one_attempt(&line, &["--timeout", "0.5"]);
    assert_eq!(text(&job, "output"), "so far\n");
}

#[test]
fn the_next_attempt_comes_after_a_power_of_the_base() {
    let home = Home::new();
    for base in [1_u32, 2, 30, 100] {
        home.enqueue(
            &format!("base{base}"),
            jobs::FAILS,
            &["--backoff-base", &base.to_string()],
        );
    }
    home.start_workers(&[]);
    for base in [1_u32, 2, 30, 100] {
        let id = format!("base{base}");
        let job = home.wait_for_job(&id, "failed", |job| job["state"] == "failed" || base == 1);
        if base > 1 {
            let attempts = number(&job, "attempts").try_into().expect("few");
            let delay = seconds_between(&job, "finished_at", "next_retry_at");
            assert!(
                (delay - f64::from(base.pow(attempts))).abs() < 1e-3,
                "{base}: {delay}"
            );
        }
    }
    // With a base of 2 the attempts are at least 2 and then 4 s apart.
    let dead = home.wait_for_state("base2", "dead");
    let runs = items(&dead["runs"]);
    for (pair, least) in runs.windows(2).zip([2.0, 4.0]) {
        let gap = moment(&pair[1], "started_at").duration_since(moment(&pair[0], "finished_at"));
        let gap = gap.as_secs_f64();
        // Not sooner; and not much later, on whatever machine.
        assert!(
            (least..least + 3.0).contains(&gap),
            "{gap} s instead of {least} s"
        );
    }
    assert!(home.show("base2")["next_retry_at"].is_null());
}

#[test]
fn a_delay_is_never_longer_than_max_backoff() {
    let home = Home::new();
    home.ok(["config", "set", "max_backoff", "0.5"]);
    home.enqueue(
        "a",
        &jobs::fails(1, "no"),
        &["--backoff-base", "100", "--max-retries", "3"],
    );
    home.work_off();
    let job = home.show("a");
    let runs = items(&job["runs"]);
    assert_eq!(runs.len(), 3);
    for pair in runs.windows(2) {
        let gap = moment(&pair[1], "started_at").duration_since(moment(&pair[0], "finished_at"));
        assert!((0.5..5.0).contains(&gap.as_secs_f64()), "{gap:?}");
    }
}

#[test]
fn the_first_attempt_counts() {
    let job = after_one_attempt(jobs::FAILS, &[]);
    assert_eq!(number(&job, "attempts"), 1);
    assert_eq!(text(&job, "state"), "dead");
    assert_eq!(items(&job["runs"]).len(), 1);
}
