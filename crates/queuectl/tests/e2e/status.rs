//! `status`, and what is the same for all commands: JSON, colour, quiet, a pipe that breaks.

use std::io::Read;
use std::process::Stdio;

use super::support::{Home, items, number, system, text};
use crate::jobs;

/// A home with a job in each state that needs no worker to stay in it.
fn home_with_jobs() -> Home {
    let home = Home::new();
    home.enqueue("good", &jobs::says("Hello World"), &[]);
    home.enqueue("bad", &jobs::fails(7, "broken"), &["--max-retries", "1"]);
    home.work_off();
    home.enqueue("waiting1", &jobs::says("later"), &[]);
    home.enqueue("waiting2", &jobs::says("later"), &["--priority", "8"]);
    home
}

/// A terminal session in which the place of the store is called so.
fn session(home: &Home, lines: &[&str]) -> String {
    let status = home.json(["status"]);
    let place = text(&status, "database").replace(r"\", "/");
    let place = place.replace(&*home.folder().to_string_lossy().replace(r"\", "/"), "~");
    home.session(lines).replace(&place, "THE STORE")
}

#[test]
fn an_empty_queue_has_a_status() {
    let home = Home::new();
    home.make_store();
    insta::assert_snapshot!(session(&home, &["queuectl status", "queuectl list", "queuectl dlq list", "queuectl worker list"]), @r"
    $ queuectl status
    QueueCTL System Status
    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    Metric               Value
    ───────────────────  ─────────────────────────
    Total Jobs           0
    Pending              0
    Processing           0
    Completed            0
    Failed               0
    Dead (DLQ)           0
    Workers              0
    Database             THE STORE
    $ queuectl list
    There are no jobs
    $ queuectl dlq list
    The dead letter queue is empty
    $ queuectl worker list
    There are no workers
    ");
}

#[test]
fn the_status_is_the_table_of_the_seed() {
    let home = home_with_jobs();
    insta::assert_snapshot!(session(&home, &["queuectl status"]), @r"
    $ queuectl status
    QueueCTL System Status
    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    Metric               Value
    ───────────────────  ─────────────────────────
    Total Jobs           4
    Pending              2
    Processing           0
    Completed            1
    Failed               0
    Dead (DLQ)           1
    Workers              0
    Database             THE STORE
    ");
}

#[test]
fn the_status_counts_workers_and_each_state() {
    let home = home_with_jobs();
    home.enqueue(
        "failing",
        &jobs::fails(1, "no"),
        &["--backoff-base", "100", "--priority", "10"],
    );
    home.enqueue("running", &jobs::held("running"), &["--priority", "9"]);
    home.start_workers(&["--count", "2"]);
    home.wait_for_state("failing", "failed");
    home.wait_for_state("waiting1", "completed");
    home.wait_for_state("waiting2", "completed");
    let status = home.json(["status"]);
    let keys = [
        "total",
        "pending",
        "processing",
        "completed",
        "failed",
        "dead",
        "workers",
    ];
    assert_eq!(keys.map(|key| number(&status, key)), [6, 0, 1, 3, 1, 1, 2]);
}

#[test]
fn quiet_says_nothing_when_all_is_well_and_errors_all_the_same() {
    let home = Home::new();
    assert_eq!(
        home.ok(["-q", "enqueue", "--id", "a", "--command", "true"]),
        ""
    );
    assert_eq!(
        home.ok(["enqueue", "--quiet", "--id", "b", "--command", "true"]),
        ""
    );
    assert_eq!(home.ok(["-q", "config", "set", "priority", "6"]), "");
    assert_eq!(home.ok(["-q", "dequeue", "a"]), "");
    assert_eq!(home.ok(["-q", "clear", "--yes"]), "");
    home.run(["-q", "show", "a"]).failed(3);
    // What was asked for is still said.
    assert_eq!(home.ok(["-q", "config", "get", "priority"]), "6\n");
}

#[test]
fn an_error_is_json_if_that_was_asked_for() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let cases: [(&[&str], i32, &str); 5] = [
        (&["show", "nobody"], 3, "not_found"),
        (
            &["enqueue", "--id", "a", "--command", "true"],
            4,
            "conflict",
        ),
        (
            &[
                "enqueue",
                "--id",
                "b",
                "--command",
                "true",
                "--priority",
                "11",
            ],
            2,
            "usage",
        ),
        (&["no-such-command"], 2, "usage"),
        (&["--db", ".", "status"], 5, "unavailable"),
    ];
    for (args, code, kind) in cases {
        for place in [0, args.len()] {
            let mut args = args.to_vec();
            args.insert(place, "--json");
            home.run(args).failed_as_json(code, kind);
        }
    }
}

#[test]
fn a_broken_pipe_is_silent() {
    let home = Home::new();
    for i in 0..60 {
        let line = jobs::says(&"long ".repeat(400));
        home.enqueue(&format!("job{i}"), &line, &[]);
    }
    for args in [&["--json", "list"][..], &["list"]] {
        let mut command = home.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let mut stdout = child.stdout.take().expect("stdout is a pipe");
        let mut start = [0; 1];
        stdout.read_exact(&mut start).expect("it begins to print");
        // More comes than a pipe holds, and nobody reads it.
        drop(stdout);
        let output = child.wait_with_output().expect("it ends");
        assert!(output.stderr.is_empty(), "{output:?}");
        let code = output.status.code();
        assert!(matches!(code, None | Some(0)), "{output:?}");
    }
}

#[test]
fn colour_is_for_terminals_or_on_demand() {
    let home = home_with_jobs();
    for args in [["list", "--color", "auto"], ["list", "--color", "never"]] {
        assert!(!home.ok(args).contains('\x1b'));
    }
    assert!(home.ok(["--color", "always", "list"]).contains('\x1b'));
    home.run(["--color", "sometimes", "list"]).failed(2);
}

#[test]
fn the_home_is_for_its_owner_alone() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.start_workers(&[]);
    home.wait_for_state("a", "completed");
    let mut folders = vec![home.path().join("data")];
    while let Some(folder) = folders.pop() {
        assert_eq!(system::open_to_others(&folder), None);
        for entry in std::fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(system::open_to_others(&path), None);
            }
        }
    }
    assert_eq!(items(&home.json(["list"])).len(), 1);
}
