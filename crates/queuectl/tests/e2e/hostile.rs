//! Jobs that mean ill, or go wrong as badly as jobs can: each ends, is told of truly, and the next job runs.

use std::collections::HashMap;

use serde_json::Value;

use crate::jobs;
use crate::support::{Home, float, items, number, system, text, wait_for, wait_until};

const ONCE: [&str; 2] = ["--max-retries", "1"];

/// What a line came to in a background worker, which has run another job after it.
fn survived(home: &Home, line: &str, options: &[&str]) -> Value {
    home.ok(["config", "set", "kill_grace", "0.3"]);
    let options: Vec<_> = ONCE.iter().chain(options).copied().collect();
    home.enqueue("hostile", line, &options);
    home.enqueue("next", "true", &["--priority", "1"]);
    let pids = home.start_workers(&[]);
    home.wait_for_state("next", "completed");
    assert!(system::is_alive(pids[0]), "the worker died of it");
    home.show("hostile")
}

#[track_caller]
fn outcome(job: &Value) -> &str {
    assert_eq!(items(&job["runs"]).len(), 1, "{job}");
    assert_eq!(number(job, "attempts"), 1, "{job}");
    text(&job["runs"][0], "outcome")
}

#[test]
fn a_daemon_that_forked_twice_is_ended_with_its_job() {
    let home = Home::new();
    let daemon = format!("( setsid sh -c '({}) & exit' & ) & ", jobs::held("daemon"));
    let job = survived(&home, &format!("{daemon}{}", waits_for("daemon.pid")), &[]);
    assert_eq!(outcome(&job), "completed");
    home.wait_until_only_workers_are_left();
}

#[test]
fn five_hundred_children_are_ended_with_their_parent() {
    let home = Home::new();
    let line = "i=0; while [ $i -lt 500 ]; do sleep 600 & i=$((i+1)); done; echo started";
    let job = survived(&home, line, &["--timeout", "60"]);
    assert_eq!(
        (outcome(&job), text(&job, "output")),
        ("completed", "started\n")
    );
    home.wait_until_only_workers_are_left();
}

#[test]
fn a_fork_bomb_is_ended_while_it_grows() {
    let home = Home::new();
    // It would be 511 processes, half of which ignore the polite signal.
    let line = "b() { if [ $1 -gt 0 ]; then b $(($1-1)) & (trap '' TERM; b $(($1-1))) & fi; sleep 600; }; b 8";
    let job = survived(&home, line, &["--timeout", "0.3"]);
    assert_eq!(outcome(&job), "timed_out");
    home.wait_until_only_workers_are_left();
}

#[test]
fn what_goes_on_forking_for_ever_is_ended() {
    for fork in ["sh ./comet &", "setsid sh ./comet &"] {
        let home = Home::new();
        // No process of it lives for long: who looks for them one by one comes too late. It has an end only for this test's sake.
        let comet = format!(
            "N=$((N+1)); export N; echo $N > generation; [ $N -lt 3000 ] || exit\n{fork}\n"
        );
        std::fs::write(home.work("comet"), comet).expect("a file can be written");
        let job = survived(&home, "sh ./comet; sleep 0.2", &[]);
        assert_eq!(outcome(&job), "completed");
        home.wait_until_only_workers_are_left();
        let generation = home.read("generation");
        assert_ne!(generation, "3000\n", "it came to its own end");
    }
}

#[test]
fn much_more_output_than_is_kept_takes_no_more_memory() {
    let home = Home::new();
    let quiet = peak_memory_after(&home, "echo");
    let loud = peak_memory_after(&home, "yes 'much ado about nothing' | head -c 1000000000");
    assert!(loud < quiet + 16_000, "{loud} KB, and {quiet} KB without");
}

/// The most memory that a worker had that ran this, in kilobytes.
fn peak_memory_after(home: &Home, line: &str) -> u64 {
    let id = format!("prints{}", line.len());
    let pids = home.start_workers(&[]);
    home.enqueue(&id, line, &["--timeout", "600", "--max-retries", "1"]);
    let job = wait_for("the job to have printed it all", || {
        let job = home.show(&id);
        let is_done = job["state"] == "completed";
        is_done
            .then_some(job.clone())
            .ok_or_else(|| job["state"].to_string())
    });
    assert!(text(&job, "output").len() < 1_200_000);
    let peak = system::peak_memory(pids[0]).expect("it is alive");
    home.ok(["worker", "stop"]);
    peak
}

#[test]
fn an_end_in_the_moment_of_the_timeout_is_one_end_and_a_true_one() {
    let home = Home::new();
    for i in 0..40 {
        // From well before the timeout to well after it, and most of them about at it.
        let sleep = format!("sleep 0.{}; echo end > end{i}", 380 + i);
        let options = ["--timeout", "0.4", "--max-retries", "1"];
        home.enqueue(&format!("job{i}"), &sleep, &options);
    }
    home.start_workers(&["--concurrency", "4"]);
    wait_until("all to have ended", || {
        let status = home.json(["status"]);
        number(&status, "completed") + number(&status, "dead") == 40
    });
    let mut seen = HashMap::new();
    for i in 0..40 {
        let job = home.show(&format!("job{i}"));
        let has_ended = home.work(&format!("end{i}")).exists();
        let outcome = outcome(&job);
        let state = text(&job, "state");
        match outcome {
            "completed" => {
                assert!(has_ended && state == "completed", "{job}");
                assert_eq!(job["exit_code"], 0, "{job}");
            }
            "timed_out" => {
                assert_eq!(state, "dead", "{job}");
                assert!(float(&job, "exec_time") >= 0.4, "{job}");
                assert!(job["exit_code"].is_null(), "{job}");
            }
            _ => panic!("neither: {job}"),
        }
        *seen.entry(outcome.to_owned()).or_insert(0) += 1;
    }
    assert!(seen.contains_key("timed_out"), "{seen:?}");
}

#[test]
fn a_job_may_delete_the_directory_it_runs_in() {
    let home = Home::new();
    std::fs::create_dir(home.work("own")).expect("a folder can be made");
    let options = ["--cwd", "own"];
    let job = survived(&home, "rm -rf \"$PWD\"; pwd; echo gone", &options);
    assert_eq!(outcome(&job), "completed");
    assert!(text(&job, "output").ends_with("gone\n"), "{job}");
    assert!(!home.work("own").exists());
}

#[test]
fn a_job_may_put_its_streams_elsewhere() {
    let home = Home::new();
    let line = "echo seen; exec > elsewhere 2>&1; echo unseen; exec < /dev/zero; exit 0";
    let job = survived(&home, line, &[]);
    assert_eq!(
        (outcome(&job), text(&job, "output")),
        ("completed", "seen\n")
    );
    assert_eq!(home.read("elsewhere"), "unseen\n");
}

#[test]
fn neither_a_worker_nor_its_jobs_hold_what_its_starter_had_open() {
    let home = Home::new();
    let line = "for fd in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$fd; done; true";
    home.enqueue("a", line, &ONCE);
    // A script that holds a lock, for example.
    let started = home.shell("queuectl worker start 3>held 9>held");
    assert_eq!(started.code, Some(0), "{started}");
    let job = home.wait_for_state("a", "completed");
    assert_eq!(text(&job, "output"), "");
    let pid = number(&home.workers()[0], "pid");
    assert!(!system::has_open(pid as i32, &home.work("held")));

    // In the foreground, it is the worker itself that was given it.
    home.ok(["worker", "stop"]);
    home.enqueue("b", line, &ONCE);
    home.shell("queuectl worker start --foreground --until-idle 3>held 9>held");
    assert_eq!(text(&home.show("b"), "output"), "");
}

#[test]
fn what_is_written_to_every_descriptor_is_output_and_nothing_else() {
    let home = Home::new();
    let line = "for fd in /proc/self/fd/*; do echo EVIL > \"$fd\"; done 2>/dev/null; true";
    let job = survived(&home, line, &[]);
    assert_eq!(outcome(&job), "completed");
    home.ok(["worker", "stop"]);
    home.check_store();
}

#[test]
fn a_job_that_stops_itself_is_ended_by_its_timeout() {
    for line in [
        "kill -STOP $$",
        "trap '' TERM; sleep 600 & kill -STOP $! $$",
    ] {
        let home = Home::new();
        let job = survived(&home, line, &["--timeout", "0.5"]);
        assert_eq!(outcome(&job), "timed_out");
        home.wait_until_only_workers_are_left();
    }
}

#[test]
fn a_job_that_kills_all_its_group_harms_nobody_else() {
    let home = Home::new();
    let job = survived(&home, "sleep 600 & kill -9 0", &[]);
    assert_eq!(outcome(&job), "killed");
    assert_eq!(number(&job["runs"][0], "signal"), 9);
}

#[test]
fn a_job_that_fills_the_disk_of_the_store_has_its_result_taken_when_there_is_room() {
    let mounts = "mount -t tmpfs -o size=8m,mode=0755 tmpfs \"$1\"";
    let home = Home::with_mounts(mounts);
    let line = format!(
        "{}; cat /dev/zero > \"$QUEUECTL_HOME/filler\"; echo no room; {}",
        waits_for("begin"),
        jobs::held("full")
    );
    home.enqueue("full", &line, &["--timeout", "600"]);
    home.enqueue("next", "true", &["--priority", "1"]);
    // Who starts a worker writes that down, which needs room.
    let pids = home.start_workers(&[]);
    home.touch("begin");
    let job = home.wait_for_pid("full.pid");
    home.touch("full.go");
    wait_until("the job to end", || !system::is_alive(job));
    std::fs::remove_file(home.seen("filler")).expect("the filler can be removed");
    let job = home.wait_for_state("full", "completed");
    assert_eq!(outcome(&job), "completed");
    assert!(text(&job, "output").contains("no room"), "{job}");
    home.wait_for_state("next", "completed");
    assert!(system::is_alive(pids[0]), "the worker died of it");
    home.ok(["worker", "stop"]);
    home.check_store();
}

/// Waits for a file.
fn waits_for(file: &str) -> String {
    format!("until [ -e {file} ]; do sleep 0.02; done")
}
