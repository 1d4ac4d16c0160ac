//! `enqueue`: what is stored is what was given, and what was not given comes from the settings.

use std::path::PathBuf;

use serde_json::json;

use super::support::{Home, ids, number, text};
use crate::jobs;

#[test]
fn it_says_what_it_did() {
    let home = Home::new();
    insta::assert_snapshot!(home.session(&[
        "queuectl enqueue --id job1 --command 'echo Hello World'",
        "queuectl enqueue --command 'echo made up'",
        "queuectl enqueue -- printf '%s\\n' 'two words'",
        "queuectl enqueue --id job1 --command 'echo again'",
        "queuectl --json enqueue --id job2 --command true",
        "queuectl -q enqueue --id job3 --command true",
    ]), @r#"
    $ queuectl enqueue --id job1 --command 'echo Hello World'
    Job 'job1' enqueued successfully
    $ queuectl enqueue --command 'echo made up'
    Job 'j000002' enqueued successfully
    $ queuectl enqueue -- printf '%s\n' 'two words'
    Job 'j000003' enqueued successfully
    $ queuectl enqueue --id job1 --command 'echo again'
    error: job 'job1' already exists
    hint: choose another id, or look at it with `queuectl show job1`
    [exit code 4]
    $ queuectl --json enqueue --id job2 --command true
    {"id":"job2"}
    $ queuectl -q enqueue --id job3 --command true
    "#);
}

#[test]
fn every_option_is_stored() {
    let home = Home::new();
    std::fs::create_dir(home.work("sub")).expect("a folder can be made");
    let mut args = vec!["enqueue", "--id", "all", "--command", "echo all"];
    args.extend([
        "--timeout",
        "1.5",
        "--max-retries",
        "7",
        "--backoff-base",
        "4",
    ]);
    args.extend(["--priority", "10", "--shell", "bash", "--cwd", "sub"]);
    assert_eq!(home.json(args), json!({ "id": "all" }));
    let job = home.show("all");
    assert_eq!(text(&job, "command"), "echo all");
    assert_eq!(job["argv"], json!(null));
    assert_eq!(job["timeout"], json!(1.5));
    assert_eq!(number(&job, "max_retries"), 7);
    assert_eq!(number(&job, "backoff_base"), 4);
    assert_eq!(number(&job, "priority"), 10);
    assert_eq!(text(&job, "shell"), "bash");
    assert_eq!(text(&job, "cwd"), home.work("sub").to_string_lossy());
}

#[test]
fn what_is_not_given_has_the_built_in_value() {
    let home = Home::new();
    home.enqueue("plain", jobs::SUCCEEDS, &[]);
    let job = home.show("plain");
    let given = ["timeout", "max_retries", "backoff_base", "priority"].map(|key| number(&job, key));
    assert_eq!(given, [20, 3, 2, 5]);
    let here = home.work("");
    assert_eq!(
        text(&job, "cwd"),
        here.to_string_lossy().trim_end_matches(['/', '\\'])
    );
}

#[test]
fn what_is_not_given_comes_from_the_settings_of_that_moment() {
    let home = Home::new();
    home.enqueue("before", jobs::SUCCEEDS, &[]);
    for (key, value) in [
        ("timeout", "60"),
        ("max_retries", "5"),
        ("backoff-base", "3"),
        ("priority", "1"),
    ] {
        home.ok(["config", "set", key, value]);
    }
    home.enqueue("after", jobs::SUCCEEDS, &[]);
    home.enqueue("own", jobs::SUCCEEDS, &["--priority", "8"]);
    let values = |id: &str| {
        let job = home.show(id);
        ["timeout", "max_retries", "backoff_base", "priority"].map(|key| number(&job, key))
    };
    assert_eq!(values("before"), [20, 3, 2, 5]);
    assert_eq!(values("after"), [60, 5, 3, 1]);
    assert_eq!(values("own"), [60, 5, 3, 8]);
}

#[test]
fn a_timeout_of_zero_is_none() {
    let home = Home::new();
    home.enqueue("endless", jobs::SUCCEEDS, &["--timeout", "0"]);
    assert_eq!(number(&home.show("endless"), "timeout"), 0);
    home.work_off();
    assert_eq!(text(&home.show("endless"), "state"), "completed");
}

#[test]
fn ids_that_are_made_are_short_sort_by_age_and_never_come_again() {
    let home = Home::new();
    let enqueue = || text(&home.json(["enqueue", "--command", "true"]), "id").to_owned();
    let (a, b, c) = (enqueue(), enqueue(), enqueue());
    assert!(a < b && b < c, "{a} {b} {c}");
    assert!(a.len() <= 12, "{a}");
    home.ok(["dequeue", &c]);
    let d = enqueue();
    assert!(d > c, "{d} after {c} was removed");
    home.ok(["clear", "--yes"]);
    let e = enqueue();
    assert!(e > d, "{e} after {d} was removed");
    assert_eq!(ids(&home.json(["list"])), [e]);
}

#[test]
fn an_id_that_is_taken_by_hand_is_stepped_over() {
    let home = Home::new();
    let first = text(&home.json(["enqueue", "--command", "true"]), "id").to_owned();
    let number = first.trim_start_matches('j').trim_start_matches('0');
    assert_eq!(number, "1", "the first id is {first}");
    let next = first.replace('1', "2");
    home.enqueue(&next, "echo taken", &[]);
    let made = text(&home.json(["enqueue", "--command", "true"]), "id").to_owned();
    assert!(made > next, "{made}");
    assert_eq!(text(&home.show(&next), "command"), "echo taken");
}

#[test]
fn an_id_that_exists_is_a_conflict_and_changes_nothing() {
    let home = Home::new();
    home.enqueue("backup", &jobs::says("one"), &["--priority", "3"]);
    home.work_off();
    let before = home.show("backup");
    let again = [
        "enqueue",
        "--id",
        "backup",
        "--command",
        "echo two",
        "--priority",
        "9",
    ];
    let error = home.run(again).failed(4).to_owned();
    assert!(error.contains("'backup'"), "{error}");
    assert_eq!(home.show("backup"), before);
    assert_eq!(number(&home.json(["status"]), "total"), 1);
}

#[test]
fn an_argv_needs_no_shell_and_is_shown_quoted() {
    let home = Home::new();
    let argv = [jobs::PROGRAM, "out", "$HOME %PATH% a  b"];
    home.ok(["enqueue", "--id", "direct", "--"].iter().chain(&argv));
    home.work_off();
    let job = home.show("direct");
    assert_eq!(text(&job, "output"), "$HOME %PATH% a  b\n");
    assert_eq!(job["argv"], json!(argv));
    assert_eq!(text(&job, "command"), "fake-job out '$HOME %PATH% a  b'");
}

#[test]
fn a_job_runs_where_it_was_enqueued_or_was_told_to() {
    let home = Home::new();
    std::fs::create_dir(home.work("sub")).expect("a folder can be made");
    home.enqueue("here", &jobs::prints_its_directory(), &[]);
    home.enqueue("relative", &jobs::prints_its_directory(), &["--cwd", "sub"]);
    let elsewhere = home.work("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder can be made");
    let absolute = elsewhere
        .to_str()
        .expect("a temporary folder has a plain name");
    home.enqueue(
        "absolute",
        &jobs::prints_its_directory(),
        &["--cwd", absolute],
    );
    // A worker's own directory has nothing to do with it.
    let mut worker = home.command(["worker", "start", "--foreground", "--until-idle"]);
    worker.current_dir(home.work("").parent().expect("it is in a folder"));
    assert!(worker.output().expect("it can be run").status.success());
    let ran_in = |id: &str| PathBuf::from(text(&home.show(id), "output").trim_end());
    assert_eq!(ran_in("here"), home.work(""));
    assert_eq!(ran_in("relative"), home.work("sub"));
    assert_eq!(ran_in("absolute"), elsewhere);
}

#[test]
fn a_command_of_64_mebibytes_is_refused_with_the_limit() {
    let home = Home::new();
    home.make_store();
    let args = ["enqueue", "--id", "huge", "--command", "-"];
    let line = "x".repeat(64 * 1024 * 1024);
    let output = home.run_with_stdin(&args, line.as_bytes());
    let error = output.failed(2);
    assert!(error.contains("16 MiB"), "{error}");
    home.run(["show", "huge"]).failed(3);
}
