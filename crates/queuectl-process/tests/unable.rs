//! A start that fails because the machine has no room is told from a command that can't be started. Each scene is this binary,
//! run again, since limits hold for a whole process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "all of it is test")]

mod support;

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::Command;

use queuectl_process::{How, Spec, StartError, Step, StopSignal, Unable, run};
use support::*;

const ROLE: &str = "UNABLE_TEST_ROLE";

/// Not a test of its own: what the helper process does. Without its variable there is nothing to do.
#[test]
fn helper() {
    #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
    match std::env::var(ROLE).as_deref() {
        Ok("processes") => processes(),
        Ok("files") => files(),
        Ok("script") => script(),
        _ => {}
    }
}

fn as_helper(role: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command.args(["--exact", "helper", "--nocapture"]);
    let output = command.env(ROLE, role).process_group(0).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Why this can't be started now, though nothing is wrong with it.
fn unable(spec: &Spec) -> Unable {
    unable_under(&StopSignal::new().unwrap(), spec)
}

fn unable_under(stop: &StopSignal, spec: &Spec) -> Unable {
    let mut heard = Heard::default();
    let ended = run(spec, stop, &mut heard);
    assert!(heard.leader.is_none() && heard.pieces.is_empty());
    match ended.how {
        How::NotStarted(StartError::Unable(unable)) => unable,
        how => panic!("it ended: {how:?}"),
    }
}

/// Sets a soft limit; the hard one stays.
fn limit(which: libc::__rlimit_resource_t, soft: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointers are to a local.
    let done = unsafe {
        libc::getrlimit(which, &mut limit);
        limit.rlim_cur = soft;
        libc::setrlimit(which, &limit)
    };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn an_account_without_processes_left_is_unable() {
    as_helper("processes");
}

fn processes() {
    // Nobody else counts as this user.
    let user = 20_000 + std::process::id() % 40_000;
    // SAFETY: a system call without pointers. It is the thread's own user, which is all that counts for what it starts.
    let changed = unsafe { libc::syscall(libc::SYS_setresuid, user, user, user) };
    assert_eq!(
        changed, 0,
        "this test needs root: no limit of processes holds for it, so it becomes another user"
    );
    limit(libc::RLIMIT_NPROC, 1);
    let expected = Unable {
        step: Step::Process,
        reason: "no room for another process (`ulimit -u`): resource temporarily unavailable"
            .to_owned(),
    };
    assert_eq!(unable(&line("exit 0")), expected);
    assert_eq!(unable(&argv(["/nope/frob"])), expected, "nobody could look");
    limit(libc::RLIMIT_NPROC, 10);
    assert_eq!(run_it(&line("exit 7")).0.how, How::Exited(7));
}

#[test]
fn a_process_without_descriptors_left_is_unable() {
    as_helper("files");
}

fn files() {
    // Open what is opened once in a process, and what each slot has.
    run_it(&line("exit 0"));
    let stop = StopSignal::new().unwrap();
    let next = {
        use std::os::fd::AsRawFd;
        File::open("/dev/null").unwrap().as_raw_fd().unsigned_abs()
    };
    for left in 0..5 {
        limit(libc::RLIMIT_NOFILE, u64::from(next + left));
        let unable = unable_under(&stop, &line("exit 0"));
        let expected = "the worker can open no more files (`ulimit -n`): too many open files";
        assert_eq!(
            (unable.step, &*unable.reason),
            (Step::Process, expected),
            "{left}"
        );
    }
    limit(libc::RLIMIT_NOFILE, u64::from(next + 20));
    assert_eq!(run_it(&line("exit 7")).0.how, How::Exited(7));
}

#[test]
fn a_script_that_can_not_be_written_is_not_the_commands_fault() {
    as_helper("script");
}

fn script() {
    let long = |scratch: &std::path::Path| {
        let mut spec = line(&format!("exit 7\n{}", "#".repeat(200_000)));
        spec.scratch = scratch.to_owned();
        spec
    };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run_it(&long(folder.path())).0.how, How::Exited(7));
    // SAFETY: it is ignored; a write beyond the limit then fails.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    limit(libc::RLIMIT_FSIZE, 4096);
    let too_large = unable(&long(folder.path()));
    let place = folder.path().display();
    let expected = format!("the script of a command can't be written to `{place}`: file too large");
    assert_eq!((too_large.step, too_large.reason), (Step::Script, expected));
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "half a script");
}
