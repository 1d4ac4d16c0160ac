//! What a job prints: kept apart, kept in bounds, and never let loose on a terminal.

use super::support::{Home, text};
use crate::jobs;

/// A home in which this job has run.
fn home_after(line: &str) -> Home {
    let home = Home::new();
    home.enqueue("job", line, &["--max-retries", "1"]);
    home.work_off();
    home
}

#[test]
fn both_streams_are_kept_apart_and_in_order_together() {
    // The pauses are the job's own: two pipes have no order among them but in time.
    let home = home_after(&jobs::takes_turns_on_stdout_and_stderr());
    let job = home.show("job");
    let run = &job["runs"][0];
    assert_eq!(text(run, "stdout"), "one\nthree\n");
    assert_eq!(text(run, "stderr"), "two\n");
    assert_eq!(text(&job, "output"), "one\ntwo\nthree\n");
}

#[test]
fn output_without_a_last_newline_is_kept_as_it_is() {
    let home = home_after(&jobs::says_without_an_end("no newline"));
    assert_eq!(text(&home.show("job"), "output"), "no newline");
    let shown = home.ok(["show", "job"]);
    assert!(shown.contains("no newline\n"), "{shown}");
}

#[test]
fn much_output_is_cut_and_it_says_how_much_is_left_out() {
    let home = Home::new();
    home.ok(["config", "set", "output_limit", "100000"]);
    home.enqueue("job", &jobs::prints_much(3000), &[]);
    home.work_off();
    let job = home.show("job");
    assert_eq!(text(&job, "state"), "completed");
    let output = text(&job, "output");
    assert!(output.starts_with("first\n"), "the beginning is gone");
    assert!(output.ends_with("last\n"), "the end is gone");
    assert!(
        (90_000..=101_000).contains(&output.len()),
        "{} bytes",
        output.len()
    );
    // 3,000,011 bytes were printed, of which 100,000 are kept.
    let notice = output.lines().find(|line| line.contains("left out"));
    let notice = notice.unwrap_or_else(|| panic!("no notice: {}", &output[60_000..70_000]));
    assert!(
        notice.replace([',', '_'], "").contains("2900011"),
        "{notice}"
    );
}

#[test]
fn what_fits_is_kept_whole() {
    let home = home_after(&jobs::prints_much(1000));
    let job = home.show("job");
    let output = text(&job, "output");
    assert_eq!(output.len(), 1_000_000 + "first\nlast\n".len());
}

#[test]
fn the_error_of_a_job_that_shows_its_progress_is_what_it_showed_last() {
    for (printed, last) in [
        ("\r10 %\r20 %\r30 %", "30 %"),
        ("start\r\n10 %\r20 %\r", "20 %"),
        ("10 %\r20 %\rno space\r\n\x1b[?25h", "no space"),
        ("at 1/9\x08\x08\x082/9\x08\x08\x08", "at 2/9"),
    ] {
        let home = home_after(&jobs::prints_on_stderr_and_fails(printed.as_bytes()));
        assert_eq!(
            text(&home.show("job"), "last_error"),
            format!("Exit code 3: {last}")
        );
    }
}

#[test]
fn raw_bytes_never_reach_a_terminal() {
    let home = home_after(&jobs::prints_raw_bytes_and_fails());
    for args in [&["show", "job"][..], &["list"], &["dlq", "list"]] {
        let shown = home.ok(args);
        let odd = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(odd, None, "{shown:?}");
    }
    let job = home.show("job");
    let printed = text(&job, "output");
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 2, "{printed:?}");
    for line in lines {
        // What isn't UTF-8 is replaced, on Windows by what it is in the code page.
        let (before, after) = ("a\u{1b}[31mred\u{1b}[0m\u{7}b", "c");
        let replaced = line
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        assert_eq!(
            replaced.map(|replaced| replaced.chars().count()),
            Some(1),
            "{line:?}"
        );
    }
    let error = text(&job, "last_error");
    assert!(error.starts_with("Exit code 1: a"), "{error:?}");
}

#[test]
fn raw_bytes_in_a_command_never_reach_a_terminal() {
    let home = Home::new();
    home.ok([
        "enqueue",
        "--id",
        "line",
        "--command",
        "echo '\x1b[31m\x07\r\u{9b}'",
    ]);
    home.ok([
        "enqueue",
        "--id",
        "argv",
        "--",
        jobs::PROGRAM,
        "out",
        "\x1b]0;title\x07",
        "\u{202e}",
    ]);
    for args in [&["list"][..], &["show", "line"], &["show", "argv"]] {
        let shown = home.ok(args);
        let odd = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(odd, None, "{shown:?}");
    }
    home.work_off();
    assert_eq!(text(&home.show("line"), "state"), "completed");
}
