//! A server behind a pooler, or one whose words get lost: workers find by themselves what there is to do.

use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config, Pooling};

use crate::jobs;
use crate::support::{Home, number, text, wait_until};

/// Within which time a worker that nobody wakes looks for jobs, and a while for a busy machine.
const SLOW_TIMER: Duration = Duration::from_secs(8);

fn server() -> Cluster {
    Cluster::start(&Config::new()).expect("a server can be started")
}

/// Adds a job while the workers have nothing to do; how long it took to be completed.
#[track_caller]
fn time_of(home: &Home, id: &str) -> Duration {
    let begun = Instant::now();
    home.enqueue(id, &jobs::says("hello"), &[]);
    home.wait_for_state(id, "completed");
    begun.elapsed()
}

#[test]
fn workers_and_commands_do_behind_a_pooler_of_transactions_what_they_do_elsewhere() {
    const JOBS: usize = 100;
    let server = server();
    let pooler = server.pooler(Pooling::Transaction, 3);
    let pooler = pooler.expect("a pooler can be started");
    let home = Home::on(&pooler.url("postgres"));
    let line = |number| format!("{}\n", jobs::notes(&format!("job{number}"), "ran"));
    let lines: String = (0..JOBS).map(line).collect();
    home.write("lines", lines.as_bytes());
    home.ok(["enqueue", "--lines", "--from", "lines"]);
    home.start_workers(&["--count", "3", "--concurrency", "2"]);
    wait_until("all to be completed", || {
        number(&home.json(["status"]), "completed") == JOBS as i64
    });
    let ran = home.read("ran");
    let mut ran: Vec<_> = ran.lines().collect();
    ran.sort_unstable();
    ran.dedup();
    assert_eq!(ran.len(), JOBS);
    let time = time_of(&home, "late");
    assert!(time < SLOW_TIMER, "it took {time:?}");
    let job = home.show("late");
    assert_eq!(text(&job, "output"), "hello\n");
    assert_eq!(home.workers().len(), 3);
    home.ok(["doctor"]);
    let stopped = home.ok(["worker", "stop"]);
    assert!(stopped.contains("Stopped 3 worker(s)"), "{stopped}");
    assert_eq!(home.workers().len(), 0);
}

#[test]
fn a_worker_whose_notifications_are_lost_finds_the_job_by_its_slow_timer() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    // Or it would ask in time to renew that.
    home.ok(["config", "set", "lease", "300"]);
    home.start_workers(&[]);
    let waiters = || server.sql("SELECT count(*) FROM queuectl.waiters");
    wait_until("the worker to wait", || {
        waiters().expect("it answers") == "1"
    });
    server
        .sql("DELETE FROM queuectl.waiters")
        .expect("it answers");
    // Nobody is there to be told of it.
    let time = time_of(&home, "a");
    assert!(time < SLOW_TIMER, "it took {time:?}");
}
