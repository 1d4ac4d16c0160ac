//! What a command finds at its birth: signals as a shell would give them, and its program where `execvp` would find it.
//! What concerns the whole process is done by this binary, run again.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of it is test"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use queuectl_process::{How, StartError, os};
use support::*;

const ROLE: &str = "BIRTH_TEST_ROLE";

/// Not a test of its own: what the helper process does. Without its variable there is nothing to do.
#[test]
fn helper() {
    #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
    match std::env::var(ROLE).as_deref() {
        Ok("signals") => signals(),
        Ok("storm") => storm(),
        Ok("search") => search(),
        Ok("environment") => environment(),
        _ => {}
    }
}

fn as_helper(role: &str, set: impl FnOnce(&mut Command)) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "helper", "--nocapture"])
        .env(ROLE, role)
        .process_group(0);
    set(&mut command);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{output:?}");
    text
}

#[test]
fn no_signal_is_blocked_or_ignored_whatever_it_is_in_us() {
    as_helper("signals", |_| {});
}

fn signals() {
    os::when_asked_to_stop(|_| {}).unwrap();
    let mut blocked = std::mem::MaybeUninit::uninit();
    // SAFETY: the set is initialised by the first call that gets it.
    unsafe {
        libc::sigemptyset(blocked.as_mut_ptr());
        libc::sigaddset(blocked.as_mut_ptr(), libc::SIGUSR2);
        libc::pthread_sigmask(libc::SIG_BLOCK, blocked.as_ptr(), null_mut());
        for signal in (1..=64).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP].contains(signal)) {
            if [libc::SIGHUP, libc::SIGALRM].contains(&signal) || signal > libc::SIGTERM {
                libc::signal(signal, libc::SIG_IGN);
            }
        }
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
    let status = read(Path::new("/proc/thread-self/status"));
    let ignored = mask(&status, "SigIgn:");
    for signal in [
        libc::SIGHUP,
        libc::SIGPIPE,
        libc::SIGXFSZ,
        libc::SIGRTMIN(),
        64,
    ] {
        assert_ne!(ignored & 1 << (signal - 1), 0, "{signal} isn't ignored");
    }
    assert_ne!(mask(&status, "SigCgt:") & 1 << (libc::SIGTERM - 1), 0);
    let heard = run_it(&argv(["cat", "/proc/self/status"])).1;
    for set in ["SigBlk:", "SigCgt:", "SigIgn:"] {
        assert_eq!(mask(&heard.out(), set), 0, "{set}");
    }
    let after = read(Path::new("/proc/thread-self/status"));
    assert_eq!(
        mask(&after, "SigBlk:"),
        1 << (libc::SIGUSR2 - 1),
        "of our own"
    );
}

/// A set of signals in the words of /proc.
fn mask(status: &str, name: &str) -> u64 {
    let (_, after) = status.split_once(name).unwrap();
    u64::from_str_radix(after.split_whitespace().next().unwrap(), 16).unwrap()
}

#[test]
fn no_handler_of_ours_runs_in_a_command_that_is_not_yet_its_program() {
    as_helper("storm", |_| {});
}

static US: AtomicU32 = AtomicU32::new(0);
static STRAYED: AtomicBool = AtomicBool::new(false);

/// Until it is its program, a child shares our memory: what a handler of ours does there is seen here.
extern "C" fn handler(_: libc::c_int) {
    if std::process::id() != US.load(Ordering::Relaxed) {
        STRAYED.store(true, Ordering::Relaxed);
    }
}

/// Runs commands while our group, to which a child belongs at first, is sent signals without end.
fn storm() {
    US.store(std::process::id(), Ordering::Relaxed);
    // SAFETY: the handler only touches atomics.
    unsafe { libc::signal(libc::SIGUSR1, handler as *const () as libc::sighandler_t) };
    let over = AtomicBool::new(false);
    let mut hit = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // SAFETY: a system call that touches no memory of ours. Our group is only us.
                unsafe { libc::kill(0, libc::SIGUSR1) };
            }
        });
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
        for run in 0.. {
            match run_it(&line("true")).0.how {
                How::Exited(0) => {}
                How::Signaled { signal, .. } if signal == libc::SIGUSR1 => hit += 1,
                how => panic!("it ended: {how:?}"),
            }
            if (run > 500 && hit > 5) || std::time::Instant::now() > patience {
                break;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(!STRAYED.load(Ordering::Relaxed), "a handler ran in a child");
    assert!(hit > 0, "no child was hit by a signal so early");
}

#[test]
fn a_program_is_searched_in_our_path_and_refused_ones_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str, mode| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "#!/bin/sh\necho \"found $0 $1\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    place("refused/tool", 0o644);
    place("file", 0o644);
    place("good/tool", 0o755);
    place("later/tool", 0o755);
    let found = |path: &str| found(folder.path(), path);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let [refused, file, good, later] = ["refused", "file", "good", "later"].map(at);
    assert_eq!(
        found(&format!("{refused}:{file}:/nope:{good}:{later}")),
        format!("found {good}/tool word")
    );
    assert_eq!(
        found(&format!("{refused}:/nope")),
        "can't start `tool`: not executable (permission denied)"
    );
    assert_eq!(
        found(&format!("{file}:/nope")),
        "can't start `tool`: not found in PATH"
    );
    // An empty entry is the folder that the command runs in.
    place("tool", 0o755);
    assert_eq!(found(&format!("/nope::{good}")), "found tool word");
    place("text/tool", 0o755);
    fs::write(folder.path().join("text/tool"), "no program").unwrap();
    assert_eq!(
        found(&format!("{}:{good}", at("text"))),
        "can't start `tool`: not executable (exec format error)"
    );
}

/// What becomes of `tool word` in this folder when our PATH is this.
fn found(folder: &Path, path: &str) -> String {
    let text = as_helper("search", |helper| {
        helper.env("PATH", path).current_dir(folder);
    });
    let (_, after) = text.split_once("<<").unwrap();
    after.split_once(">>").unwrap().0.to_owned()
}

fn search() {
    let mut spec = argv(["tool", "word"]);
    spec.cwd = std::env::current_dir().unwrap();
    let (ended, heard) = run_it(&spec);
    let said = match ended.how {
        How::NotStarted(error @ StartError::Other { .. }) => panic!("{error}"),
        How::NotStarted(error) => error.to_string(),
        _ => heard.out().trim().to_owned(),
    };
    println!("<<{said}>>");
}

#[test]
fn a_variable_that_is_added_takes_the_place_of_an_inherited_one_and_of_no_other() {
    as_helper("environment", |helper| {
        let given = [("ONE", "a"), ("ONE_MORE", "b"), ("ON", "c"), ("Z", "d")];
        // A shell would have set them.
        let given = given
            .into_iter()
            .chain([("PWD", "/ours"), ("OLDPWD", "/our/other")]);
        helper.env_clear().env(ROLE, "environment").envs(given);
    });
}

fn environment() {
    let mut spec = at(argv(["/usr/bin/env"]), Path::new("/usr/lib/../lib/."));
    spec.env = [("Z", "new"), ("ONE", "new"), ("A", "new")]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    let heard = run_it(&spec).1.out();
    let mut found: Vec<_> = heard.lines().collect();
    found.sort_unstable();
    let role = format!("{ROLE}=environment");
    let expected = [
        "A=new",
        &role,
        "ON=c",
        "ONE=new",
        "ONE_MORE=b",
        "PWD=/usr/lib",
        "Z=new",
    ];
    assert_eq!(found, expected);
    spec.env.push(("PWD".into(), "/given".into()));
    let heard = run_it(&spec).1.out();
    assert!(heard.lines().any(|line| line == "PWD=/given"), "{heard}");
}

#[test]
fn a_folder_is_named_as_it_was_given_with_its_links() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/usr/lib", &link).unwrap();
    let prints = at(argv(["printenv", "PWD"]), &link);
    assert_eq!(
        run_it(&prints).1.out().trim_end(),
        link.display().to_string()
    );
}

#[test]
fn a_command_leads_a_session_and_has_no_terminal() {
    let (_, heard) = run_it(&line("cat /proc/$$/stat; : < /dev/tty"));
    let stat = heard.out();
    let (pid, rest) = stat.split_once(' ').unwrap();
    let (_, rest) = rest.rsplit_once(')').unwrap();
    let fields: Vec<_> = rest.split_whitespace().collect();
    assert_eq!(fields[2..5], [pid, pid, "0"], "group, session, terminal");
    assert!(heard.err().contains("/dev/tty"), "{}", heard.err());
}
