//! In a sandbox without pidfds, ends are learnt all the same. Alone in its process, since that is asked once. Linux.
#![cfg(target_os = "linux")]

mod support;

use queuectl_process::How;
use support::*;

#[test]
fn without_pidfds_an_end_is_learnt_by_a_thread() {
    deny_pidfds();
    let (ended, heard) = run_it(&line("echo a; exit 3"));
    assert_eq!((ended.how, heard.out().as_str()), (How::Exited(3), "a\n"));
    assert_eq!(run_it(&within(line("sleep 600"), 0.1)).0.how, How::TimedOut);
    assert_eq!(
        stop_at("up", &line("echo up; sleep 600")).0.how,
        How::Stopped
    );
    assert!(matches!(run_it(&argv(["/nope"])).0.how, How::NotStarted(_)));
}

/// Makes the system refuse `pidfd_open` to this thread, as a sandbox from before it would.
fn deny_pidfds() {
    let number = libc::SYS_pidfd_open as u32;
    let refuse = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    let step = |code, equal, unequal, value| libc::sock_filter {
        code: code as u16,
        jt: equal,
        jf: unequal,
        k: value,
    };
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, number),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, refuse),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: the program lives through the call, which copies it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let filter = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, filter, &program), 0);
    }
}
