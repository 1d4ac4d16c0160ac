//! `enqueue --from`: a job for each line of a file, all or none.

use serde_json::json;

use super::support::{Home, ids, items, number, text};
use crate::jobs;

/// A home with a file `jobs.jsonl` of these lines.
fn home_with(lines: &[&str]) -> Home {
    let home = Home::new();
    home.make_store();
    home.write("jobs.jsonl", lines.join("\n").as_bytes());
    home
}

#[test]
fn each_line_of_a_file_is_a_job() {
    let home = home_with(&[
        r#"{"id": "line", "command": "echo $0 of line"}"#,
        r#"{"id": "argv", "argv": ["fake-job", "out", "$0 a  b"]}"#,
        r#"{"id": "all", "command": "fake-job cwd", "timeout": 15.5, "max_retries": 7, "backoff_base": 4, "priority": 10, "cwd": "sub"}"#,
        r#"{"command": "echo without a name"}"#,
    ]);
    std::fs::create_dir(home.work("sub")).expect("a folder can be made");
    insta::assert_snapshot!(home.session(&["queuectl enqueue --from jobs.jsonl"]), @"
    $ queuectl enqueue --from jobs.jsonl
    Enqueued 4 jobs
    ");
    let listed = home.json(["list"]);
    let [made, named @ ..] = &ids(&listed)[..] else {
        panic!("{listed}")
    };
    assert!(made.starts_with('j'), "{made}");
    assert_eq!(named, ["all", "argv", "line"]);
    let all = home.show("all");
    let given = ["max_retries", "backoff_base", "priority"].map(|key| number(&all, key));
    assert_eq!(given, [7, 4, 10]);
    assert_eq!(all["timeout"], json!(15.5));
    home.work_off();
    assert_eq!(text(&home.show("argv"), "output"), "$0 a  b\n");
    let ran_in = home.work("sub").to_string_lossy().into_owned();
    assert_eq!(text(&home.show("all"), "output").trim_end(), ran_in);
    assert_eq!(number(&home.json(["status"]), "completed"), 4);
}

#[test]
fn what_a_line_does_not_say_the_options_say_and_then_the_settings() {
    let home = home_with(&[
        r#"{"id": "bare", "command": "true"}"#,
        r#"{"id": "own", "command": "true", "priority": 9, "timeout": 0, "cwd": "sub"}"#,
    ]);
    std::fs::create_dir(home.work("sub")).expect("a folder can be made");
    home.ok(["config", "set", "max_retries", "6"]);
    home.ok(["config", "set", "priority", "2"]);
    std::fs::create_dir(home.work("other")).expect("a folder can be made");
    let options = ["--priority", "3", "--timeout", "60", "--cwd", "other"];
    home.ok(["enqueue", "--from", "jobs.jsonl"].iter().chain(&options));
    let values = |id: &str| {
        let job = home.show(id);
        let numbers = ["priority", "timeout", "max_retries"].map(|key| number(&job, key));
        (numbers, text(&job, "cwd").to_owned())
    };
    let [other, sub] = ["other", "sub"].map(|it| home.work(it).to_string_lossy().into_owned());
    assert_eq!(values("bare"), ([3, 60, 6], other));
    assert_eq!(values("own"), ([9, 0, 6], sub));
}

#[test]
fn the_jobs_can_come_through_a_pipe() {
    let home = Home::new();
    let lines = b"{\"id\": \"a\", \"command\": \"true\"}\n{\"id\": \"b\", \"command\": \"true\"}\n";
    let output = home.run_with_stdin(&["enqueue", "--from", "-"], lines);
    assert_eq!(output.succeeded(), "Enqueued 2 jobs\n");
    assert_eq!(ids(&home.json(["list"])), ["b", "a"]);
    let kept = std::fs::read_dir(home.seen("data")).expect("the folder is there");
    let kept = kept.map(|entry| entry.expect("it can be read").file_name());
    let mut kept: Vec<_> = kept.filter(|name| name != "workers").collect();
    kept.retain(|name| !name.to_string_lossy().starts_with("queuectl.db"));
    assert!(kept.is_empty(), "a copy was left behind: {kept:?}");
}

#[test]
fn a_line_can_be_nothing_but_a_command() {
    let home = Home::new();
    home.write(
        "commands",
        b"echo one\n\n  \t\r\necho '{\"two\": 2}' # two\r\n echo three",
    );
    let said = home.ok([
        "enqueue",
        "--from",
        "commands",
        "--lines",
        "--priority",
        "7",
    ]);
    assert_eq!(said, "Enqueued 3 jobs\n");
    let listed = home.json(["list"]);
    let commands = items(&listed).iter().map(|job| text(job, "command"));
    let commands: Vec<_> = commands.collect();
    assert_eq!(
        commands,
        [" echo three", "echo '{\"two\": 2}' # two", "echo one"]
    );
    assert!(
        items(&listed)
            .iter()
            .all(|job| number(job, "priority") == 7)
    );
}

#[test]
fn a_file_may_be_as_other_systems_write_it() {
    let home = Home::new();
    home.write(
        "jobs.jsonl",
        b"\xef\xbb\xbf{\"id\": \"a\", \"command\": \"true\"}\r\n\r\n{\"id\": \"b\", \"command\": \"true\"}",
    );
    home.ok(["enqueue", "--from", "jobs.jsonl"]);
    assert_eq!(ids(&home.json(["list"])), ["b", "a"]);
}

#[test]
fn an_empty_file_has_no_jobs() {
    let home = home_with(&[]);
    assert_eq!(
        home.ok(["enqueue", "--from", "jobs.jsonl"]),
        "Enqueued 0 jobs\n"
    );
    assert_eq!(home.json(["enqueue", "--from", "jobs.jsonl"]), json!([]));
    assert_eq!(home.total(), 0);
}

#[test]
fn what_is_wrong_with_a_line_is_told_and_nothing_is_added() {
    let home = Home::new();
    home.enqueue("taken", jobs::SUCCEEDS, &[]);
    let good = "{\"id\": \"good\", \"command\": \"true\"}";
    let files: [(&str, &[u8]); 9] = [
        ("field", b"{\"command\": \"true\", \"comand\": \"false\"}"),
        ("both", b"{\"command\": \"true\", \"argv\": [\"true\"]}"),
        ("json", b"{\"command\": true"),
        ("range", b"{\"command\": \"true\", \"priority\": 11}"),
        ("text", b"make all"),
        ("bytes", b"{\"command\": \"echo \xff\"}"),
        ("zero", b"{\"command\": \"echo \\u0000\"}"),
        ("twice", b"{\"id\": \"good\", \"command\": \"false\"}"),
        ("there", b"{\"id\": \"taken\", \"command\": \"false\"}"),
    ];
    for (name, bad) in files {
        home.write(name, &[good.as_bytes(), b"\n\n", bad, b"\n"].concat());
    }
    let calls = files.map(|(name, _)| format!("queuectl enqueue --from {name}"));
    let calls: Vec<_> = calls.iter().map(String::as_str).collect();
    insta::assert_snapshot!(home.session(&calls), @r#"
    $ queuectl enqueue --from field
    error: line 3 of `field`: unknown field `comand`, expected one of `id`, `command`, `argv`, `timeout`, `max_retries`, `backoff_base`, `priority`, `cwd`, `shell` (column 28)
    hint: correct the line, and give the file again; nothing was enqueued
    [exit code 2]
    $ queuectl enqueue --from both
    error: line 3 of `both`: there are two commands, one in `command` and one in `argv`
    hint: correct the line, and give the file again; nothing was enqueued
    [exit code 2]
    $ queuectl enqueue --from json
    error: line 3 of `json`: invalid type: boolean `true`, expected a string (column 16)
    hint: correct the line, and give the file again; nothing was enqueued
    [exit code 2]
    $ queuectl enqueue --from range
    error: line 3 of `range`: priority must be a whole number from 1 to 10, not `11`
    hint: correct the line, and give the file again; nothing was enqueued
    [exit code 2]
    $ queuectl enqueue --from text
    error: line 3 of `text`: it isn't a JSON object
    hint: write a line such as {"command": "true"} for each job, or say --lines if each line is a command
    [exit code 2]
    $ queuectl enqueue --from bytes
    error: line 3 of `bytes`: it isn't valid UTF-8
    hint: save the file as UTF-8; nothing was enqueued
    [exit code 2]
    $ queuectl enqueue --from zero
    error: line 3 of `zero`: a command can't contain a NUL byte
    hint: correct the line, and give the file again; nothing was enqueued
    [exit code 2]
    $ queuectl enqueue --from twice
    error: line 3 of `twice`: job 'good' is in line 1 already
    hint: give each job an id of its own, or none; nothing was enqueued
    [exit code 4]
    $ queuectl enqueue --from there
    error: line 3 of `there`: job 'taken' already exists
    hint: pass over jobs that exist with --skip-existing; nothing was enqueued
    [exit code 4]
    "#);
    assert_eq!(ids(&home.json(["list"])), ["taken"]);
    let output = home.run(["--json", "enqueue", "--from", "there"]);
    output.failed_as_json(4, "conflict");
}

#[test]
fn a_line_of_commands_has_no_nul_and_is_text() {
    let home = Home::new();
    for (number, bad) in [&b"echo a\0b"[..], b"echo \xff"].iter().enumerate() {
        let name = format!("bad{number}");
        home.write(&name, &[b"true\n", *bad].concat());
        let output = home.run(["enqueue", "--lines", "--from", &name]);
        assert!(output.failed(2).contains("line 2 of"), "{output}");
    }
    assert_eq!(home.total(), 0);
}

#[test]
fn a_file_that_can_not_be_read_is_refused() {
    let home = Home::new();
    home.make_store();
    home.run(["enqueue", "--from", "nowhere"]).failed(2);
    let error = home.run(["enqueue", "--from", "."]);
    assert!(error.failed(2).contains("is a folder"), "{error}");
    assert_eq!(home.total(), 0);
}

#[test]
fn what_is_of_one_job_does_not_go_with_a_file() {
    let home = home_with(&[r#"{"command": "true"}"#]);
    let from = ["enqueue", "--from", "jobs.jsonl"];
    for more in [
        &["--id", "a"][..],
        &["--command", "true"],
        &["--", "true"],
        &["--lines", "--skip-existing"],
    ] {
        home.run(from.iter().chain(more)).failed(2);
    }
    for only in ["--lines", "--skip-existing"] {
        home.run(["enqueue", "--command", "true", only]).failed(2);
    }
    assert_eq!(home.total(), 0);
}

#[test]
fn the_same_file_can_be_given_again_and_only_what_is_new_is_added() {
    let home = home_with(&[
        r#"{"id": "a", "command": "echo one"}"#,
        r#"{"id": "b", "command": "echo two"}"#,
    ]);
    home.ok(["enqueue", "--from", "jobs.jsonl"]);
    home.work_off();
    home.write(
        "jobs.jsonl",
        b"{\"id\": \"a\", \"command\": \"echo other\"}\n{\"id\": \"c\", \"command\": \"true\"}\n{\"id\": \"b\", \"command\": \"true\"}\n",
    );
    let again = ["enqueue", "--from", "jobs.jsonl", "--skip-existing"];
    assert_eq!(home.ok(again), "Enqueued 1 job, passed over 2 that exist\n");
    assert_eq!(ids(&home.json(["list"])), ["c", "b", "a"]);
    let a = home.show("a");
    assert_eq!(
        (text(&a, "command"), text(&a, "state")),
        ("echo one", "completed")
    );
}

#[test]
fn an_id_that_comes_twice_is_wrong_even_where_ids_may_exist() {
    let home = home_with(&[
        r#"{"id": "a", "command": "echo one"}"#,
        r#"{"id": "a", "command": "echo two"}"#,
    ]);
    let again = ["enqueue", "--from", "jobs.jsonl", "--skip-existing"];
    let output = home.run(again);
    assert!(output.failed(4).contains("line 2 of"), "{output}");
    assert_eq!(home.total(), 0);
}

#[test]
fn programs_are_told_each_id_in_the_order_of_the_file() {
    let home = home_with(&[
        r#"{"id": "a", "command": "true"}"#,
        r#"{"command": "true"}"#,
        r#"{"id": "b", "command": "true"}"#,
    ]);
    let told = home.json(["enqueue", "--from", "jobs.jsonl"]);
    let again = home.json(["enqueue", "--from", "jobs.jsonl", "--skip-existing"]);
    let made = [&told, &again].map(|told| text(&told[1], "id").to_owned());
    let listed = home.json(["list"]);
    assert_eq!(ids(&listed), [&*made[1], "b", &*made[0], "a"]);
    let element = |id: &str, skipped| json!({ "id": id, "skipped": skipped });
    for (told, made, skipped) in [(told, &made[0], false), (again, &made[1], true)] {
        let all = [
            element("a", skipped),
            element(made, false),
            element("b", skipped),
        ];
        assert_eq!(told, json!(all));
    }
    assert_eq!(
        home.ok(["-q", "enqueue", "--lines", "--from", "jobs.jsonl"]),
        ""
    );
}

#[test]
fn more_jobs_than_go_at_once_all_get_in_and_in_order() {
    let home = Home::new();
    let lines =
        (0..25_000).map(|number| format!("{{\"id\": \"n{number}\", \"command\": \"true\"}}\n"));
    home.write("jobs.jsonl", lines.collect::<String>().as_bytes());
    let told = home.json(["enqueue", "--from", "jobs.jsonl"]);
    let names = ids(&told);
    assert_eq!(
        (names.len(), &*names[0], &*names[24_999]),
        (25_000, "n0", "n24999")
    );
    assert_eq!(home.total(), 25_000);
    assert_eq!(
        ids(&home.json(["-q", "list", "--limit", "2"])),
        ["n24999", "n24998"]
    );
    home.check_store();
}
