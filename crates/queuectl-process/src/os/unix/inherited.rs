//! What a process inherits from its starter, and what becomes of it.
//!
//! A process keeps much of its parent's state (`fork`) and of the process that it replaces (`execve`),
//! whatever the starter has set it for. Each item of the list below is set by this program, passed on
//! to jobs, or doesn't matter. [`set_up_process`] sets what concerns every command of the program.
//! Jobs are started by `native::spawn`, background workers by
//! [`start_detached`](super::start_detached).
//!
//! | inherited | in this program | in jobs |
//! |---|---|---|
//! | SIGCHLD ignored | default: otherwise the exit codes of children are lost | default |
//! | SIGXFSZ | ignored: a file beyond `ulimit -f` is an error like a full disk | default |
//! | SIGXCPU | ignored: a soft `ulimit -t` is for jobs. At the hard one the system kills | default |
//! | SIGPIPE | ignored, by Rust's runtime | default |
//! | SIGHUP, SIGALRM ignored | stay ignored, as `nohup` promises | default |
//! | SIGINT, SIGTERM, SIGQUIT ignored | a worker hears them; elsewhere they stay ignored | default |
//! | SIGTSTP, SIGTTIN, SIGTTOU, others ignored | doesn't matter | default |
//! | signal mask | emptied: blocked signals would never stop a worker. Pending ones arrive | empty |
//! | `alarm` (`ITIMER_REAL`) | kept: it limits a program's time, as `timeout` does. It stops a worker politely | none, since `fork` |
//! | `ITIMER_VIRTUAL`, `ITIMER_PROF` | cancelled: they would kill the program | none |
//! | soft limit of open files | raised by a worker, see `room` | as given |
//! | all other limits | errors are told | as given |
//! | umask | doesn't matter: modes are set explicitly | as given |
//! | nice value, scheduling, processors, I/O priority | doesn't matter | as given |
//! | descriptors 0 to 2 missing | opened on /dev/null, by Rust's runtime | empty, and two pipes |
//! | other descriptors | kept in the foreground, closed in the background | closed |
//! | current folder | kept in the foreground; the data folder in the background | the job's |
//! | session and terminal | kept in the foreground; a new session in the background | a new session each |
//! | environment | read by the caller | as given, but for PWD and OLDPWD |
//! | children of the replaced process | left alone; they make the end of each job slower | – |
//! | subreaper flag | set by a worker on Linux | none, since `fork` |
//! | parent-death signal | kept: it was set on purpose | none, since `fork` |
//! | no_new_privs, seccomp, capabilities, namespaces, cgroup, OOM score, personality | doesn't matter | as given |

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use libc::{SIG_DFL, SIG_IGN, SIGCHLD, SIGXCPU, SIGXFSZ, c_int, sighandler_t};

/// Sets what every command of this program relies on, whatever the process has inherited. To be
/// called first in `main`, while there is only one thread.
pub fn set_up_process() {
    set_disposition(SIGCHLD, SIG_DFL);
    for signal in [SIGXFSZ, SIGXCPU] {
        set_disposition(signal, SIG_IGN);
    }
    for timer in [libc::ITIMER_VIRTUAL, libc::ITIMER_PROF] {
        // SAFETY: all zeroes are a timer that is not set; the call only reads it.
        unsafe { libc::setitimer(timer, &MaybeUninit::zeroed().assume_init(), null_mut()) };
    }
    // Last, because pending signals are delivered now.
    let mut none = MaybeUninit::uninit();
    // SAFETY: the first call fills the set that the second reads.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), null_mut());
    }
}

/// Sets a signal's disposition, without flags, so that SA_NOCLDWAIT goes as well. It only fails for
/// a number that is no signal.
fn set_disposition(signal: c_int, disposition: sighandler_t) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeroes are a valid action, of which one field is changed.
    unsafe {
        (*action.as_mut_ptr()).sa_sigaction = disposition;
        libc::sigaction(signal, action.as_ptr(), null_mut());
    }
}
