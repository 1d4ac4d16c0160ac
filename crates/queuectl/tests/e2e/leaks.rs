//! Nothing outlives a test, and no worker grows: the checks at the end of each test would see it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

use crate::jobs;
use crate::support::{Home, number, system, wait_for, wait_until};

/// What the checks at the end of a test say of a home.
fn verdict(home: Home) -> Result<(), String> {
    let ended = catch_unwind(AssertUnwindSafe(|| drop(home)));
    ended.map_err(|panic| *panic.downcast::<String>().expect("a message"))
}

#[test]
fn a_home_that_leaves_nothing_is_let_go() {
    let home = Home::new();
    home.enqueue("a", &jobs::has_a_child("a"), &[]);
    home.start_workers(&[]);
    home.wait_for_pid("a.child.pid");
    assert_eq!(verdict(home), Ok(()));
}

#[test]
fn a_process_that_is_left_behind_is_found_and_ended() {
    for line in ["exec sleep 600", "exec env -i sleep 600"] {
        let home = Home::new();
        let mut command = Command::new("sh");
        command.args(["-c", line]).stdin(Stdio::null());
        command
            .current_dir(home.work(""))
            .env("QUEUECTL_HOME", home.path());
        let mut left = command.spawn().expect("`sh` is there");
        let pid = i32::try_from(left.id()).expect("a pid is small");
        wait_until("it to be seen", || {
            system::processes_of(home.path())
                .iter()
                .any(|one| one.pid == pid && one.command.starts_with("sleep"))
        });
        let said = verdict(home).expect_err("it was left behind");
        assert!(said.contains("sleep 600"), "{said}");
        left.wait().expect("it was ended");
    }
}

#[test]
fn a_file_that_is_left_behind_is_found() {
    for file in [
        "../tmp/scratch",
        "../strange",
        "../.queuectl/data/workers/w-1.sh",
        "../.queuectl/data/workers/w-1.pids",
    ] {
        let home = Home::new();
        home.enqueue("a", "true", &[]);
        home.work_off();
        home.touch(file);
        let said = verdict(home).expect_err("it was left behind");
        let name = file.rsplit('/').next().expect("a name");
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn a_worker_that_has_run_much_holds_no_more_than_before() {
    let home = Home::new();
    let pids = home.start_workers(&["--concurrency", "2"]);
    let mut counted = None;
    for round in 0..4 {
        for i in 0..30 {
            let id = format!("{round}-{i}");
            let line = match i % 5 {
                0 => jobs::leaves_a_child_with_its_pipes(&id),
                1 => jobs::fails(1, "no"),
                2 => jobs::kills_itself(9),
                // It becomes a script.
                3 => jobs::is_long(200_000),
                _ => jobs::never_ends(),
            };
            let args = [
                "enqueue",
                "--id",
                &id,
                "--max-retries",
                "1",
                "--timeout",
                "0.5",
            ];
            let args = [&args[..], &["--command", "-"]].concat();
            home.run_with_stdin(&args, line.as_bytes()).succeeded();
        }
        wait_until("all to have ended", || {
            let status = home.json(["status"]);
            number(&status, "completed") + number(&status, "dead") == 30 * (round + 1)
        });
        let mut held = None;
        wait_for("the worker to be at rest", || {
            held = Some(system::held_by(pids[0]));
            let at_rest = held.as_ref().is_some_and(|held| held.children == 0)
                && (counted.is_none() || held == counted);
            at_rest
                .then_some(())
                .ok_or_else(|| format!("{held:?} now, {counted:?} before"))
        });
        counted = held;
    }
}
