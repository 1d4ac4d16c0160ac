//! Whatever a command's descendants do to hide, they end with it, and nothing else does. Each test is this binary, run again: a
//! process of its own, which adopts what its commands leave.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "all of it is test")]

mod support;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use queuectl_process::{How, Spec, StopSignal, os, run};
use support::*;

const ROLE: &str = "HIDING_TEST_ROLE";
const FOLDER: &str = "HIDING_TEST_FOLDER";

/// Not a test of its own: what the helper process does. Without its variables there is nothing to do.
#[test]
#[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
fn helper() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let role = std::env::var(ROLE).unwrap();
    if role != "beside_children" {
        os::adopt_orphans().unwrap();
    }
    match role.as_str() {
        "alone" => alone(&folder),
        "beside_another" => beside_another(&folder),
        "dead" => dead(&folder),
        "apart" => apart_from_its_command(&folder),
        "beside_children" => beside_children(&folder),
        "outer" => outer(&folder),
        "inner" => inner(&folder),
        "saved" => saved(&folder),
        "wrapped" => wrapped(&folder),
        other => panic!("there is no role {other}"),
    }
}

#[track_caller]
fn as_helper(role: &str, program: &[&str], folder: &Path) {
    let binary = std::env::current_exe().unwrap();
    let mut words = program.iter().map(|word| (*word).to_owned());
    let mut command = match words.next() {
        Some(wrapper) => {
            let mut command = Command::new(wrapper);
            command.args(words).arg(binary);
            command
        }
        None => Command::new(binary),
    };
    command
        .args(["--exact", "helper", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .process_group(0);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{output:?}");
}

#[track_caller]
fn as_helper_in_a_folder(role: &str) {
    let folder = tempfile::tempdir().unwrap();
    as_helper(role, &[], folder.path());
}

/// Leaves a process in a session of its own whose environment is empty, and adds its pid to `hidden`. It ends with 2.
const HIDES: &str = "setsid env -i sh -c 'echo $$ >> hidden; exec sleep 600' & \
                     while [ ! -s hidden ]; do :; done; exit 2";

fn pids(file: &Path) -> Vec<u32> {
    let text = read(file);
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn hidden(folder: &Path) -> u32 {
    pids(&folder.join("hidden"))[0]
}

fn spec(folder: &Path, text: &str, tag: &str) -> Spec {
    tagged(at(line(text), folder), tag)
}

#[test]
fn one_without_session_and_environment_ends_with_its_command() {
    as_helper_in_a_folder("alone");
}

fn alone(folder: &Path) {
    let (ended, _) = run_it(&spec(folder, HIDES, "hides"));
    assert_eq!(ended.how, How::Exited(2));
    assert!(!lives(hidden(folder)), "it lives on");
    assert_eq!(os::process_start(hidden(folder)), None, "it was not reaped");
}

#[test]
fn one_that_may_belong_to_a_running_command_ends_after_that() {
    as_helper_in_a_folder("beside_another");
}

fn beside_another(folder: &Path) {
    let stop = StopSignal::new().unwrap();
    let handle = stop.handle();
    std::thread::scope(|scope| {
        let text = "echo > up; sleep 600";
        let other =
            scope.spawn(move || run(&spec(folder, text, "o"), &stop, &mut Heard::default()));
        until("the other starts", || folder.join("up").exists());
        run_it(&spec(folder, HIDES, "hides"));
        os::look_after_orphans();
        let spared = lives(hidden(folder));
        handle.stop();
        assert!(spared, "it may have been the other's");
        assert_eq!(other.join().unwrap().how, How::Stopped);
    });
    assert!(!lives(hidden(folder)), "it lives on");
}

#[test]
fn those_that_die_are_reaped_while_nothing_ends() {
    as_helper_in_a_folder("dead");
}

fn dead(folder: &Path) {
    let many = "i=0; while [ $i -lt 20 ]; do \
                setsid env -i sh -c 'echo $$ >> hidden; while [ ! -e go ]; do sleep 0.01; done' & \
                i=$((i+1)); done; while [ $(wc -l < hidden) -lt 20 ]; do :; done; echo > up; sleep 600";
    std::fs::write(folder.join("hidden"), "").unwrap();
    let (stop, other) = (StopSignal::new().unwrap(), StopSignal::new().unwrap());
    let handles = [stop.handle(), other.handle()];
    std::thread::scope(|scope| {
        let keeper = "echo > keeps; sleep 600";
        scope.spawn(move || run(&spec(folder, keeper, "k"), &other, &mut Heard::default()));
        until("the keeper starts", || folder.join("keeps").exists());
        let many = scope.spawn(move || run(&spec(folder, many, "m"), &stop, &mut Heard::default()));
        until("they start", || folder.join("up").exists());
        handles[0].stop();
        many.join().unwrap();
        let all = pids(&folder.join("hidden"));
        assert!(all.iter().all(|pid| lives(*pid)), "the keeper runs");
        std::fs::write(folder.join("go"), "").unwrap();
        until("they are reaped", || {
            os::look_after_orphans();
            all.iter().all(|pid| os::process_start(*pid).is_none())
        });
        handles[1].stop();
    });
}

#[test]
fn what_is_set_apart_outlives_its_command() {
    as_helper_in_a_folder("apart");
}

fn apart_from_its_command(folder: &Path) {
    let mut command = Command::new("sh");
    os::set_apart(&mut command);
    let set = command.get_envs().next().unwrap();
    let set = format!("{}={}", set.0.display(), set.1.unwrap().display());
    let text = HIDES.replace("env -i", &format!("env -i {set}"));
    run_it(&spec(folder, &text, "apart"));
    run_it(&spec(folder, "exit 1", "next"));
    let spared = lives(hidden(folder));
    let _ = os::kill(hidden(folder));
    assert!(spared, "it was ended");
    until("it is reaped", || {
        os::look_after_orphans();
        os::process_start(hidden(folder)).is_none()
    });
}

/// A worker may be the job of another one. Then it adopts what its own commands leave, whose tag isn't the outer one's.
#[test]
fn the_commands_of_a_worker_that_is_a_command_end_with_it() {
    as_helper_in_a_folder("outer");
}

fn outer(folder: &Path) {
    let binary = std::env::current_exe().unwrap();
    let mut spec = argv([binary.into_os_string(), "--exact".into(), "helper".into()]);
    spec.env = vec![
        (ROLE.into(), "inner".into()),
        (FOLDER.into(), folder.into()),
    ];
    let spec = grace(within(tagged(spec, "outer"), 2.0), 0.0);
    assert_eq!(run_it(&spec).0.how, How::TimedOut);
    assert!(!lives(hidden(folder)), "it lives on");
}

fn inner(folder: &Path) {
    let text = "echo $$ >> hidden; exec sleep 600";
    run_it(&spec(folder, text, "inner"));
}

/// As in a container, whose script starts a service and then becomes the worker.
#[test]
fn what_a_service_leaves_that_was_there_before_us_is_spared() {
    as_helper_in_a_folder("beside_children");
}

fn beside_children(folder: &Path) {
    let service = "while [ ! -e go ]; do sleep 0.01; done; \
                   setsid sh -c 'echo $$ >> hidden; exec sleep 600' & exit";
    let mut command = Command::new("sh");
    command
        .args(["-c", service])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    lead_a_session(&mut command);
    let mut service = command.spawn().unwrap();
    os::adopt_orphans().unwrap();
    let text = "echo > go; while [ ! -s hidden ]; do :; done; sleep 0.1; exit 2";
    run_it(&spec(folder, text, "beside"));
    // It may have been reaped with the orphans.
    let _ = service.wait();
    run_it(&spec(folder, "exit 1", "another"));
    let spared = lives(hidden(folder));
    os::kill(hidden(folder)).unwrap();
    assert!(spared, "it was ended");
}

/// As `at` starts it: by another program, with the environment that a command had.
#[test]
fn what_another_program_starts_with_a_saved_environment_is_spared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut command = Command::new("sh");
    let replay = "while [ ! -s saved ]; do sleep 0.01; done; . ./saved; export QUEUECTL_FENCE; \
                  setsid sh -c 'echo $$ > pid; exec sleep 600'";
    let mut other = command
        .args(["-c", replay])
        .current_dir(folder)
        .spawn()
        .unwrap();
    as_helper("saved", &[], folder);
    let innocent = pids(&folder.join("pid"))[0];
    let spared = lives(innocent);
    other.kill().unwrap();
    other.wait().unwrap();
    // If it was spared, its parent now is a process that doesn't wait for it.
    let _ = os::kill(innocent);
    assert!(spared, "it was ended");
}

fn saved(folder: &Path) {
    let text = "echo QUEUECTL_FENCE=$QUEUECTL_FENCE > saving; mv saving saved; \
                while [ ! -s pid ]; do :; done; setsid sh -c 'echo $$ >> hidden; exec sleep 600' & \
                while [ ! -s hidden ]; do :; done; exit 2";
    run_it(&spec(folder, text, "saved"));
    assert!(!lives(hidden(folder)), "its own lives on");
}

/// In a namespace of its own, where pids can be chosen.
#[test]
fn one_whose_pid_is_lower_than_its_leaders_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let own = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    as_helper("wrapped", &own, folder.path());
}

fn wrapped(folder: &Path) {
    const LAST: &str = "/proc/sys/kernel/ns_last_pid";
    let text = format!(
        "echo 500 > {LAST}; setsid sh -c 'echo $$ >> hidden; exec sleep 600' & \
         while [ ! -s hidden ]; do :; done; sleep 1.2; echo $(($$+5)) > {LAST}; (true); exit 2"
    );
    std::fs::write(LAST, "1000").unwrap();
    let (_, heard) = run_it(&spec(folder, &format!("echo $$; {text}"), "wrapped"));
    assert!(heard.number() > hidden(folder), "pids were chosen");
    assert!(!lives(hidden(folder)), "it lives on");
}
