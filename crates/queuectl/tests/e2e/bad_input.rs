//! Bad input: a clear error, the right exit code, nothing half done.

use std::ffi::OsString;

use serde_json::json;

use crate::support::{Home, system};

/// Each of these calls is refused with `code`, and nothing is queued.
fn refused(code: i32, calls: &[&[&str]]) {
    let home = Home::new();
    home.make_store();
    for call in calls {
        home.run(*call).failed(code);
    }
    assert_eq!(home.json(["status"])["total"], 0);
}

#[test]
fn an_id_is_not_empty_not_long_and_plain() {
    let home = Home::new();
    let long = "x".repeat(201);
    let odd = [
        "",
        &long,
        "a\nb",
        "a\tb",
        "\x1b[31m",
        "a\u{7f}b",
        "a\u{85}b",
        "two words",
        "a,b",
        "'quoted'",
        "job-*",
        "-",
        "@a",
        "%s",
        "a\u{3164}",
        "cafe\u{301}",
        "nightly@20261128T013000Z",
    ];
    for id in odd {
        home.run(["enqueue", "--id", id, "--command", "true"])
            .failed(2);
        let line = json!({ "id": id, "command": "true" }).to_string();
        home.run_with_stdin(&["enqueue", "--from", "-"], line.as_bytes())
            .failed(2);
    }
    let wide = "é".repeat(101);
    home.run(["enqueue", "--id", &wide, "--command", "true"])
        .failed(2);
    assert_eq!(home.json(["status"])["total"], 0);
    for id in [
        &"x".repeat(200),
        "日本語",
        "café",
        "..",
        "a/b",
        "user@host:/srv+x=y~",
    ] {
        home.ok(["enqueue", "--id", id, "--command", "true"]);
        assert_eq!(home.show(id)["id"], *id);
    }
}

#[test]
fn a_command_is_not_empty() {
    refused(
        2,
        &[
            &["enqueue", "--id", "a", "--command", ""],
            &["enqueue", "--id", "a", "--command", " \t\n"],
            &["enqueue", "--id", "a", "--", ""],
            &["enqueue", "--id", "a", "--"],
            &["enqueue", "--id", "a"],
            &["enqueue", "--id", "a", "--command", "true", "--", "true"],
            &["enqueue", "--id", "a", "--shell", "sh", "--", "true"],
        ],
    );
}

#[test]
fn numbers_are_in_their_range() {
    let cases = [
        (
            "--priority",
            &["0", "11", "-1", "5.5", "high", "", "99999999999999999999"][..],
        ),
        (
            "--timeout",
            &[
                "-1",
                "NaN",
                "inf",
                "-inf",
                "1e300",
                "1e400",
                "1e-400",
                "-1e-400",
                "0.0000001",
                "soon",
                "",
                "-0.5",
            ],
        ),
        ("--max-retries", &["0", "-1", "1.5", "99999999999999999999"]),
        ("--backoff-base", &["0", "101", "-1", "2.5", "1e3"]),
    ];
    let home = Home::new();
    home.make_store();
    for (option, values) in cases {
        for value in values {
            let output = home.run(["enqueue", "--id", "a", "--command", "true", option, value]);
            let error = output.failed(2);
            let name = option.trim_start_matches('-');
            let named = error.contains(name) || error.contains(&name.replace('-', "_"));
            assert!(named, "{option} isn't named: {error}");
            let glued = format!("{option}={value}");
            home.run(["enqueue", "--id", "a", "--command", "true", &glued])
                .failed(2);
        }
    }
    assert_eq!(home.json(["status"])["total"], 0);
}

#[test]
fn a_command_from_stdin_has_no_nul_and_is_not_empty() {
    let home = Home::new();
    for stdin in [&b"echo a\0b"[..], b"\0", b"", b" \n", b"echo \xff"] {
        let args = ["enqueue", "--id", "a", "--command", "-"];
        home.run_with_stdin(&args, stdin).failed(2);
    }
    assert_eq!(home.json(["status"])["total"], 0);
}

#[test]
fn nonsense_is_a_usage_error() {
    refused(
        2,
        &[
            &["no-such-command"],
            &["enqueue", "--no-such-option"],
            &["enqueue", "--id"],
            &["worker", "explode"],
            &["show"],
            &["show", "a", "b"],
            &["dequeue"],
            &["config", "set"],
            &["status", "too", "many"],
            &["--color"],
        ],
    );
}

#[test]
fn half_a_command_gets_help_and_is_a_usage_error() {
    let home = Home::new();
    for call in [&[][..], &["worker"], &["dlq"], &["config"]] {
        let output = home.run(call);
        assert_eq!(output.code, Some(2), "{output}");
        assert!(output.stdout.is_empty(), "{output}");
        assert!(output.err().contains("Usage: queuectl"), "{output}");
        let args = call.iter().chain(&["--json"]);
        home.run(args).failed_as_json(2, "usage");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_without_a_panic() {
    let home = Home::new();
    home.make_store();
    let raw = system::no_text();
    let calls: [&[&str]; 8] = [
        &["enqueue", "--command", "true", "--id"],
        &["enqueue", "--id", "a", "--command"],
        &["enqueue", "--id", "a", "--command", "true", "--priority"],
        &["show"],
        &["list", "--state"],
        &["config", "get"],
        &["config", "set", "shell"],
        &[],
    ];
    for call in calls {
        let args = call.iter().map(OsString::from).chain([raw.clone()]);
        home.run(args).failed(2);
    }
    assert_eq!(home.json(["status"])["total"], 0);
}

#[test]
fn an_error_says_what_and_then_what_to_do() {
    let home = Home::new();
    insta::assert_snapshot!(home.session(&[
        "queuectl enqueue --id a --command true --priority 11",
        "queuectl enqueue --id a --command true --timeout -1",
        "queuectl enqueue --id a",
        "queuectl enqueue --id '' --command true",
        "queuectl statsu",
        "queuectl worker start --foreground --count 2",
        "queuectl --db mysql://localhost/queue status",
    ]), @r"
    $ queuectl enqueue --id a --command true --priority 11
    error: priority must be a whole number from 1 to 10, not `11`
    hint: see `queuectl enqueue --help`
    [exit code 2]
    $ queuectl enqueue --id a --command true --timeout -1
    error: timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `-1`
    hint: see `queuectl enqueue --help`
    [exit code 2]
    $ queuectl enqueue --id a
    error: there is no command to run
    hint: give a line with --command, or a program after `--`: queuectl enqueue -- PROG ARG...
    [exit code 2]
    $ queuectl enqueue --id '' --command true
    error: a job id can't be empty
    hint: see `queuectl enqueue --help`
    [exit code 2]
    $ queuectl statsu
    error: there is no command `statsu`
    hint: did you mean `status`?
    [exit code 2]
    $ queuectl worker start --foreground --count 2
    error: a terminal has room for one worker, so --foreground doesn't go with --count
    hint: leave one of them out, or run several jobs at once with --concurrency
    [exit code 2]
    $ queuectl --db mysql://localhost/queue status
    error: can't use this as a store: `mysql://` isn't a kind of store that this version knows
    hint: give a path with --db or QUEUECTL_DB, such as jobs.db, or a URL such as postgresql://user@host/database
    [exit code 2]
    ");
}

#[test]
fn a_store_of_an_unknown_kind_is_refused_and_not_made_a_file() {
    let home = Home::new();
    for place in ["mysql://localhost/queue", "http://localhost/", ""] {
        let output = home.run(["--db", place, "status"]);
        assert!(output.failed(2).contains("store"), "{output}");
    }
    let made = std::fs::read_dir(home.work(""))
        .expect("the folder is there")
        .count();
    assert_eq!(made, 0, "a file was made of it");
}
