//! The native facts.

mod support;

use std::fs::OpenOptions;
use std::sync::mpsc;
use std::time::Duration;

use queuectl_process::os::{self, Wake};
use queuectl_process::{Leader, Others, StopSignal, Stream, Watcher, run};
use support::*;

#[test]
fn what_is_created_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    os::private_dir(&deep).unwrap();
    os::private_dir(&deep).unwrap();
    let file = deep.join("file");
    os::create_private(&file, OpenOptions::new().write(true).create_new(true)).unwrap();
    os::create_private(&file, OpenOptions::new().append(true)).unwrap();
    Wake::open(&deep.join("wake")).unwrap();
    for path in ["a", "a/b/c", "a/b/c/file"] {
        let others = os::access(&folder.path().join(path)).unwrap().others;
        assert_eq!(others, Others::Nothing, "{path}");
    }
    #[cfg(unix)]
    for (path, mode) in [
        ("a", 0o700),
        ("a/b/c", 0o700),
        ("a/b/c/file", 0o600),
        ("a/b/c/wake", 0o600),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let found = folder.path().join(path).metadata().unwrap();
        assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_lives_as_long_as_any_of_its_threads() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = apart("headless pidfile pids sleep 600");
    let mut child = command.current_dir(folder.path()).spawn().unwrap();
    let start = os::process_start(child.id()).unwrap();
    let stat = format!("/proc/{}/stat", child.id());
    until("its first thread ends", || {
        read(stat.as_ref()).contains(") Z ") && folder.path().join("pids").exists()
    });
    assert!(os::is_alive(child.id(), start));
    child.kill().unwrap();
    until("it ends", || !os::is_alive(child.id(), start));
    child.wait().unwrap();
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
}

#[cfg(unix)]
#[test]
fn a_file_in_the_place_of_a_wake_up_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(os::wake(&file).is_err() && Wake::open(&file).is_err());
}

#[test]
fn a_process_is_known_by_its_pid_and_start() {
    let me = std::process::id();
    let start = os::process_start(me).unwrap();
    assert_eq!(os::process_start(me), Some(start));
    assert!(os::is_alive(me, start) && !os::is_alive(me, start + 1));
    let mut child = apart("sleep 600").spawn().unwrap();
    let born = os::process_start(child.id()).unwrap();
    assert!(born >= start && os::is_alive(child.id(), born));
    os::kill(child.id()).unwrap();
    until("it ends", || !os::is_alive(child.id(), born));
    assert!(!child.wait().unwrap().success());
    assert_eq!(os::process_start(child.id()), None);
    assert!(os::kill(child.id()).is_err() && os::kill(0).is_err() && os::kill(u32::MAX).is_err());
}

#[cfg(unix)]
#[test]
fn a_process_can_be_asked_to_stop() {
    let mut child = apart("sleep 600").spawn().unwrap();
    os::ask_to_stop(child.id(), false).unwrap();
    assert!(!child.wait().unwrap().success());
}

#[test]
fn a_leader_started_when_it_says() {
    struct Looking(bool);
    impl Watcher for Looking {
        fn started(&mut self, leader: Leader) {
            let start = os::process_start(leader.pid).expect("it runs");
            assert!(
                (leader.earliest..=leader.latest).contains(&start),
                "{leader:?} {start}"
            );
            self.0 = true;
        }
        fn output(&mut self, _: Stream, _: &[u8]) {}
    }
    let mut looking = Looking(false);
    run(
        &within(steps("sleep 600"), 0.1),
        &StopSignal::new().unwrap(),
        &mut looking,
    );
    assert!(looking.0);
}

#[test]
fn the_machine_has_a_name() {
    assert!(!os::hostname().is_empty());
}

#[test]
fn a_file_takes_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (draft, path) = (folder.path().join("draft"), folder.path().join("file"));
    for text in ["one", "two"] {
        std::fs::write(&draft, text).unwrap();
        os::replace(&draft, &path).unwrap();
        assert_eq!(read(&path), text);
    }
    assert!(os::replace(&draft, &path).is_err(), "there is no draft");
}

#[cfg(windows)]
mod windows {
    use std::fs;
    use std::os::windows::fs::OpenOptionsExt;
    use std::process::Stdio;
    use std::ptr;
    use std::thread;
    use std::time::Instant;

    use windows_sys::Win32::System::JobObjects::{
        AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_BREAKAWAY_OK,
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
        JobObjectExtendedLimitInformation, SetInformationJobObject,
    };
    use windows_sys::Win32::System::Threading::GetCurrentProcess;

    use super::*;

    const LISTENS: &str = "FACTS_TEST_LISTENS";

    /// Not a test of its own: a process that ends with 7 when it is asked to stop politely, with 8 if at once.
    #[test]
    fn helper() {
        #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
        let Some(up) = std::env::var_os(LISTENS) else {
            return;
        };
        let (asked, heard) = mpsc::channel();
        os::when_asked_to_stop(move |what| asked.send(what).unwrap()).unwrap();
        fs::write(up, "").unwrap();
        let code = match heard.recv().unwrap() {
            os::Asked::Politely => 7,
            os::Asked::AtOnce => 8,
            os::Asked::Interrupt => 9,
        };
        #[expect(clippy::exit, reason = "its code is its answer")]
        std::process::exit(code);
    }

    #[test]
    fn a_process_that_listens_can_be_asked_to_stop_and_another_can_not() {
        let folder = tempfile::tempdir().unwrap();
        for (at_once, code) in [(false, 7), (true, 8)] {
            let up = folder.path().join(format!("up{code}"));
            let mut child = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "windows::helper"])
                .env(LISTENS, &up)
                .spawn()
                .unwrap();
            until("it listens", || up.exists());
            os::ask_to_stop(child.id(), at_once).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code));
        }
        let mut child = apart("sleep 600").spawn().unwrap();
        assert!(os::ask_to_stop(child.id(), false).is_err());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// As a virus scanner does, or who reads the file just then.
    #[test]
    fn a_file_that_somebody_has_open_for_a_moment_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (draft, path) = (folder.path().join("draft"), folder.path().join("file"));
        fs::write(&path, "old").unwrap();
        fs::write(&draft, "new").unwrap();
        let mut alone = OpenOptions::new();
        alone.read(true).share_mode(0);
        let open = alone.open(&path).unwrap();
        let closing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            drop(open);
        });
        os::replace(&draft, &path).unwrap();
        assert_eq!(read(&path), "new");
        closing.join().unwrap();

        fs::write(&draft, "newer").unwrap();
        let began = Instant::now();
        let _open = alone.open(&path).unwrap();
        assert!(os::replace(&draft, &path).is_err(), "it is still open");
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    const JOB: &str = "FACTS_TEST_JOB";

    /// Not a test of its own: a process in a Job Object that ends all in it, and lets one out that asks for it if the variable
    /// says so. It starts another, writes its pid to a file, and ends.
    #[test]
    fn helper_in_a_job() {
        #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
        let (Ok(free), Some(file)) = (std::env::var(JOB), std::env::var_os(LISTENS)) else {
            return;
        };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        if free == "lets out" {
            limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_BREAKAWAY_OK;
        }
        // SAFETY: the structure is the one that belongs to the kind, with its size; the handles are open.
        unsafe {
            let job = CreateJobObjectW(ptr::null(), ptr::null());
            let kind = JobObjectExtendedLimitInformation;
            let size = size_of_val(&limits) as u32;
            assert_ne!(
                SetInformationJobObject(job, kind, (&raw const limits).cast(), size),
                0
            );
            assert_ne!(AssignProcessToJobObject(job, GetCurrentProcess()), 0);
        }
        let mut other = apart("sleep 600");
        // Who reads what this prints doesn't wait for the other's end.
        other
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[expect(clippy::zombie_processes, reason = "it is to outlive this one")]
        let started = os::start_detached(&mut other).unwrap();
        fs::write(file, started.id().to_string()).unwrap();
    }

    /// As one that is started by a job of somebody else's program is.
    #[test]
    fn what_is_detached_leaves_the_job_object_of_its_starter_if_it_may() {
        let folder = tempfile::tempdir().unwrap();
        for (free, outlives) in [("lets out", true), ("holds all", false)] {
            let file = folder.path().join(free);
            let helper = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "windows::helper_in_a_job"])
                .envs([(JOB, free.as_ref()), (LISTENS, file.as_os_str())])
                .output()
                .unwrap();
            assert!(helper.status.success(), "{helper:?}");
            let pid: u32 = read(&file).parse().unwrap();
            if outlives {
                assert!(lives(pid), "it was in the job that {free}");
                os::kill(pid).unwrap();
            }
            until("it ends", || !lives(pid));
        }
    }
}
