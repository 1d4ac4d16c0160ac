//! Unix: signals, timers, limits, the umask.

use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::mem::MaybeUninit;
use std::os::unix::fs::PermissionsExt;
use std::ptr::{null, null_mut};

use crate::as_helper;
use crate::support::*;
use queuectl_process::os::{self, Wake};
use queuectl_process::{How, Owner, OwnerMay};

/// What the helper process does.
pub(crate) fn play(role: &str) {
    match role {
        "signals" => signals(),
        "files" => files(),
        "stolen" => stolen(),
        "room" => room(),
        "umask" => umask(),
        _ => panic!("there is no role `{role}`"),
    }
}

/// What a call fills that never fails here.
fn filled<T>(fill: impl FnOnce(*mut T)) -> T {
    let mut value = MaybeUninit::zeroed();
    fill(value.as_mut_ptr());
    // SAFETY: all zeroes are valid for what is asked for here, and so is what the call has made of them.
    unsafe { value.assume_init() }
}

#[test]
fn how_children_end_is_known_and_nothing_is_blocked_or_about_to_end_us() {
    as_helper("signals");
}

fn signals() {
    const TIMERS: [libc::c_int; 2] = [libc::ITIMER_VIRTUAL, libc::ITIMER_PROF];
    // SAFETY: here and below, the call fills what the pointer leads to.
    let all = filled(|set| unsafe { _ = libc::sigfillset(set) });
    let mut never_told = filled::<libc::sigaction>(|_| {});
    never_told.sa_flags = libc::SA_NOCLDWAIT;
    let mut soon = filled::<libc::itimerval>(|_| {});
    soon.it_value.tv_sec = 600;
    // SAFETY: all pointers are to locals.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, null_mut());
        libc::sigaction(libc::SIGCHLD, &never_told, null_mut());
        for timer in TIMERS {
            libc::setitimer(timer, &soon, null_mut());
        }
    }
    os::set_up_process();
    assert_eq!(run_it(&line("exit 7")).0.how, How::Exited(7));
    // SAFETY: as above.
    let blocked = filled(|set| unsafe {
        _ = libc::pthread_sigmask(libc::SIG_BLOCK, null(), set);
    });
    for signal in 1..32 {
        // SAFETY: the set is initialised.
        assert_eq!(
            unsafe { libc::sigismember(&blocked, signal) },
            0,
            "{signal}"
        );
    }
    for timer in TIMERS {
        // SAFETY: as above.
        let left = filled::<libc::itimerval>(|left| unsafe { _ = libc::getitimer(timer, left) });
        assert_eq!((left.it_value.tv_sec, left.it_value.tv_usec), (0, 0));
    }
}

#[test]
fn a_file_that_may_grow_no_more_is_an_error_for_us_and_ends_a_command() {
    as_helper("files");
}

fn files() {
    os::set_up_process();
    // SAFETY: the call fills what the pointer leads to.
    let mut limit = filled(|limit| unsafe { _ = libc::getrlimit(libc::RLIMIT_FSIZE, limit) });
    assert_eq!(os::largest_file(), None);
    limit.rlim_cur = 1000;
    // SAFETY: the pointer is to a local.
    unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) };
    assert_eq!(os::largest_file(), Some(1000));
    let mut file = tempfile::tempfile().unwrap();
    let error = file.write_all(&[0; 2000]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    // A soft limit of time is told like that.
    // SAFETY: a signal to this process, which ignores it.
    unsafe { libc::raise(libc::SIGXCPU) };
    let folder = tempfile::tempdir().unwrap();
    for text in ["exec head -c 3000 /dev/zero > file", "kill -XCPU $$"] {
        let ended = run_it(&at(line(text), folder.path())).0.how;
        assert!(matches!(ended, How::Signaled { .. }), "{text}: {ended:?}");
    }
}

#[test]
fn an_end_that_the_system_does_not_tell_is_no_end_by_a_signal() {
    as_helper("stolen");
}

fn stolen() {
    // SAFETY: no handler is set.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    for text in ["exit 0", "exit 3", "kill -9 $$"] {
        assert_eq!(run_it(&line(text)).0.how, How::Unknown, "{text}");
    }
}

#[test]
fn room_for_many_open_files_is_made_for_us() {
    as_helper("room");
}

fn room() {
    let limit = || {
        // SAFETY: the call fills what the pointer leads to.
        let found = filled::<libc::rlimit>(|limit| unsafe {
            _ = libc::getrlimit(libc::RLIMIT_NOFILE, limit);
        });
        (found.rlim_cur, found.rlim_max)
    };
    let given = libc::rlimit {
        rlim_cur: 100,
        rlim_max: 500,
    };
    // SAFETY: the pointer is to a local.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &given) }, 0);
    let asks = line("ulimit -S -n; ulimit -H -n");
    assert_eq!(run_it(&asks).1.out(), "100\n500\n");
    // As often as somebody wants it.
    for _ in 0..2 {
        os::make_room_for(40);
        assert!(limit().0 > 400 && limit().1 == 500, "{:?}", limit());
        let seen = run_it(&asks).1.out();
        if cfg!(target_os = "linux") {
            assert_eq!(seen, "100\n500\n", "it is ours alone");
        }
    }
}

#[test]
fn what_is_created_can_be_used_by_its_owner_whatever_the_umask() {
    as_helper("umask");
}

fn umask() {
    for umask in [0o000, 0o177, 0o377, 0o777] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // SAFETY: a call without pointers.
        let before = unsafe { libc::umask(umask) };
        os::private_dir(&at("a/b/c")).unwrap();
        os::new_private_dir(&at("d")).unwrap();
        os::create_private(
            &at("a/b/c/file"),
            OpenOptions::new().write(true).create(true),
        )
        .unwrap();
        Wake::open(&at("a/wake")).unwrap();
        // SAFETY: as above.
        unsafe { libc::umask(before) };
        for (name, wanted) in [
            ("a", 0o700),
            ("a/b", 0o700),
            ("a/b/c", 0o700),
            ("d", 0o700),
            ("a/b/c/file", 0o600),
            ("a/wake", 0o600),
        ] {
            let mode = at(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, wanted, "{name} by {umask:o}");
        }
    }
}

#[test]
fn a_folder_that_shuts_its_owner_out_is_known_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let may = |mode| {
        std::fs::set_permissions(&inner, Permissions::from_mode(mode)).unwrap();
        let access = os::access(&inner).unwrap();
        assert_eq!(access.owner, Owner::Me);
        access.owner_may
    };
    for (mode, expected) in [
        (0o700, OwnerMay::DoAll),
        (0o750, OwnerMay::DoAll),
        (0o500, OwnerMay::Enter),
        (0o100, OwnerMay::Enter),
        (0o600, OwnerMay::NotEnter),
        (0o077, OwnerMay::NotEnter),
    ] {
        assert_eq!(may(mode), expected, "{mode:o}");
        os::let_owner_in(&inner).unwrap();
        let after = inner.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(after, mode | 0o700, "it takes nothing from others");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    assert_eq!(os::access(&file).unwrap().owner_may, OwnerMay::DoAll);
}
