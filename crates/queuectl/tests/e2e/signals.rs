//! What only a system with signals has: Ctrl+C that a program can send, death by a signal, a polite signal before force, a process
//! that is stopped and goes on, one that leaves its session.

use std::process::{Command, Stdio};

use super::support::{Home, Running, number, system, text, wait_for, wait_until};
use crate::attempts::after_one_attempt;
use crate::jobs;

#[test]
fn ctrl_c_once_lets_the_running_job_finish() {
    let home = Home::new();
    home.enqueue("running", &jobs::held("running"), &[]);
    home.enqueue("next", jobs::SUCCEEDS, &[]);
    let worker = Running::start(&home, &["worker", "start", "-f"]);
    home.wait_for_pid("running.pid");
    worker.wait_until_it_says("Job ID:    running");
    worker.interrupt();
    worker.wait_until_it_says("stopping");
    home.touch("running.go");
    let output = worker.ended();
    assert_eq!(output.code, Some(0), "{output}");
    assert!(
        output.out().contains("JOB COMPLETED SUCCESSFULLY"),
        "{output}"
    );
    assert!(output.out().contains("WORKER STOPPED"), "{output}");
    assert_eq!(text(&home.show("running"), "state"), "completed");
    assert_eq!(text(&home.show("next"), "state"), "pending");
    assert_eq!(home.workers().len(), 0);
}

#[test]
fn ctrl_c_twice_gives_the_running_job_back() {
    let home = Home::new();
    home.enqueue("running", &jobs::held("running"), &[]);
    let worker = Running::start(&home, &["worker", "start", "--foreground"]);
    let pid = home.wait_for_pid("running.pid");
    worker.interrupt();
    worker.wait_until_it_says("stopping");
    worker.interrupt();
    let output = worker.ended();
    assert!(output.out().contains("WORKER STOPPED"), "{output}");
    assert!(!system::is_alive(pid));
    let job = home.show("running");
    assert_eq!(
        (text(&job, "state"), number(&job, "attempts")),
        ("pending", 0)
    );
}

#[test]
fn after_ctrl_c_it_is_listed_as_stopping() {
    let home = Home::new();
    home.enqueue("running", &jobs::held("running"), &[]);
    let worker = Running::start(&home, &["worker", "start", "--foreground"]);
    home.wait_for_pid("running.pid");
    worker.interrupt();
    wait_for("the worker to be listed as stopping", || {
        let workers = home.workers();
        let is_so = workers.len() == 1 && workers[0]["state"] == "stopping";
        if is_so {
            Ok(())
        } else {
            Err(format!("{workers:?}"))
        }
    });
    home.touch("running.go");
    worker.ended();
}

#[test]
fn an_idle_worker_ends_at_ctrl_c() {
    let home = Home::new();
    let worker = Running::start(&home, &["worker", "start", "--foreground"]);
    worker.wait_until_it_says("WORKER STARTED");
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    worker.wait_until_it_says("JOB COMPLETED SUCCESSFULLY");
    worker.interrupt();
    let output = worker.ended();
    assert_eq!(output.code, Some(0), "{output}");
    assert!(output.out().contains("WORKER STOPPED"), "{output}");
}

#[test]
fn under_nohup_it_outlives_its_terminal() {
    let home = Home::new();
    home.make_store();
    let inner = home.command(["worker", "start", "--foreground"]);
    let mut outer = Command::new("nohup");
    outer.arg(inner.get_program()).args(inner.get_args());
    outer.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    outer
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut worker = outer.spawn().expect("nohup can be started");
    wait_until("the worker to be there", || home.workers().len() == 1);
    system::hang_up(worker.id().cast_signed());
    home.enqueue("after", jobs::SUCCEEDS, &[]);
    home.wait_for_state("after", "completed");
    home.ok(["worker", "stop"]);
    let ended = worker.wait().expect("it can be waited for");
    assert!(ended.success(), "{ended}");
}

#[test]
fn a_signal_is_an_error_with_its_name() {
    let job = after_one_attempt(&jobs::kills_itself(9), &[]);
    assert_eq!(text(&job, "last_error"), "Killed by signal 9 (SIGKILL)");
    assert!(job["exit_code"].is_null());
    let run = &job["runs"][0];
    assert_eq!((text(run, "outcome"), number(run, "signal")), ("killed", 9));
    let job = after_one_attempt(&jobs::kills_itself(15), &[]);
    assert_eq!(text(&job, "last_error"), "Killed by signal 15 (SIGTERM)");
}

#[test]
fn a_grandchild_that_left_the_group_is_ended_too() {
    let home = Home::new();
    home.enqueue(
        "job",
        &jobs::leaves_one_held_in_a_session_of_its_own("stray"),
        &[],
    );
    home.start_workers(&[]);
    home.wait_for_state("job", "completed");
    let stray = home.wait_for_pid("stray.pid");
    wait_until("the stray to be ended", || !system::is_alive(stray));
}

#[test]
fn a_worker_outlives_the_terminal_that_started_it() {
    let home = Home::new();
    let pids = home.start_workers(&["--count", "2"]);
    for pid in &pids {
        assert_eq!(
            system::session_of(*pid),
            *pid,
            "it is in its starter's session"
        );
    }
    home.enqueue("later", jobs::SUCCEEDS, &[]);
    home.wait_for_state("later", "completed");
}
