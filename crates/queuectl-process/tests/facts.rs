//! The native facts, on Unix.
#![cfg(unix)]

mod support;

use std::fs::OpenOptions;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;
use std::time::Duration;

use queuectl_process::os::{self, Wake};
use support::*;

#[test]
fn what_is_created_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    os::private_dir(&deep).unwrap();
    os::private_dir(&deep).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&deep), mode(&folder.path().join("a"))),
        (0o700, 0o700)
    );
    let file = deep.join("file");
    os::create_private(&file, OpenOptions::new().write(true).create_new(true)).unwrap();
    os::create_private(&file, OpenOptions::new().append(true)).unwrap();
    assert_eq!(mode(&file), 0o600);
    Wake::open(&deep.join("wake")).unwrap();
    assert_eq!(mode(&deep.join("wake")), 0o600);
}

#[test]
fn one_token_wakes_one_waiter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wake");
    assert!(!os::wake(&path).unwrap(), "there is no wake-up yet");
    let (woken, waking) = mpsc::channel();
    let waiter = || {
        let wake = Wake::open(&path).unwrap();
        let woken = woken.clone();
        std::thread::spawn(
            move || {
                while wake.wait().is_ok() && woken.send(()).is_ok() {}
            },
        )
    };
    let waiters = [waiter(), waiter(), waiter()];
    for _ in 0..100 {
        assert!(os::wake(&path).unwrap());
        waking
            .recv_timeout(Duration::from_secs(30))
            .expect("a waiter wakes");
    }
    assert_eq!(
        waking.recv_timeout(Duration::from_millis(100)),
        Err(mpsc::RecvTimeoutError::Timeout)
    );
    drop(waking);
    for waiter in waiters {
        until("the waiters end", || {
            os::wake(&path).unwrap();
            waiter.is_finished()
        });
    }
}

#[test]
fn nobody_to_wake_and_tokens_that_are_there_already() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wake");
    let wake = Wake::open(&path).unwrap();
    assert!(os::wake(&path).unwrap() && os::wake(&path).unwrap() && os::wake(&path).unwrap());
    wake.wait().unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let waited = wake.wait();
        drop(wake);
        sender.send(waited)
    });
    assert!(
        receiver.recv_timeout(Duration::from_millis(100)).is_err(),
        "there was a second token"
    );
    os::wake(&path).unwrap();
    receiver
        .recv_timeout(Duration::from_secs(30))
        .unwrap()
        .unwrap();
    assert!(!os::wake(&path).unwrap(), "nobody is there any more");
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert!(
        os::wake(&folder.path().join("file")).is_err()
            && Wake::open(&folder.path().join("file")).is_err()
    );
}

#[test]
fn a_process_is_known_by_its_pid_and_start() {
    let me = std::process::id();
    let start = os::process_start(me).unwrap();
    assert_eq!(os::process_start(me), Some(start));
    assert!(os::is_alive(me, start) && !os::is_alive(me, start + 1));
    let mut child = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
    let born = os::process_start(child.id()).unwrap();
    assert!(born >= start && os::is_alive(child.id(), born));
    os::ask_to_stop(child.id(), false).unwrap();
    until("it ends", || !os::is_alive(child.id(), born));
    assert!(!child.wait().unwrap().success());
    assert_eq!(os::process_start(child.id()), None);
    assert!(os::kill(child.id()).is_err() && os::kill(0).is_err() && os::kill(u32::MAX).is_err());
}

#[test]
#[cfg(target_os = "linux")]
fn a_leader_started_when_it_says() {
    let (_, heard) = run_it(&line("cut -d ' ' -f 22 /proc/$$/stat"));
    let leader = heard.leader.unwrap();
    let start: u64 = heard.number().into();
    assert!(
        (leader.earliest..=leader.latest).contains(&start),
        "{leader:?} {start}"
    );
    assert!(leader.latest - leader.earliest < 100);
}

#[test]
fn the_machine_has_a_name() {
    assert!(!os::hostname().is_empty());
}
