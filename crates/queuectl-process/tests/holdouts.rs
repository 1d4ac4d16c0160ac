//! What a run waits for when its leader has ended. Each test is this binary, run again: a process of its own, which adopts what its
//! commands leave.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "all of it is test")]

mod support;

use std::fs::{File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use queuectl_process::{How, Leader, Spec, StopSignal, Stream, Watcher, os, run};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use support::*;

const ROLE: &str = "HOLDOUTS_TEST_ROLE";
const FOLDER: &str = "HOLDOUTS_TEST_FOLDER";

/// Not a test of its own: what the helper process does. Without its variables there is nothing to do.
#[test]
#[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
fn helper() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    match std::env::var(ROLE).unwrap().as_str() {
        "beside_its_own_users" => beside(&folder, rustix::process::getuid().as_raw()),
        "beside_another_users" => beside(&folder, 0),
        "handed_on" => handed_on(&folder),
        "blind" => blind(&folder),
        other => panic!("there is no role {other}"),
    }
}

#[track_caller]
fn as_helper(role: &str, program: &[&str], folder: &Path) {
    let binary = std::env::current_exe().unwrap();
    let words = program.iter().map(Into::into);
    let mut words = words.chain([binary.into_os_string()]);
    let mut command = Command::new(words.next().unwrap());
    command
        .args(words)
        .args(["--exact", "helper", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{output:?}"
    );
}

/// Runs the helper as another user than root, in a pid namespace of its own, where pids can be chosen. In the folder there is a program
/// `become` that may become any user.
#[track_caller]
fn as_another_user(role: &str) {
    const USER: u32 = 61_000;
    assert!(
        rustix::process::geteuid().is_root(),
        "this test becomes another user: run it as root"
    );
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("become");
    std::fs::copy("/usr/bin/setpriv", &program).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    chown(folder.path(), Some(USER), Some(USER)).unwrap();
    // The checkout may be closed to others.
    let binary = folder.path().join("test");
    std::fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let binary = binary.display();
    let user = format!("setpriv --reuid={USER} --regid={USER} --clear-groups");
    // Process 1 gets the orphans of others, too, so it is another program.
    let script = format!("shift; {user} {binary} \"$@\"; exit $?");
    let wrapper = "unshare --pid --fork --mount-proc --kill-child sh -c";
    let mut wrapper: Vec<_> = wrapper.split(' ').collect();
    wrapper.extend([&script, "sh"]);
    as_helper(role, &wrapper, folder.path());
}

/// Tells of a run what the test waits for.
struct Telling {
    leader: Sender<u32>,
    holdout: Sender<u32>,
    on_output: fn(u32),
    pid: u32,
}

impl Watcher for Telling {
    fn started(&mut self, leader: Leader) {
        self.pid = leader.pid;
        self.leader.send(leader.pid).unwrap();
    }

    fn output(&mut self, _: Stream, _: &[u8]) {
        (self.on_output)(self.pid);
    }

    fn holds_out(&mut self, process: u32) {
        self.holdout.send(process).unwrap();
    }
}

struct Told {
    leader: Receiver<u32>,
    holdout: Receiver<u32>,
    ended: Receiver<How>,
}

/// Runs it on a thread that no failure waits for.
fn start(spec: Spec, on_output: fn(u32)) -> Told {
    let (leader, holdout, ended) = (mpsc::channel(), mpsc::channel(), mpsc::channel());
    let mut telling = Telling {
        leader: leader.0,
        holdout: holdout.0,
        on_output,
        pid: 0,
    };
    std::thread::spawn(move || {
        let how = run(&spec, &StopSignal::new().unwrap(), &mut telling).how;
        let _ = ended.0.send(how);
    });
    Told {
        leader: leader.1,
        holdout: holdout.1,
        ended: ended.1,
    }
}

#[test]
fn a_group_that_gets_the_number_of_one_that_has_gone_is_spared() {
    as_another_user("beside_its_own_users");
}

#[test]
fn another_users_group_with_the_number_of_one_that_has_gone_holds_up_nothing() {
    as_another_user("beside_another_users");
}

/// While a run waits for a process of root in a session of its own, the number of its leader goes to a process of this user.
fn beside(folder: &Path, user: u32) {
    const TAKES_THE_NUMBER: &str = "
        while :; do
            echo $(($1 - 1)) > /proc/sys/kernel/ns_last_pid
            setpriv --reuid=$2 --regid=$2 --clear-groups setsid sleep 600 &
            [ $! = $1 ] && break
            kill $!
        done
        until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done
        echo $! > innocent
        wait";
    os::adopt_orphans().unwrap();
    let text = "setsid ./become --reuid=0 sleep 600 & \
                until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done; exit 1";
    let told = start(tagged(at(line(text), folder), "beside"), |_| ());
    let leader = told.leader.recv_timeout(LONG).unwrap();
    let holdout = told.holdout.recv_timeout(LONG).unwrap();
    // For a second, no number is given out again.
    std::thread::sleep(Duration::from_millis(1_100));
    let mut taker = as_root(folder, TAKES_THE_NUMBER, &[leader, user]);
    until("the number is taken", || {
        read(&folder.join("innocent")).trim() == leader.to_string()
    });
    // Longer than two of the rounds in which a run insists.
    std::thread::sleep(Duration::from_millis(1_200));
    assert!(lives(leader), "the innocent was killed");
    assert!(told.ended.try_recv().is_err(), "the run didn't wait");
    as_root(folder, "kill -9 $1", &[holdout]).wait().unwrap();
    let how = told.ended.recv_timeout(LONG);
    assert_eq!(how.expect("the innocent holds it up"), How::Exited(1));
    assert!(lives(leader), "the innocent was killed");
    as_root(folder, "kill -9 $1", &[leader]).wait().unwrap();
    taker.wait().unwrap();
}

/// Starts a script of root, beside the run.
fn as_root(folder: &Path, script: &str, words: &[u32]) -> Child {
    let mut command = Command::new("./become");
    command.args(["--reuid=0", "sh", "-c", script, "sh"]);
    command.args(words.iter().map(u32::to_string));
    command.current_dir(folder).spawn().unwrap()
}

#[test]
fn a_session_is_waited_for_until_the_last_of_it_has_ended() {
    as_another_user("handed_on");
}

/// Long after the leader's end, a process of root in its session ends and leaves another there.
fn handed_on(folder: &Path) {
    os::adopt_orphans().unwrap();
    let text = "./become --reuid=0 sh -c 'sleep 2; sleep 600 & echo $! > second' & \
                until grep -q '^Uid:.0.0' /proc/$!/status; do :; done; exit 1";
    let told = start(tagged(at(line(text), folder), "handed_on"), |_| ());
    told.holdout.recv_timeout(LONG).unwrap();
    let second = || read(&folder.join("second")).trim().parse().ok();
    until("it is handed on", || second().is_some());
    let second = second().unwrap();
    while told.holdout.recv_timeout(LONG).unwrap() != second {}
    assert!(told.ended.try_recv().is_err(), "the run didn't wait");
    as_root(folder, "kill -9 $1", &[second]).wait().unwrap();
    let how = told.ended.recv_timeout(LONG);
    assert_eq!(how.expect("it goes on"), How::Exited(1));
}

#[test]
fn a_run_that_can_not_look_for_what_was_left_waits_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    as_helper("blind", &[], folder.path());
}

fn blind(folder: &Path) {
    /// As many descriptors as a run polls at once.
    const FEW: u64 = 4;
    let limit = |current| {
        let given = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current, ..given }).unwrap();
    };
    let before = getrlimit(Resource::Nofile).current;
    let below = std::iter::repeat_with(|| File::open("/dev/null").unwrap());
    let _below: Vec<File> = below.take(usize::try_from(FEW).unwrap()).collect();
    os::adopt_orphans().unwrap();
    let text = "setsid sh -c 'echo $$ > hidden; exec sleep 600' & \
                while [ ! -s hidden ]; do :; done; echo up; exec sleep 600";
    let told = start(tagged(at(line(text), folder), "blind"), |leader| {
        let few = Rlimit {
            current: Some(FEW),
            ..getrlimit(Resource::Nofile)
        };
        setrlimit(Resource::Nofile, few).unwrap();
        let leader = Pid::from_raw(leader.cast_signed()).unwrap();
        kill_process(leader, Signal::TERM).unwrap();
    });
    let early = told.ended.recv_timeout(Duration::from_secs(2));
    limit(before);
    assert!(early.is_err(), "it took the stray for none: {early:?}");
    let how = told.ended.recv_timeout(LONG).unwrap();
    assert!(matches!(how, How::Signaled { signal: 15, .. }), "{how:?}");
    let stray = read(&folder.join("hidden")).trim().parse().unwrap();
    assert!(!lives(stray), "the stray lives on");
}
