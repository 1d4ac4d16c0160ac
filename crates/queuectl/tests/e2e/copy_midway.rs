//! `queuectl copy` that is broken off: by a kill at several moments, by a server that goes away, by workers that come meanwhile.
//! What is run again afterwards has copied everything.

use std::time::Duration;

use queuectl_cluster::{Cluster, Config, Stop};
use serde_json::Value;

use crate::jobs;
use crate::on_server::Schema;
use crate::support::{Home, Running, ids, number, system};

/// So many wait, beside those that have a past: enough for many pieces.
const WAITING: i64 = 3_000;
/// At how many jobs a copy is broken off.
const MOMENTS: [i64; 3] = [1, 400, 1_000];

/// A home whose jobs are in all states that last, most of them waiting; and the path of its store.
fn home_with_many_jobs() -> (Home, String) {
    let home = Home::new();
    home.ok(["config", "set", "backoff_base", "3"]);
    home.enqueue("done", &jobs::says("all is well"), &[]);
    home.enqueue("much", &jobs::prints_much(300), &[]);
    home.enqueue("dead", &jobs::fails(3, "no luck"), &["--max-retries", "1"]);
    home.work_off();
    let lines = "echo this one waits\n".repeat(WAITING as usize);
    home.write("jobs", lines.as_bytes());
    home.ok(["enqueue", "--lines", "--from", "jobs"]);
    let file = home.database();
    let file = file.to_str().expect("the path is plain").to_owned();
    (home, file)
}

/// All that is told of a store, but for how urgent its jobs are by now: each job, of those with a past their attempts and
/// output, the settings.
fn told(home: &Home, store: &str) -> (Vec<Value>, Value) {
    let mut listed = home.json(["--db", store, "list", "--limit", "10000"]);
    let jobs = listed.as_array_mut().expect("a list is an array");
    for job in jobs.iter_mut() {
        if job["attempts"] != 0 {
            *job = home.json([
                "--db",
                store,
                "show",
                job["id"].as_str().expect("it has an id"),
            ]);
        }
        let fields = job.as_object_mut().expect("a job is an object");
        fields.remove("effective_priority");
    }
    (
        std::mem::take(jobs),
        home.json(["--db", store, "config", "get"]),
    )
}

fn total(home: &Home, store: &str) -> i64 {
    number(&home.json(["--db", store, "status"]), "total")
}

/// A copy that stands still, with at least so many jobs copied and not all.
fn half_a_copy(home: &Home, from: &str, to: &str, jobs: i64) -> Running {
    // The target is made first, so that looking at it doesn't get in the way of the copy.
    home.ok(["--db", to, "config", "set", "priority", "5"]);
    let before = total(home, to);
    let copy = Running::start(home, &["copy", "--from", from, "--to", to]);
    loop {
        std::thread::sleep(Duration::from_millis(5));
        system::freeze(copy.pid());
        let seen = home.run(["--json", "--db", to, "status"]);
        if seen.code == Some(0) {
            let copied = number(&seen.json(), "total");
            assert!(copied < WAITING, "it was too fast to be broken off");
            if copied >= jobs && copied > before {
                return copy;
            }
        } else {
            // It stands still while it keeps all others from the file, for the moment that something takes there.
            seen.failed_as_json(5, "unavailable");
            assert!(seen.err().contains("is locked"), "{seen}");
        }
        assert!(
            system::is_alive(copy.pid()),
            "it ended before it was broken off"
        );
        system::wake(copy.pid());
    }
}

fn a_copy_that_is_killed_goes_on_where_it_was(home: &Home, from: &str, to: &str) {
    let before = told(home, from);
    assert_eq!(before.0.len() as i64, WAITING + 3);
    for moment in MOMENTS {
        drop(half_a_copy(home, from, to, moment));
    }
    let there = total(home, to);
    let said = home.json(["copy", "--from", from, "--to", to]);
    assert_eq!(number(&said, "passed_over"), there);
    assert_eq!(number(&said, "copied"), WAITING + 3 - there);
    assert!(told(home, to) == before, "they differ");
    home.ok(["--db", to, "doctor"]);
}

#[test]
fn a_copy_to_a_server_that_is_killed_goes_on_where_it_was() {
    let (home, file) = home_with_many_jobs();
    let schema = Schema::new();
    a_copy_that_is_killed_goes_on_where_it_was(&home, &file, &schema.url());
}

#[test]
fn a_copy_from_a_server_that_is_killed_goes_on_where_it_was() {
    let (home, file) = home_with_many_jobs();
    let schema = Schema::new();
    home.ok(["copy", "--from", &file, "--to", &schema.url()]);
    a_copy_that_is_killed_goes_on_where_it_was(&home, &schema.url(), "back.db");
}

#[test]
fn a_copy_whose_server_goes_away_fails_and_goes_on_where_it_was_when_it_is_back() {
    let server = Cluster::start(&Config::new()).expect("a server can be started");
    let (home, file) = home_with_many_jobs();
    let there = server.tcp_url();
    let copy = half_a_copy(&home, &file, &there, 700);
    server.stop(Stop::Immediate).expect("it can be stopped");
    system::wake(copy.pid());
    copy.ended().failed(5);
    server.start_again().expect("it can be started");
    home.ok(["copy", "--from", &file, "--to", &there]);
    assert!(told(&home, &there) == told(&home, &file), "they differ");
    home.ok(["--db", &there, "doctor"]);
}

#[test]
fn a_copy_is_broken_off_when_a_worker_comes_meanwhile() {
    let (home, file) = home_with_many_jobs();
    let schema = Schema::new();
    for busy in [&file, &schema.url()] {
        let copy = half_a_copy(&home, &file, &schema.url(), 1);
        let there = total(&home, &schema.url());
        home.ok(["--db", busy, "worker", "start"]);
        system::wake(copy.pid());
        let refused = copy.ended();
        assert!(
            refused.failed(4).contains("1 worker(s) at work"),
            "{refused}"
        );
        home.ok(["--db", busy, "worker", "stop", "--now"]);
        // What it was about to do when it stood still is done at most.
        let since = total(&home, &schema.url()) - there;
        assert!(since <= 400, "{since} more were copied");
    }
}

#[test]
fn a_copy_of_a_store_whose_jobs_change_meanwhile_says_so() {
    let (home, file) = home_with_many_jobs();
    let schema = Schema::new();
    let copy = half_a_copy(&home, &file, &schema.url(), 1);
    // As a worker would that comes and goes between two looks.
    home.ok(["dlq", "retry", "dead"]);
    system::wake(copy.pid());
    let refused = copy.ended();
    assert!(refused.failed(4).contains("have changed"), "{refused}");
    // What is added meanwhile is copied, too, or by the next.
    let copy = half_a_copy(&home, &file, "other.db", 1);
    home.enqueue("late", jobs::SUCCEEDS, &[]);
    system::wake(copy.pid());
    copy.ended().succeeded();
    assert_eq!(total(&home, "other.db"), WAITING + 4);
}

#[test]
fn nothing_is_copied_while_a_worker_is_at_work_on_a_server() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let file = home.database();
    let file = file.to_str().expect("the path is plain");
    let schema = Schema::new();
    home.ok(["--db", &schema.url(), "worker", "start"]);
    for (from, to) in [(file, &*schema.url()), (&*schema.url(), "new.db")] {
        let refused = home.run(["copy", "--from", from, "--to", to]);
        assert!(
            refused.failed(4).contains("1 worker(s) at work"),
            "{refused}"
        );
    }
    home.ok(["--db", &schema.url(), "worker", "stop", "--all"]);
    home.ok(["copy", "--from", file, "--to", &schema.url()]);
}

#[test]
fn who_was_lost_with_its_machine_is_not_at_work() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let file = home.database();
    let file = file.to_str().expect("the path is plain");
    let schema = Schema::new();
    home.ok(["copy", "--from", file, "--to", &schema.url()]);
    let lost = |id: &str| {
        schema.run(&format!(
            "INSERT INTO queuectl.workers (id, pid, pid_started, host, slots, life, started_at, heartbeat_at, \
                lease_until, version, machine) \
             VALUES ('{id}', 1, 1, 'gone', 1, '/gone', 0, 0, 0, '1', 'gone')"
        ));
    };
    lost("one");
    home.ok(["copy", "--from", &schema.url(), "--to", "back.db"]);
    assert_eq!(ids(&home.json(["--db", "back.db", "list"])), ["a"]);
    lost("two");
    home.ok(["copy", "--from", file, "--to", &schema.url()]);
}

#[test]
fn a_store_is_not_copied_into_itself_by_whatever_name() {
    let server = Cluster::start(&Config::new()).expect("a server can be started");
    let (socket, tcp) = (server.url(), server.tcp_url());
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let file = home.database();
    std::os::unix::fs::symlink(&file, home.work("link.db")).expect("a link can be made");
    let file = file.to_str().expect("the path is plain");
    home.ok(["copy", "--from", file, "--to", &tcp]);
    let spelled = [
        socket,
        tcp.replace("postgresql://", "postgres://"),
        tcp.replace("127.0.0.1", "localhost"),
        format!("{tcp}?schema=queuectl"),
    ];
    for (from, to) in spelled.iter().map(|other| (&*tcp, &**other)).chain([
        (file, "link.db"),
        ("link.db", file),
        (file, &format!("sqlite:{file}")),
    ]) {
        let itself = home.run(["copy", "--from", from, "--to", to]);
        assert!(itself.failed(2).contains("into itself"), "{to}: {itself}");
    }
    // Another schema of the same database is another store.
    home.ok([
        "copy",
        "--from",
        &tcp,
        "--to",
        &format!("{tcp}?schema=other"),
    ]);
}
