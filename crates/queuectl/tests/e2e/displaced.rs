//! A worker whose files are deleted, moved or replaced under it: it doesn't work on unseen.

use std::fs;

use super::support::{Home, Running, system, text, wait_until};
use crate::jobs;

/// A worker in the foreground that runs job `a` and has another to run, in a home to which `mishap` is then done. It has to
/// finish the one, leave the other, say why, and fail.
#[track_caller]
fn drains_after(db: &[&str], mishap: impl FnOnce(&Home)) {
    let home = Home::new();
    let with_db = |args: &[&str]| -> Vec<String> {
        db.iter().chain(args).map(|arg| (*arg).to_owned()).collect()
    };
    let (line, next) = (jobs::held("a"), jobs::notes("next", "ran"));
    home.ok(with_db(&["enqueue", "--id", "a", "--command", &line]));
    home.ok(with_db(&["enqueue", "--id", "next", "--command", &next]));
    let start = with_db(&["worker", "start", "--foreground"]);
    let start: Vec<_> = start.iter().map(String::as_str).collect();
    let worker = Running::start(&home, &start);
    let job = home.wait_for_pid("a.pid");
    mishap(&home);
    worker.wait_until_it_says("deleted, moved or replaced");
    assert!(system::is_alive(job), "the job was ended");
    home.touch("a.go");
    let ended = worker.ended();
    assert_eq!(ended.code, Some(5), "{ended}");
    assert!(
        ended.err().contains("deleted, moved or replaced"),
        "{ended}"
    );
    assert!(!home.work("ran").exists(), "it went on");
}

#[test]
fn a_worker_whose_home_is_deleted_finishes_what_runs_and_fails() {
    drains_after(&[], |home| {
        fs::remove_dir_all(home.path()).expect("it is there")
    });
}

#[test]
fn a_worker_whose_home_is_moved_finishes_what_runs_and_fails() {
    drains_after(&[], |home| {
        fs::rename(home.path(), home.work("moved")).expect("it is there");
    });
}

#[test]
fn a_worker_whose_store_is_replaced_finishes_what_runs_and_fails() {
    drains_after(&["--db", "other.db"], |home| {
        let (store, draft) = (home.work("other.db"), home.work("draft.db"));
        fs::copy(&store, &draft).expect("it is there");
        fs::rename(&draft, &store).expect("it is there");
    });
}

#[test]
fn a_worker_whose_home_is_deleted_fails_though_its_store_is_elsewhere() {
    drains_after(&["--db", "other.db"], |home| {
        fs::remove_dir_all(home.path()).expect("it is there");
    });
}

/// Without its roster nothing tells what a dead worker left running.
#[test]
fn if_a_dead_workers_roster_is_lost_its_jobs_wait_until_it_is_forgotten() {
    for spoil in [
        |roster: &std::path::Path| fs::remove_file(roster),
        |roster: &std::path::Path| fs::write(roster, "nothing of use".repeat(100)),
    ] {
        let home = Home::new();
        home.enqueue("a", &jobs::held_and_counted("a"), &[]);
        let worker = home.start_workers(&[])[0];
        let job = home.wait_for_pid("a.pid");
        let id = text(&home.workers()[0], "id").to_owned();
        let roster = home.seen(&format!("data/workers/{id}.pids"));
        system::kill_hard(worker);
        wait_until("the worker to be dead", || !system::is_alive(worker));
        spoil(&roster).expect("it is there");
        home.start_workers(&[]);
        let state = || {
            let workers = home.workers();
            let lost = workers.iter().find(|one| one["id"] == id.as_str());
            lost.map(|one| text(one, "state").to_owned())
        };
        assert_eq!(state().as_deref(), Some("elsewhere"));
        home.run(["worker", "forget", &id]).failed(4);
        assert!(system::is_alive(job), "it was ended");
        assert_eq!(home.read("a.starts").lines().count(), 1);
        home.touch("a.go");
        wait_until("the job to end", || !system::is_alive(job));
        assert_eq!(text(&home.show("a"), "state"), "processing");
        home.ok(["worker", "forget", &id]);
        home.wait_for_state("a", "completed");
        assert_eq!(home.read("a.starts").lines().count(), 2);
    }
}
