//! `queuectl doctor`: what it finds of workers that live, and of those that were.

use std::fs::{self, File, OpenOptions};

use super::support::{Home, finds, finds_nothing, system, wait_until};
use crate::jobs;

#[test]
fn a_living_worker_that_the_store_has_forgotten_is_left_to_find_out() {
    let home = Home::new();
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let pids = home.start_workers(&[]);
    let job = home.wait_for_pid("a.pid");
    system::freeze(pids[0]);
    home.sql("DELETE FROM queuectl.workers");
    let what = ["jobs: jobs are processed by worker-"];
    finds(&home, true, 6, "failed", &what);
    assert!(system::is_alive(job));
    system::wake(pids[0]);
    wait_until("the worker to end it", || !system::is_alive(job));
    // Until it has made itself known again, nobody can tell it to stop.
    wait_until("the worker to be known", || home.workers().len() == 1);
}

#[test]
fn what_dead_workers_left_in_the_data_folder_is_found_and_removed() {
    let home = Home::new();
    home.start_workers(&[]);
    let workers = home.seen("data/workers");
    let there = |name: &str| workers.join(name).exists();
    let make = |name: &str| fs::write(workers.join(name), "").expect("it can be written");
    for name in [
        "gone.lock",
        "gone.pids",
        "held.lock",
        "gone.log",
        "notes.txt",
    ] {
        make(name);
    }
    let held = OpenOptions::new()
        .write(true)
        .open(workers.join("held.lock"));
    let held: File = held.expect("it is there");
    held.lock().expect("nobody has it");
    for entry in fs::read_dir(&workers).expect("it is there") {
        system::close_to_others(&entry.expect("it is there").path());
    }
    let found = ["files: gone has died"];
    finds(&home, false, 4, "mendable", &found);
    assert!(there("gone.lock"));
    finds(&home, true, 0, "mended", &found);
    assert!(!there("gone.lock") && !there("gone.pids"));
    assert!(there("held.lock") && there("gone.log") && there("notes.txt"));
    finds_nothing(&home);
    assert_eq!(home.workers().len(), 1);
    drop(held);
    for ours in ["held.lock", "notes.txt"] {
        fs::remove_file(workers.join(ours)).expect("it is there");
    }
}

#[test]
fn a_list_of_workers_that_can_not_be_read_is_written_anew() {
    let home = Home::new();
    home.start_workers(&[]);
    let list = home.seen("data/workers.json");
    fs::write(&list, "not JSON").expect("it can be written");
    finds(
        &home,
        false,
        4,
        "mendable",
        &["files: workers.json can't be read"],
    );
    finds(
        &home,
        true,
        0,
        "mended",
        &["files: workers.json can't be read"],
    );
    assert_eq!(home.tracked_pids(), [] as [i32; 0]);
    finds_nothing(&home);
}
