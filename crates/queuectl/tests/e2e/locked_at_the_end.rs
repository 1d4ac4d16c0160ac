//! Workers that are asked to stop while another process holds the lock of writers.

use std::time::{Duration, Instant};

use crate::bulk_midway::Gate;
use crate::jobs;
use crate::support::{Home, Running, number, system, text, wait_until};

/// The patience of a call that has begun before the stop, and of those after it, with room for a busy machine. Each call
/// to the store used to take five seconds, and a stop was heard between two of them only.
const HEARD_WITHIN: Duration = Duration::from_secs(4);
const ENDED_WITHIN: Duration = Duration::from_secs(12);

#[test]
fn a_stop_at_once_is_heard_and_the_worker_ends() {
    let home = Home::new();
    home.enqueue("held", &jobs::held("held"), &[]);
    let worker = Running::start(&home, &["worker", "start", "--foreground"]);
    let job = home.wait_for_pid("held.pid");
    let gate = Gate::closed(&home);
    let begun = Instant::now();
    worker.interrupt();
    worker.wait_until_it_says("Ctrl+C again");
    worker.interrupt();
    wait_until("the job to be ended", || !system::is_alive(job));
    assert!(begun.elapsed() < HEARD_WITHIN, "{:?}", begun.elapsed());
    let output = worker.ended();
    assert!(begun.elapsed() < ENDED_WITHIN, "{:?}", begun.elapsed());
    assert_eq!(output.code, Some(5), "{output}");
    gate.open();
    home.touch("held.go");
    home.work_off();
    let job = home.show("held");
    assert_eq!(
        (text(&job, "state"), number(&job, "attempts")),
        ("completed", 1)
    );
}
