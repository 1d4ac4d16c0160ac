//! What is the same for all commands whatever the store: where that is, global options, help.

use serde_json::{Value, json};

use crate::jobs;
use crate::support::{Home, number, text};

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
    home.ok(["--db", other, "config", "set", "priority", "5"]);
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
fn the_status_names_the_file_of_the_store() {
    let home = Home::new();
    home.make_store();
    let status = home.json(["status"]);
    assert_eq!(text(&status, "database"), home.database().to_string_lossy());
}

#[test]
fn it_tells_its_version() {
    let home = Home::new();
    let version = home.ok(["--version"]);
    assert_eq!(version, format!("queuectl {}\n", env!("CARGO_PKG_VERSION")));
}
