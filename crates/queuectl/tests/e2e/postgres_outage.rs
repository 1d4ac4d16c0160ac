//! A server that goes away while jobs run: they go on, and what has become of them is told when it is back. Each job runs
//! exactly once.

use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config, Stop};

use crate::jobs;
use crate::support::{Home, Running, look_for, number, system, text, wait_until};

const JOBS: usize = 300;

fn server() -> Cluster {
    Cluster::start(&Config::new()).expect("a server can be started")
}

/// Adds many jobs, each of which leaves a line in the file `ran`.
fn add_jobs(home: &Home) {
    let line = |number| format!("{}\n", jobs::notes(&format!("job{number}"), "ran"));
    let lines: String = (0..JOBS).map(line).collect();
    home.write("lines", lines.as_bytes());
    home.ok(["enqueue", "--lines", "--from", "lines"]);
}

fn ran(home: &Home) -> usize {
    let ran = std::fs::read_to_string(home.work("ran"));
    ran.map_or(0, |ran| ran.lines().count())
}

#[track_caller]
fn each_ran_once(home: &Home) {
    wait_until("all to be completed", || {
        let output = home.run(["--json", "status"]);
        output.code == Some(0) && number(&output.json(), "completed") == JOBS as i64
    });
    let ran = home.read("ran");
    let mut ran: Vec<_> = ran.lines().collect();
    let count = ran.len();
    ran.sort_unstable();
    ran.dedup();
    assert_eq!((count, ran.len()), (JOBS, JOBS));
}

#[test]
fn what_runs_goes_on_while_the_server_is_away_and_is_settled_when_it_is_back() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    for name in ["a", "b", "c"] {
        home.enqueue(name, &jobs::held_and_counted(name), &[]);
    }
    let pids = home.start_workers(&["--concurrency", "2"]);
    let running = ["a.pid", "b.pid"].map(|file| home.wait_for_pid(file));
    server.stop(Stop::Fast).expect("it can be stopped");
    home.touch("a.go");
    wait_until("one to end by itself", || !system::is_alive(running[0]));
    home.run(["status"]).failed(5);
    assert!(system::is_alive(running[1]), "the other was ended");
    assert!(system::is_alive(pids[0]), "the worker has given up");
    server.start_again().expect("it can be started");
    let ended = home.wait_for_state("a", "completed");
    assert_eq!(number(&ended, "attempts"), 1);
    home.touch("b.go");
    home.touch("c.go");
    for name in ["b", "c"] {
        home.wait_for_state(name, "completed");
    }
    for name in ["a", "b", "c"] {
        assert_eq!(
            home.read(&format!("{name}.starts")),
            "start\n",
            "{name} ran twice"
        );
    }
}

#[test]
fn a_worker_that_is_to_stop_gives_up_a_server_that_is_away() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    let pids = home.start_workers(&[]);
    let job = home.wait_for_pid("a.pid");
    server.stop(Stop::Fast).expect("it can be stopped");
    home.touch("a.go");
    wait_until("the job to end", || !system::is_alive(job));
    let begin = Instant::now();
    let output = home.run(["worker", "stop"]);
    assert_eq!(output.code, Some(0), "{output}");
    assert_eq!(output.out(), "Stopped 1 worker(s)\n");
    // Its lease is 15 s, and a question to the server takes five at most.
    assert!(
        begin.elapsed() < Duration::from_secs(22),
        "it took {:?}",
        begin.elapsed()
    );
    assert!(!system::is_alive(pids[0]));
    server.start_again().expect("it can be started");
    home.start_workers(&[]);
    let job = home.wait_for_state("a", "completed");
    assert_eq!(number(&job, "crashes"), 1);
    assert_eq!(home.read("a.starts").lines().count(), 2);
}

#[test]
fn ending_all_sessions_in_the_middle_of_a_drain_runs_nothing_twice() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    add_jobs(&home);
    home.start_workers(&["--count", "2", "--concurrency", "2"]);
    let end_all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'queuectl'";
    let mut ended = 0;
    let mut seen = 0;
    while seen < JOBS * 9 / 10 {
        let begun = seen;
        wait_until("more to have run", || {
            seen = ran(&home);
            seen >= begun + JOBS / 10 || seen >= JOBS * 9 / 10
        });
        let sessions = server.sql(end_all).expect("it answers");
        ended += sessions.parse::<u64>().expect("a number");
    }
    assert!(ended >= 10, "only {ended} sessions were ended");
    each_ran_once(&home);
}

#[test]
fn a_crash_of_the_server_in_the_middle_of_a_drain_runs_nothing_twice() {
    let server = Cluster::start(&Config::new().durable()).expect("a server can be started");
    let home = Home::on(&server.tcp_url());
    add_jobs(&home);
    home.start_workers(&["--count", "2", "--concurrency", "2"]);
    for part in [JOBS / 4, JOBS / 2] {
        wait_until("some to have run", || ran(&home) >= part);
        server.stop(Stop::Immediate).expect("it can be stopped");
        server.start_again().expect("it can be started");
    }
    each_ran_once(&home);
}

#[test]
fn when_a_standby_takes_over_the_workers_go_there() {
    let first = server();
    let standby = first.standby().expect("a standby can be started");
    let synchronous = "ALTER SYSTEM SET synchronous_standby_names = '*'";
    first.sql(synchronous).expect("it can be set");
    first.sql("SELECT pg_reload_conf()").expect("it answers");
    let (password, one, other) = (first.password(), first.port(), standby.port());
    let url = format!("postgres://postgres:{password}@127.0.0.1:{one},127.0.0.1:{other}/postgres");
    let home = Home::on(&url);
    home.enqueue("a", &jobs::held_and_counted("a"), &[]);
    home.start_workers(&[]);
    home.wait_for_pid("a.pid");
    first.stop(Stop::Immediate).expect("it can be stopped");
    home.touch("a.go");
    home.run(["status"]).failed(5);
    standby.promote().expect("it can take over");
    let job = home.wait_for_state("a", "completed");
    assert_eq!(text(&job, "state"), "completed");
    assert_eq!(home.read("a.starts"), "start\n", "it ran twice");
}

#[test]
fn a_worker_is_stopped_by_its_process_when_the_server_is_away() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    home.enqueue("a", &jobs::held("a"), &[]);
    let pids = home.start_workers(&["--count", "2"]);
    let running = home.wait_for_pid("a.pid");
    server.stop(Stop::Fast).expect("it can be stopped");
    let stopped = home.run(["worker", "stop", "--now"]);
    assert_eq!(stopped.code, Some(0), "{stopped}");
    assert!(stopped.out().contains("Stopped 2 worker(s)"), "{stopped}");
    assert!(
        !pids
            .iter()
            .chain([&running])
            .any(|pid| system::is_alive(*pid))
    );
    server.start_again().expect("it can be started");
    // The next worker finds that they have died, and runs it again.
    std::fs::remove_file(home.work("a.pid")).expect("a file can be removed");
    home.start_workers(&[]);
    home.wait_for_pid("a.pid");
    home.touch("a.go");
    let job = home.wait_for_state("a", "completed");
    assert!(number(&job, "attempts") <= 2, "{job}");
}

#[test]
fn what_runs_goes_on_while_somebody_has_locked_the_jobs_for_two_leases() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    for name in ["a", "b"] {
        home.enqueue(name, &jobs::held_and_counted(name), &["--timeout", "600"]);
    }
    home.start_workers(&[]);
    let running = home.wait_for_pid("a.pid");
    let lease = || {
        let until = "SELECT lease_until / 1000000 FROM queuectl.workers";
        let until = server.sql(until).expect("it answers");
        until.parse::<i64>().expect("a number")
    };
    let mut other = server.hold().expect("it lets somebody in");
    let locked = other.sql("BEGIN; LOCK TABLE queuectl.jobs");
    locked.expect("nobody else has locked them");
    let begun = lease();
    let gone_by = look_for(Duration::from_secs(120), || {
        assert!(system::is_alive(running), "it was ended");
        (lease() >= begun + 30)
            .then_some(())
            .ok_or_else(String::new)
    });
    gone_by.expect("the lease is renewed");
    other.sql("COMMIT").expect("it answers");
    for name in ["a", "b"] {
        home.touch(&format!("{name}.go"));
        let job = home.wait_for_state(name, "completed");
        assert_eq!(number(&job, "attempts"), 1);
        assert_eq!(home.read(&format!("{name}.starts")), "start\n");
    }
}

#[test]
fn old_jobs_that_can_not_be_deleted_now_are_left_and_the_worker_works_on() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    home.ok(["config", "set", "keep", "0.001"]);
    home.enqueue("first", jobs::SUCCEEDS, &[]);
    let mut another = server.hold().expect("the server lets it in");
    let hold = "BEGIN; LOCK TABLE queuectl.specs IN SHARE MODE";
    another.sql(hold).expect("nobody has it");
    let worker = Running::start(&home, &["--json", "worker", "start", "--foreground"]);
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let is_waiting = || server.sql(waiting).expect("the server answers") != "0";
    wait_until("the worker to want to delete it", is_waiting);
    wait_until("the worker to leave it", || !is_waiting());
    drop(another);
    home.enqueue("second", jobs::SUCCEEDS, &[]);
    worker.wait_until_it_says("second");
    worker.interrupt();
    let said = worker.ended();
    assert!(!said.out().contains("store_trouble"), "{said}");
}
