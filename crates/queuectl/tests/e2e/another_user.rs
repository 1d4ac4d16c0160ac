//! Jobs that become another user, as by `sudo`, or that hide from their own: what their worker can't signal or can't look into.

use std::os::unix::fs::MetadataExt;

use super::support::{Home, Running, finds, number, system, text, wait_for, wait_until};
use crate::jobs;

/// Waits until a process has become another user.
#[track_caller]
fn wait_for_another_user(home: &Home, file: &str) -> i32 {
    let pid = home.wait_for_pid(file);
    let owner = |path: &str| std::fs::metadata(path).map(|found| found.uid());
    let ours = owner(&home.work("").display().to_string()).expect("the folder is there");
    wait_until("it to become another user", || {
        let theirs = owner(&format!("/proc/{pid}"));
        theirs.is_ok_and(|theirs| theirs != ours && theirs != 0)
    });
    pid
}

/// Notes its start in `a.starts` and its pid in `a.pid`, and becomes another user.
fn becomes_another_user(home: &Home) -> String {
    let command = home.becomes_another_user();
    format!("echo start >> a.starts; echo $$ > a.pid; exec {command}")
}

/// Notes its start in `a.starts`, and leaves a process of another user with its pid in `a.pid`.
fn leaves_another_user(home: &Home, end: &str) -> String {
    let command = home.becomes_another_user();
    // It is root's on its way.
    let became = "u=$(stat -c %u /proc/$!); [ $u != 0 ] && [ $u != $(id -u) ]";
    format!(
        "echo start >> a.starts; {command} & until {became}; do :; done; echo $! > a.pid; {end}"
    )
}

fn starts(home: &Home, name: &str) -> usize {
    home.read(&format!("{name}.starts")).lines().count()
}

/// Waits until the log of a worker that is known says this.
#[track_caller]
fn wait_for_log(home: &Home, words: &str) {
    wait_for("it to be logged", || {
        let logs = home.workers().into_iter().map(|worker| {
            let log = home.seen(&format!("data/workers/{}.log", text(&worker, "id")));
            std::fs::read_to_string(log).unwrap_or_default()
        });
        let logs: String = logs.collect();
        logs.contains(words).then_some(()).ok_or(logs)
    });
}

#[test]
fn the_job_of_a_dead_worker_runs_again_only_when_another_users_process_has_ended() {
    let home = Home::of_another_user();
    let line = becomes_another_user(&home);
    home.enqueue("a", &line, &["--max-retries", "1"]);
    let worker = home.start_workers(&[])[0];
    let pid = wait_for_another_user(&home, "a.pid");
    system::kill_hard(worker);
    wait_until("the worker to be dead", || !system::is_alive(worker));
    home.start_workers(&[]);

    let held_up = format!("process {pid} belongs to another user, who has to end it");
    wait_for_log(&home, &held_up);
    let job = home.show("a");
    assert_eq!(text(&job, "state"), "processing");
    assert_eq!(number(&job, "held_up_by"), i64::from(pid));
    assert!(home.ok(["show", "a"]).contains(&held_up));
    let output = home.run(["doctor", "--fix"]);
    assert_eq!(output.code, Some(4), "{output}");
    assert!(output.out().contains(&held_up), "{output}");
    assert_eq!(starts(&home, "a"), 1, "a second copy runs");

    system::kill_hard(pid);
    wait_until("the job to run again", || starts(&home, "a") == 2);
    let pid = wait_for_another_user(&home, "a.pid");
    system::kill_hard(pid);
    home.wait_for_state("a", "dead");
}

#[test]
fn a_timeout_and_a_stop_say_that_they_wait_for_another_users_process() {
    let home = Home::of_another_user();
    home.ok(["config", "set", "kill_grace", "0.1"]);
    let line = becomes_another_user(&home);
    home.enqueue("a", &line, &["--max-retries", "1", "--timeout", "1"]);
    home.start_workers(&[]);
    let pid = wait_for_another_user(&home, "a.pid");
    let held_up = format!("process {pid} belongs to another user, who has to end it");
    wait_for_log(&home, &format!("job 'a' has to end, but {held_up}"));
    assert_eq!(number(&home.show("a"), "held_up_by"), i64::from(pid));
    finds(&home, false, 4, "left", &[&held_up]);

    let stop = Running::start(&home, &["worker", "stop", "--now"]);
    stop.wait_until_it_complains(&held_up);
    assert!(system::is_alive(pid));
    system::kill_hard(pid);
    let stopped = stop.ended();
    assert_eq!(stopped.code, Some(0), "{stopped}");
    assert!(stopped.out().contains("Stopped 1 worker"), "{stopped}");
    let job = home.show("a");
    assert_eq!(text(&job, "state"), "dead");
    assert_eq!(text(&job, "last_error"), "Timeout exceeded (1s)");
    assert!(job.get("held_up_by").is_none(), "{job}");
}

#[test]
fn a_job_that_failed_runs_again_when_what_it_left_with_another_user_has_ended() {
    let home = Home::of_another_user();
    let line = leaves_another_user(&home, "exit 1");
    let options = ["--max-retries", "2", "--backoff-base", "1"];
    home.enqueue("a", &line, &options);
    home.start_workers(&[]);
    let pid = wait_for_another_user(&home, "a.pid");
    wait_for_log(&home, "job 'a' has to end, but process ");
    assert_eq!(text(&home.show("a"), "state"), "processing");
    assert_eq!(starts(&home, "a"), 1, "a second copy runs");
    std::fs::remove_file(home.work("a.pid")).expect("it is there");
    system::kill_hard(pid);
    wait_until("the job to run again", || starts(&home, "a") == 2);
    let again = wait_for_another_user(&home, "a.pid");
    system::kill_hard(again);
    home.wait_for_state("a", "dead");
}

#[test]
fn a_job_that_succeeded_does_not_wait_for_what_it_left_with_another_user() {
    let home = Home::of_another_user();
    home.enqueue("a", &leaves_another_user(&home, "exit 0"), &[]);
    home.start_workers(&[]);
    home.wait_for_state("a", "completed");
    let pid = wait_for_another_user(&home, "a.pid");
    system::kill_hard(pid);
}

/// As `ssh-agent` does, which keeps others from reading its memory.
#[test]
fn one_that_shows_nothing_of_itself_ends_with_its_job() {
    let home = Home::of_another_user();
    home.enqueue("a", &jobs::leaves_one_that_shows_nothing("a"), &[]);
    home.start_workers(&[]);
    home.wait_for_state("a", "completed");
    let pid = home.wait_for_pid("a.pid");
    wait_until("it to be ended", || !system::is_alive(pid));
}
