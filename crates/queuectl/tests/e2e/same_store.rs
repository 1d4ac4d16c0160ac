//! A `queuectl` that a job calls finds the store of its worker, wherever the job runs and however the store was named.

use std::path::Path;

use crate::jobs;
use crate::support::{Home, ids, text, wait_until};

/// A program, to be run as a job, that adds a job of this id to whichever store it finds.
fn adds(id: &str) -> [&str; 7] {
    [
        "queuectl",
        "enqueue",
        "--id",
        id,
        "--command",
        jobs::SUCCEEDS,
        "--quiet",
    ]
}

/// A home with a folder for jobs that isn't the one in which the binary is called.
fn home() -> Home {
    let home = Home::new();
    std::fs::create_dir(home.work("elsewhere")).expect("a folder can be made");
    home
}

#[track_caller]
fn calls(home: &Home, options: &[&str], args: &[&str]) -> String {
    home.ok(options.iter().chain(args))
}

#[track_caller]
fn enqueues(home: &Home, options: &[&str], id: &str, argv: &[&str]) {
    let enqueue = ["enqueue", "--id", id, "--cwd", "elsewhere", "--"];
    calls(home, options, &[&enqueue[..], argv].concat());
}

#[test]
fn a_store_that_was_named_is_that_of_jobs_in_the_foreground_and_the_background() {
    for name in ["other.db", "sqlite:other.db"] {
        let home = home();
        let db = ["--db", name];
        enqueues(&home, &db, "front", &adds("of-front"));
        calls(&home, &db, &["worker", "start", "-f", "--until-idle"]);
        enqueues(&home, &db, "back", &adds("of-back"));
        calls(&home, &db, &["worker", "start"]);
        let all = ["of-back", "back", "of-front", "front"];
        wait_until("the job in the background to have called", || {
            ids(&home.json(["--db", name, "list"])) == all
        });
        calls(&home, &db, &["worker", "stop"]);
        assert!(!home.database().exists(), "the default store was used");
    }
}

#[test]
fn the_default_store_is_that_of_a_folder_that_was_named_by_a_relative_path() {
    let home = home();
    let call = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("QUEUECTL_HOME", Path::new("own"));
        let output = command.output().expect("it can be started");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let enqueue = ["enqueue", "--id", "a", "--cwd", "elsewhere", "--"];
    call(&[&enqueue[..], &adds("of-a")].concat());
    call(&["worker", "start", "--foreground", "--until-idle"]);
    let list: serde_json::Value = serde_json::from_slice(&call(&["--json", "list"])).expect("JSON");
    assert_eq!(ids(&list), ["of-a", "a"]);
    assert!(!home.work("elsewhere/own").exists());
}

#[test]
fn what_jobs_are_told_is_absolute_and_the_same_in_both() {
    let home = home();
    let db = ["--db", "other.db"];
    let prints = [jobs::PROGRAM, "env", "QUEUECTL_DB", "env", "QUEUECTL_HOME"];
    enqueues(&home, &db, "front", &prints);
    calls(&home, &db, &["worker", "start", "-f", "--until-idle"]);
    calls(&home, &db, &["worker", "start"]);
    enqueues(&home, &db, "back", &prints);
    let told = |id: &str| {
        let mut output = String::new();
        wait_until("the job to be completed", || {
            let job = home.json(["--db", "other.db", "show", id]);
            text(&job, "output").clone_into(&mut output);
            job["state"] == "completed"
        });
        output
    };
    let store = home.work("other.db");
    let expected = format!("{}\n{}\n", store.display(), home.path().display());
    assert_eq!([told("front"), told("back")], [&*expected, &expected]);
    calls(&home, &db, &["worker", "stop"]);
}
