//! `queuectl doctor` of a store on a server, where there are leases and no file.

use crate::jobs;
use crate::on_server::Home;
use crate::support::{finds, finds_nothing, number, system, text, wait_until};

#[test]
fn all_is_well_while_workers_work() {
    let home = Home::new();
    home.enqueue("held", &jobs::held("held"), &[]);
    home.start_workers(&["--count", "2"]);
    home.wait_for_pid("held.pid");
    insta::assert_snapshot!(home.session(&["queuectl doctor"]), @"
    $ queuectl doctor
    ok       permissions  nobody else may read or change the files
    ok       store        it can be opened
    ok       counters     there is as much as is counted
    ok       jobs         each can be read, and has an owner while it is processed
    ok       clock        nothing was written down later than now
    ok       workers      all that are known live and can start jobs
    ok       processes    none is left of a dead worker
    ok       files        none is left of a dead worker
    ");
    finds(&home, true, 0, "", &[]);
    home.touch("held.go");
    home.wait_for_state("held", "completed");
    finds_nothing(&home);
}

#[test]
fn wrong_counts_are_found_and_fixed() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.sql("INSERT INTO queuectl.count_changes VALUES (2, 0, 0, 0, 1)");
    let found = [
        "counters: 3 jobs are counted as pending, there are 1",
        "counters: 1 jobs are counted as dead, there are 0",
    ];
    finds(&home, false, 6, "mendable", &found);
    finds(&home, true, 0, "mended", &found);
    assert_eq!(number(&home.json(["status"]), "total"), 1);
    finds_nothing(&home);
}

#[test]
fn a_worker_of_another_machine_whose_lease_is_over_is_found_and_its_jobs_are_put_back() {
    let home = Home::new();
    home.enqueue("a", &jobs::held("a"), &[]);
    let pids = home.start_workers(&[]);
    home.wait_for_pid("a.pid");
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    std::fs::remove_file(home.seen("data/workers.json")).expect("it is there");
    home.sql("UPDATE queuectl.workers SET host = 'far-away', machine = 'far/away', life = '/nowhere/w.lock'");
    // Nobody can tell that it is dead as long as its lease holds.
    finds_nothing(&home);
    home.sql("UPDATE queuectl.workers SET lease_until = 0");
    let found = ["workers: worker-"];
    finds(&home, false, 4, "mendable", &found);
    let shown = home.run(["doctor"]);
    let said = "on far-away has not been heard of for longer than its lease, and holds 1 job(s)";
    assert!(shown.out().contains(said), "{shown}");
    assert_eq!(text(&home.show("a"), "state"), "processing");
    let output = home.run(["doctor", "--fix"]);
    assert_eq!(output.code, Some(0), "{output}");
    assert_eq!(text(&home.show("a"), "state"), "pending");
    // Its files are those of a worker that no store knows any more.
    home.ok(["doctor", "--fix"]);
    finds_nothing(&home);
}
