//! A home that is copied, or unpacked over, while a worker works in it: the copy's files say nothing of processes.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::{Home, Output, items, number, system, text, wait_until};
use crate::jobs;

/// A home in which a worker runs job `a`; the processes of both.
fn at_work() -> (Home, i32, i32) {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let worker = home.start_workers(&[])[0];
    let job = home.wait_for_pid("a.pid");
    (home, worker, job)
}

fn done(command: &mut Command) {
    let status = command.status().expect("it can be started");
    assert!(status.success(), "{command:?}: {status}");
}

/// A copy of the home in the folder of the jobs, as `cp -a` makes it.
fn copied(home: &Home) -> PathBuf {
    let copy = home.work("copy");
    done(Command::new("cp").arg("-a").arg(home.path()).arg(&copy));
    copy
}

/// Calls the binary on the copy, with its own home or that of the original.
fn call(home: &Home, copy: &Path, own_home: bool, args: &[&str]) -> Output {
    let db = copy.join("data/queuectl.db");
    let db = db.to_str().expect("UTF-8");
    let own = format!("QUEUECTL_HOME={}", copy.display());
    let original = format!("QUEUECTL_HOME={}", home.path().display());
    // Whatever is started there is still found to be of this test by its place.
    let script = "cd \"$1\" && shift && exec env \"$@\"";
    let mut command = Command::new("sh");
    let variable = if own_home { own } else { original };
    command.args(["-c", script, "sh"]).arg(home.work(""));
    command.arg(variable).arg(crate::program::program());
    command.args(["--db", db]).args(args);
    let output = command.output().expect("`sh` can be started");
    Output {
        call: format!("{args:?} on the copy"),
        stdout: output.stdout,
        stderr: output.stderr,
        code: output.status.code(),
    }
}

/// The job of the original has run undisturbed, and its worker is well.
#[track_caller]
fn finish(home: &Home, worker: i32, job: i32) {
    assert!(system::is_alive(job), "the job was ended");
    assert!(system::is_alive(worker), "the worker was ended");
    home.touch("a.go");
    let job = home.wait_for_state("a", "completed");
    assert_eq!(
        (number(&job, "attempts"), items(&job["runs"]).len()),
        (1, 1)
    );
    assert_eq!(home.read("a.starts").lines().count(), 1, "it ran twice");
    home.ok(["worker", "stop"]);
    std::fs::remove_dir_all(home.work("copy")).expect("it is there");
}

#[test]
fn what_is_done_to_a_copy_ends_nothing_of_the_original() {
    for own_home in [true, false] {
        let (home, worker, job) = at_work();
        let copy = copied(&home);
        call(&home, &copy, own_home, &["status"]).succeeded();
        call(&home, &copy, own_home, &["doctor", "--fix"]);
        let stopped = call(&home, &copy, own_home, &["worker", "stop", "--now"]);
        assert!(
            stopped.succeeded().contains("No workers to stop"),
            "{stopped}"
        );
        let listed = call(&home, &copy, own_home, &["--json", "worker", "list"]).json();
        assert_eq!(text(&items(&listed)[0], "state"), "elsewhere");
        finish(&home, worker, job);
    }
}

#[test]
fn a_copy_has_its_jobs_back_when_its_worker_is_forgotten() {
    let (home, worker, job) = at_work();
    let copy = copied(&home);
    let listed = call(&home, &copy, true, &["--json", "worker", "list"]).json();
    let id = text(&items(&listed)[0], "id").to_owned();
    call(&home, &copy, true, &["worker", "forget", &id]).succeeded();
    let shown = call(&home, &copy, true, &["--json", "show", "a"]).json();
    assert_eq!(text(&shown, "state"), "pending");
    call(&home, &copy, true, &["doctor", "--fix"]);
    finish(&home, worker, job);
}

#[test]
fn a_copy_without_its_workers_in_its_store_is_cleared_of_nothing_that_runs() {
    let (home, worker, job) = at_work();
    let copy = copied(&home);
    std::fs::remove_file(copy.join("data/queuectl.db-wal")).expect("it is there");
    std::fs::remove_file(copy.join("data/queuectl.db")).expect("it is there");
    call(&home, &copy, true, &["enqueue", "--command", "true"]).succeeded();
    call(&home, &copy, true, &["doctor", "--fix"]);
    finish(&home, worker, job);
}

#[test]
fn an_archive_that_is_unpacked_over_a_home_ends_nothing_by_itself() {
    let (home, worker, job) = at_work();
    let copy = copied(&home);
    // It replaces each file by a new one.
    let unpacked = "cd \"$1\" && tar cf - . | tar xf - -C \"$2\"";
    let mut unpack = Command::new("sh");
    unpack
        .args(["-c", unpacked, "sh"])
        .arg(&copy)
        .arg(home.path());
    done(&mut unpack);
    home.run(["doctor", "--fix"]);
    home.run(["status"]).succeeded();
    assert!(system::is_alive(job), "the job was ended");
    assert_eq!(home.read("a.starts").lines().count(), 1);
    // Its worker notices that its files were replaced, and ends once its job has ended.
    home.touch("a.go");
    wait_until("the worker to end", || !system::is_alive(worker));
    // The store of the archive doesn't know that, nor does anything tell.
    home.start_workers(&[]);
    let workers = home.workers();
    let lost = workers.iter().find(|one| one["state"] == "elsewhere");
    let lost = text(lost.expect("it is listed"), "id");
    home.ok(["worker", "forget", lost]);
    home.wait_for_state("a", "completed");
    home.ok(["worker", "stop"]);
    std::fs::remove_dir_all(copy).expect("it is there");
}
