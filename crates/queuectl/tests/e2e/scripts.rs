//! Scripts that name the program which reads them, and byte order marks before commands.

use serde_json::json;

use crate::jobs;
use crate::support::{Home, text};

/// A script that `fake-job` reads, so to speak: it is told `args`, and prints the script's name.
const SCRIPT: &str = "#!fake-job args\nwhatever it is, no shell reads it: \"'`(\n";

/// What is printed by a job that is to run [`SCRIPT`].
#[track_caller]
fn is_run_by_its_program(home: &Home, id: &str) {
    let job = home.show(id);
    assert_eq!(text(&job, "state"), "completed", "{job}");
    let printed = text(&job, "output");
    let scripts = home.seen("data/workers").display().to_string();
    assert!(printed.starts_with(&format!("[{scripts}")), "{printed}");
}

#[test]
fn a_script_is_run_by_the_program_that_it_names_wherever_it_comes_from() {
    let home = Home::new();
    // Whatever the usual shell is, it isn't for scripts.
    home.ok(["config", "set", "shell", "no-such-shell"]);
    home.enqueue("given", SCRIPT, &[]);
    let read = ["enqueue", "--id", "read", "--command", "-"];
    let marked = format!("\u{feff}{}", SCRIPT.replace('\n', "\r\n"));
    home.run_with_stdin(&read, marked.as_bytes()).succeeded();
    let line = json!({ "id": "json", "command": SCRIPT }).to_string();
    home.run_with_stdin(&["enqueue", "--from", "-"], line.as_bytes())
        .succeeded();
    let line = format!("\u{feff}{}\n", SCRIPT.lines().next().unwrap_or_default());
    home.run_with_stdin(&["enqueue", "--from", "-", "--lines"], line.as_bytes())
        .succeeded();
    home.work_off();
    for id in ["given", "read", "json", "j000004"] {
        is_run_by_its_program(&home, id);
    }
    let left = home.seen("data/workers").read_dir().expect("it is there");
    let left = left.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().starts_with("line-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_shell_that_was_asked_for_reads_a_script_all_the_same() {
    let home = Home::new();
    // A comment in each shell's own way: `cmd` doesn't take `#!` for one.
    let script = if cfg!(windows) {
        "#!no-such-program 2>nul & echo by a shell"
    } else {
        "#!no-such-program\necho by a shell"
    };
    home.enqueue("option", script, &["--shell", "default"]);
    let line = json!({ "id": "field", "command": script, "shell": "default" }).to_string();
    home.run_with_stdin(&["enqueue", "--from", "-"], line.as_bytes())
        .succeeded();
    let line = json!({ "id": "all", "command": script }).to_string();
    let from = ["enqueue", "--from", "-", "--shell", "default"];
    home.run_with_stdin(&from, line.as_bytes()).succeeded();
    home.work_off();
    for id in ["option", "field", "all"] {
        let job = home.show(id);
        assert_eq!(text(&job, "output").trim_end(), "by a shell", "{job}");
        assert_eq!(job["shell"], "default");
    }
}

#[test]
fn a_program_that_is_not_there_is_said_to_be_named_by_the_script() {
    let home = Home::new();
    let once = ["--max-retries", "1"];
    home.enqueue("name", "#!no-such-program -x\necho", &once);
    home.enqueue("path", "#!/no/such/program\necho", &once);
    home.work_off();
    let name = home.show("name");
    assert_eq!(
        text(&name, "last_error"),
        "can't start `no-such-program`, which the script's first line names: not found in PATH"
    );
    assert_eq!(name["runs"][0]["outcome"], "not_started");
    let path = home.show("path");
    let (program, reason) = if cfg!(windows) {
        ("program", "not found in PATH")
    } else {
        ("/no/such/program", "no such file")
    };
    assert_eq!(
        text(&path, "last_error"),
        format!("can't start `{program}`, which the script's first line names: {reason}")
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_command() {
    let home = Home::new();
    let line = format!("\u{feff}{}", jobs::says("hello"));
    let read = ["enqueue", "--id", "read", "--command", "-"];
    home.run_with_stdin(&read, format!("{line}\r\n").as_bytes())
        .succeeded();
    home.enqueue("given", &line, &[]);
    let two = format!("{line}\n{line}\n");
    home.run_with_stdin(&["enqueue", "--from", "-", "--lines"], two.as_bytes())
        .succeeded();
    home.run_with_stdin(&read[..4], b"").failed(2);
    home.run_with_stdin(&["enqueue", "--command", "-"], "\u{feff}\n".as_bytes())
        .failed(2);
    home.work_off();
    for id in ["read", "given", "j000003", "j000004"] {
        let job = home.show(id);
        assert_eq!(text(&job, "output").trim_end(), "hello", "{job}");
        assert_eq!(text(&job, "command"), jobs::says("hello"));
    }
}

#[cfg(unix)]
mod unix {
    use super::*;

    #[test]
    fn the_rest_of_the_line_is_one_argument_and_the_script_is_as_it_was() {
        let home = Home::new();
        home.enqueue("whole", "#!/bin/cat\n  é\r\n\nlast", &[]);
        home.enqueue("one", "#! /usr/bin/printf \t<%s> and more \r\n", &[]);
        home.enqueue("flag", "#!/bin/sh -e\nfalse\necho went on", &[]);
        let args = "#!/usr/bin/env -S sh -u\necho \"$0\"; echo \"${none}\"";
        home.enqueue("several", args, &["--max-retries", "1"]);
        home.work_off();
        let output = |id: &str| text(&home.show(id), "output").to_owned();
        assert_eq!(output("whole"), "#!/bin/cat\n  é\r\n\nlast\n");
        let scripts = home.seen("data/workers").display().to_string();
        let one = output("one");
        assert!(
            one.starts_with(&format!("<{scripts}")) && one.ends_with("> and more"),
            "{one}"
        );
        assert_eq!(output("flag"), "");
        let several = home.show("several");
        assert!(text(&several, "last_error").contains("none"), "{several}");
    }

    #[test]
    fn a_script_may_be_as_long_as_a_command() {
        let home = Home::new();
        let script = format!("#!/usr/bin/tail -n1\n{}\nok\n", "(".repeat(1024 * 1024));
        let read = ["enqueue", "--id", "long", "--command", "-"];
        home.run_with_stdin(&read, script.as_bytes()).succeeded();
        home.work_off();
        assert_eq!(text(&home.show("long"), "output"), "ok\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_has_to_be_executable_where_scripts_are_kept() {
        let home = Home::with_mounts("mount -t tmpfs -o noexec,mode=0755 tmpfs \"$1\"");
        home.enqueue("a", "#!/bin/cat\nok", &[]);
        home.work_off();
        assert_eq!(text(&home.show("a"), "output"), "#!/bin/cat\nok\n");
    }
}
