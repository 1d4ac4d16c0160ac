//! What this process was started with, and what becomes of it.
//!
//! A Unix process takes over much from the one that it replaces (`execve`) or that forked it, and its starter may have set it
//! for reasons of its own. So each is either *set* here, at the start of [`main`](set_up_process), or *passed on* to jobs as it was
//! given; the rest is *of no matter*. Jobs are started by `native::spawn`, background workers by
//! [`start_detached`](super::start_detached).
//!
//! | inherited | for this program | for jobs |
//! |---|---|---|
//! | SIGCHLD ignored | set to its default, for every command: the system keeps the exit codes of children only then | default |
//! | SIGXFSZ | ignored: a file that may grow no more (`ulimit -f`) is an error like a full disk | default |
//! | SIGXCPU | ignored: a soft `ulimit -t` is meant for jobs; at the hard one the system kills the program, as a crash | default |
//! | SIGPIPE | ignored, by Rust itself | default |
//! | SIGHUP ignored | stays so: that is what `nohup` is for | default |
//! | SIGINT, SIGTERM, SIGQUIT ignored | a worker hears them all the same, or it could not be stopped; of other commands they stay so | default |
//! | SIGTSTP, SIGTTIN, SIGTTOU and others ignored | of no matter | default |
//! | signal mask | emptied: a worker would be deaf to what is blocked. Signals that wait are delivered then | empty |
//! | a pending `alarm` (`ITIMER_REAL`) | kept: it limits the time of this program, as `timeout` does. A worker stops in order | none: `fork` drops timers |
//! | `ITIMER_VIRTUAL`, `ITIMER_PROF` | cancelled: their signals would end the program | none |
//! | soft limit of open files | raised by a worker for itself, see `room` | as it was given |
//! | soft and hard limits of anything else | of no matter, but for errors that are told | as they were given |
//! | umask | of no matter: what we create gets its mode explicitly | as it was given |
//! | nice value, scheduling, processors, I/O priority | of no matter | as given |
//! | descriptors 0 to 2 missing | opened on /dev/null, by Rust itself | their own three |
//! | other descriptors | kept by what runs in the foreground, closed by what runs in the background | closed |
//! | folder it runs in | kept in the foreground; a background worker goes to the data folder | the job's own |
//! | session, terminal | kept in the foreground; a background worker leads a session of its own | a session of its own, and so no terminal |
//! | environment | read by the caller | passed on; PWD is the job's folder, OLDPWD is left out |
//! | children of the program that it replaced | left alone, but each end of a job then has to look whether one is its own | – |
//! | subreaper flag | set by a worker on Linux; `fork` drops it | none |
//! | parent-death signal | kept: whoever set it wants this program to end; `fork` drops it | none |
//! | no_new_privs, seccomp, capabilities, namespaces, cgroup, OOM score, personality | of no matter | as given |

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use libc::{SIG_DFL, SIG_IGN, SIGCHLD, SIGXCPU, SIGXFSZ, c_int, sighandler_t};

/// Sets what this process relies on and may have been started without. To be called first in `main`, while there is one thread.
pub fn set_up_process() {
    set_disposition(SIGCHLD, SIG_DFL);
    for signal in [SIGXFSZ, SIGXCPU] {
        set_disposition(signal, SIG_IGN);
    }
    for timer in [libc::ITIMER_VIRTUAL, libc::ITIMER_PROF] {
        // SAFETY: all zeroes are a timer that is not set; the call only reads it.
        unsafe { libc::setitimer(timer, &MaybeUninit::zeroed().assume_init(), null_mut()) };
    }
    // Last, since this delivers what has been waiting.
    let mut none = MaybeUninit::uninit();
    // SAFETY: the first call fills the set that the second reads.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), null_mut());
    }
}

/// Without flags, so that SA_NOCLDWAIT goes as well. It can only fail for a number that is no signal.
fn set_disposition(signal: c_int, disposition: sighandler_t) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeroes are a valid action, of which one field is changed.
    unsafe {
        (*action.as_mut_ptr()).sa_sigaction = disposition;
        libc::sigaction(signal, action.as_ptr(), null_mut());
    }
}
