//! `status`, and what is the same for all commands: global options, help, JSON, a pipe that breaks.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::jobs;
use crate::support::{Home, items, number, system, text};

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

#[test]
fn an_empty_queue_has_a_status() {
    let home = Home::new();
    insta::assert_snapshot!(home.session(&["queuectl status", "queuectl list", "queuectl dlq list", "queuectl worker list"]), @r"
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
    Database             ~/.queuectl/data/queuectl.db
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
    insta::assert_snapshot!(home.session(&["queuectl status"]), @r"
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
    Database             ~/.queuectl/data/queuectl.db
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
    assert_eq!(text(&status, "database"), home.database().to_string_lossy());
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let other = home.work("other.db");
    let other = other.to_str().expect("a temporary folder has a plain name");
    assert_eq!(
        home.run(["--json", "status"]).json(),
        home.run(["status", "--json"]).json()
    );
    assert_eq!(home.run(["dlq", "list", "--json"]).json(), json!([]));
    for args in [
        ["--db", other, "status", "--json"],
        ["status", "--json", "--db", other],
    ] {
        assert_eq!(number(&home.run(args).json(), "total"), 0);
    }
    let url = format!("sqlite:{other}");
    home.ok([
        "--db",
        &url,
        "enqueue",
        "--id",
        "there",
        "--command",
        "true",
    ]);
    let by_variable = home
        .command(["status", "--json"])
        .env("QUEUECTL_DB", other)
        .output();
    let by_variable: Value =
        serde_json::from_slice(&by_variable.expect("it runs").stdout).expect("JSON");
    assert_eq!(number(&by_variable, "total"), 1);
    assert_eq!(text(&by_variable, "database"), other);
    home.run(["show", "there"]).failed(3);
}

#[test]
fn the_store_is_in_the_home_of_the_user_if_nothing_else_was_said() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let mut usual = home.command(["--json", "status"]);
    let output = usual.env_remove("QUEUECTL_HOME").output();
    let status = output.expect("it runs").stdout;
    let status: Value = serde_json::from_slice(&status).expect("JSON");
    assert_eq!(number(&status, "total"), 1);
    assert_eq!(text(&status, "database"), home.database().to_string_lossy());
}

#[test]
fn every_command_has_help_with_an_example() {
    let home = Home::new();
    let commands = "enqueue; worker start; worker stop; worker list; status; list; show; dlq list; dlq retry; dlq clear; \
                    dlq add; config get; config set; clear; dequeue; doctor; backup; ";
    for command in commands.split("; ") {
        let help = home.ok(command.split_whitespace().chain(["--help"]));
        assert!(help.contains("Usage:"), "{command:?}: {help}");
        assert!(
            help.contains("Example"),
            "no example for {command:?}: {help}"
        );
        assert!(help.contains("queuectl "), "{command:?}: {help}");
    }
    // Asking for help makes nothing.
    assert!(!home.path().exists());
}

#[test]
fn help_says_more_than_the_list_of_commands() {
    let home = Home::new();
    for (command, more) in [
        ("enqueue", "With --from each line of a file is a job"),
        ("worker start", "trouble with the store only"),
        (
            "worker stop",
            "the command returns when all workers have ended",
        ),
        ("list", "the highest is run next"),
        ("show", "in the order in which they"),
        (
            "dequeue",
            "Its attempts and their output are deleted with it",
        ),
        ("clear", "settings stay"),
        ("doctor", "Workers may go on meanwhile"),
        ("backup", "The copy is of one moment"),
    ] {
        let help = home.ok(command.split_whitespace().chain(["--help"]));
        let words: Vec<_> = help.split_whitespace().collect();
        assert!(words.join(" ").contains(more), "{command:?}: {help}");
    }
}

#[test]
fn it_tells_its_version() {
    let home = Home::new();
    let version = home.ok(["--version"]);
    assert_eq!(version, format!("queuectl {}\n", env!("CARGO_PKG_VERSION")));
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
