//! On a real terminal: nothing that came from a job or its user is obeyed by it, whoever shows it.

use std::ffi::OsString;

use crate::jobs;
use crate::support::{Home, Terminal, on_a_terminal, system};

/// What a terminal would obey: a title, a clear screen, hidden and turned text, a bell, ways back, and bytes that aren't UTF-8.
const EVIL: &[u8] =
    b"\x1b]0;owned\x07\x1b[2J\x1b[8m\x1b[7m\x9b2J\xc2\x9b2J\x08\x7f\rback\x0b\x0c\xe2\x80\xae\xe2\x81\xa6\xff!";

/// The same, as far as an argument that has to be UTF-8 can have it.
fn evil_text() -> String {
    String::from_utf8_lossy(EVIL).into_owned()
}

/// A home with jobs that have evil in their commands and output, one of them dead.
fn home() -> Home {
    let home = Home::new();
    std::fs::write(home.work("evil"), [EVIL, b"\n", EVIL].concat()).expect("a file can be written");
    let line = format!("cat evil; cat evil >&2; false '{}'", evil_text());
    home.ok(
        ["enqueue", "--id", "evil", "--max-retries", "1", "--command"]
            .iter()
            .chain(&[line.as_str()]),
    );
    let program: Vec<OsString> = ["enqueue", "--id", "argv", "--", "echo"]
        .iter()
        .map(OsString::from)
        .collect();
    home.ok(program.into_iter().chain([system::raw(EVIL)]));
    home
}

#[test]
fn what_jobs_print_is_shown_live_and_not_obeyed() {
    for concurrency in ["1", "4"] {
        let home = home();
        let args = [
            "worker",
            "start",
            "--foreground",
            "--until-idle",
            "--concurrency",
            concurrency,
        ];
        let told = on_a_terminal(home.command(args)).harmless();
        assert!(told.contains("owned") && told.contains("back"), "{told}");
    }
}

#[test]
fn no_view_is_obeyed() {
    let home = home();
    home.work_off();
    let name = "evil";
    let views: [&[&str]; 14] = [
        &["list"],
        &["list", "--state", "dead"],
        &["show", name],
        &["show", "argv"],
        &["status"],
        &["dlq", "list"],
        &["doctor"],
        &["config", "get"],
        &["--json", "list"],
        &["--json", "show", name],
        &["--json", "dlq", "list"],
        &["dlq", "retry", name],
        &["--json", "dequeue", name],
        &["dequeue", "argv"],
    ];
    for args in views {
        let told = on_a_terminal(home.command(args)).harmless();
        assert!(!told.is_empty(), "{args:?} says nothing");
    }
}

#[test]
fn no_error_is_obeyed() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let evil = evil_text();
    let evil = evil.as_str();
    let calls: [&[&str]; 17] = [
        &[evil],
        &["list", evil],
        &["show", evil],
        &["list", "--state", evil],
        &["dequeue", evil],
        &["dlq", "retry", evil],
        &["config", "set", evil, "1"],
        &["config", "set", "timeout", evil],
        &["config", "get", evil],
        &["enqueue", "--id", evil, "--command", "true"],
        &["enqueue", "--cwd", evil, "--command", "true"],
        &["enqueue", "--shell", evil, "--command", "true"],
        &["enqueue", "--timeout", evil, "--command", "true"],
        &["--db", evil, "backup", evil],
        &["--json", "show", evil],
        &["--json", "config", "set", "timeout", evil],
        &["worker", "start", "--count", evil],
    ];
    for args in calls {
        let told = on_a_terminal(home.command(args)).harmless();
        assert!(told.contains("error"), "{args:?}: {told}");
    }
}

#[test]
fn no_file_of_jobs_is_obeyed() {
    let home = Home::new();
    let name = system::raw(&[EVIL, b".jsonl"].concat());
    let file = home.work("").join(&name);
    let field = "\u{9b}2J\u{202e}\u{7f}";
    let lines = [
        format!("{{\"command\": \"true\", \"{field}\": 1}}"),
        format!("{{\"command\": \"true\", \"priority\": \"{field}\"}}"),
        format!("{{\"command\": \"true\", \"cwd\": \"/{field}\"}}"),
        format!("{{\"command\": \"true {field}\"}}"),
        evil_text(),
    ];
    for line in lines {
        let content = "{\"command\": \"true\"}\n".repeat(3000) + &line + "\n";
        std::fs::write(&file, content).expect("a file can be written");
        let mut args: Vec<OsString> = vec!["enqueue".into(), "--from".into()];
        args.push(name.clone());
        let told = on_a_terminal(home.command(args)).harmless();
        assert!(!told.is_empty());
    }
}

#[test]
fn no_part_of_a_store_is_obeyed_though_somebody_else_wrote_it() {
    let home = home();
    home.work_off();
    let store = rusqlite::Connection::open(home.database()).expect("the store can be opened");
    let evil = evil_text();
    store
        .execute("UPDATE jobs SET last_error = ?1", [&evil])
        .expect("SQL");
    store
        .execute("UPDATE attempts SET error = ?1", [&evil])
        .expect("SQL");
    drop(store);
    for args in [
        &["dlq", "list"][..],
        &["show", "argv"],
        &["list"],
        &["--json", "show", "argv"],
    ] {
        on_a_terminal(home.command(args)).harmless();
    }
}

#[test]
fn a_job_has_no_way_to_the_terminal_of_its_worker() {
    let home = Home::new();
    // What the system lets it open in /dev and /proc is not what its worker has.
    let line = "for fd in /proc/self/fd/*; do echo EVIL > \"$fd\"; done 2>/dev/null; \
                echo EVIL > /dev/tty || read typed < /dev/tty || echo no terminal";
    home.enqueue("a", line, &[]);
    let pids = home.start_workers(&[]);
    assert_eq!(pids.len(), 1);
    let has_none = |id: &str| {
        let job = home.wait_for_state(id, "completed");
        let output = job["output"].as_str().expect("text");
        assert!(output.contains("no terminal"), "{job}");
    };
    has_none("a");
    home.ok(["worker", "stop"]);

    // In the foreground its worker has one, at which somebody types.
    home.enqueue("b", line, &[]);
    let terminal = Terminal::start(home.command(["worker", "start", "--foreground"]));
    terminal.wait_until_it_shows("no terminal");
    terminal.types("secret\n");
    has_none("b");
    terminal.types("\x03");
    assert_eq!(terminal.ended(), Some(0));
}
