//! `worker start` that is interrupted before the workers work.

use crate::bulk_midway::Gate;
use crate::support::{Home, Running, number, system, wait_until};

/// A call that has started `count` workers, which can't register yet.
fn held_up(home: &Home, gate: &Gate, count: usize) -> Running {
    let call = Running::start(home, &["worker", "start", "--count", &count.to_string()]);
    wait_until("the workers to want to write", || {
        let workers = workers(home);
        workers.len() == count && workers.iter().all(|pid| gate.holds_process(*pid))
    });
    call
}

/// The processes of background workers.
fn workers(home: &Home) -> Vec<i32> {
    let all = system::processes_of(home.path()).into_iter();
    let workers = all.filter(|process| process.command.contains("worker serve"));
    workers.map(|process| process.pid).collect()
}

#[test]
fn ctrl_c_stops_the_workers_again_and_says_so() {
    for interrupt in [system::interrupt, system::terminate] {
        let home = Home::new();
        let gate = Gate::closed(&home);
        let call = held_up(&home, &gate, 3);
        interrupt(call.pid());
        gate.open();
        let output = call.ended();
        assert_eq!(output.code, None, "not ended by the signal: {output}");
        assert_eq!(
            output.err(),
            "note: interrupted; the 3 workers that had been started were stopped\n"
        );
        assert_eq!(output.out(), "");
        assert_eq!(workers(&home), [0; 0]);
        assert_eq!(home.workers(), [] as [serde_json::Value; 0]);
        assert_eq!(home.tracked_pids(), [0; 0]);
    }
}

#[test]
fn if_it_is_killed_the_workers_work_and_are_known_everywhere() {
    let home = Home::new();
    let gate = Gate::closed(&home);
    let call = held_up(&home, &gate, 2);
    let mut pids = workers(&home);
    pids.sort_unstable();
    system::kill_hard(call.pid());
    call.ended();
    gate.open();
    wait_until("the workers to work", || home.workers().len() == 2);
    assert_eq!(home.tracked_pids(), pids);
    let mut known: Vec<_> = home
        .workers()
        .iter()
        .map(|worker| number(worker, "pid"))
        .collect();
    known.sort_unstable();
    assert_eq!(
        known,
        pids.iter().copied().map(i64::from).collect::<Vec<_>>()
    );
}
