//! A folder on a file system that doesn't answer: a process that looks into it hangs in the kernel, as with a dead network disk, and
//! not even SIGKILL ends it before the file system answers.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::{Home, wait_until};

/// The mount. Its other end is descriptor 3 of the process that holds the namespace.
const MOUNT: &str = "mkdir \"$1/stuck\"; exec 3<>/dev/fuse; \
     mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 stuck \"$1/stuck\"";

// The numbers of the kernel's protocol, as in its `fuse.h`.
const FORGET: u32 = 2;
const INIT: u32 = 26;
const INTERRUPT: u32 = 36;
const BATCH_FORGET: u32 = 42;
const VERSION: (u32, u32) = (7, 31);
const NOT_FOUND: i32 = -2;

/// The other end of the file system, which answers only when it is told to.
pub(super) struct Stuck {
    asked: Arc<AtomicBool>,
    answers: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Home {
    /// A home with a folder `stuck` on such a file system.
    pub(crate) fn with_stuck_folder() -> Self {
        let mut home = Self::with_mounts(MOUNT);
        home.stuck = Some(Stuck::serve(home.end_of_mount()));
        home
    }

    /// A file whose look-up hangs.
    pub(crate) fn stuck_file(&self) -> PathBuf {
        self.path().join("stuck/file")
    }

    /// Waits until a process hangs in the folder.
    #[track_caller]
    pub(crate) fn wait_until_one_is_stuck(&self) {
        let stuck = self.stuck.as_ref().expect("there is such a folder");
        wait_until("a process to look into the folder", || {
            stuck.asked.load(Ordering::SeqCst)
        });
    }

    /// Answers all look-ups: there is no such file.
    pub(crate) fn unstick(&self) {
        if let Some(stuck) = &self.stuck {
            stuck.answers.store(true, Ordering::SeqCst);
        }
    }

    fn end_of_mount(&self) -> OwnedFd {
        let holder = self.namespace.as_ref().expect("there are mounts").holder();
        let holder = Pid::from_raw(holder).expect("a process id isn't 0");
        let holder = pidfd_open(holder, PidfdFlags::empty()).expect("the holder is there");
        pidfd_getfd(holder, 3, PidfdGetfdFlags::empty()).expect("it is a process of ours")
    }
}

impl Stuck {
    fn serve(kernel: OwnedFd) -> Self {
        let [asked, answers, over] = [(); 3].map(|()| Arc::<AtomicBool>::default());
        let was_asked = Arc::clone(&asked);
        let (heard, ended) = (Arc::clone(&answers), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let mut owed = Vec::new();
            while !ended.load(Ordering::SeqCst) {
                owed.extend(next(&kernel));
                was_asked.fetch_or(!owed.is_empty(), Ordering::SeqCst);
                if heard.load(Ordering::SeqCst) {
                    for request in owed.drain(..) {
                        reply(&kernel, request, NOT_FOUND, &[]);
                    }
                }
            }
        });
        Self {
            asked,
            answers,
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The number of the next request that waits for an answer, if it comes soon.
fn next(kernel: &OwnedFd) -> Option<u64> {
    let soon = Timespec::try_from(Duration::from_millis(20)).expect("it is short");
    let mut fds = [PollFd::new(kernel, PollFlags::IN)];
    if poll(&mut fds, Some(&soon)) != Ok(1) {
        return None;
    }
    let mut buffer = vec![0; 128 * 1024];
    let length = rustix::io::read(kernel, &mut buffer[..]).ok()?;
    let head = buffer[..length].first_chunk::<16>()?;
    let (kind, number) = (&head[4..8], &head[8..16]);
    let kind = u32::from_ne_bytes(kind.try_into().ok()?);
    let number = u64::from_ne_bytes(number.try_into().ok()?);
    match kind {
        INIT => {
            let mut agreed = [0; 64];
            agreed[..4].copy_from_slice(&VERSION.0.to_ne_bytes());
            agreed[4..8].copy_from_slice(&VERSION.1.to_ne_bytes());
            // How much is written at once.
            agreed[20..24].copy_from_slice(&4096_u32.to_ne_bytes());
            reply(kernel, number, 0, &agreed);
            None
        }
        FORGET | BATCH_FORGET | INTERRUPT => None,
        _ => Some(number),
    }
}

fn reply(kernel: &OwnedFd, request: u64, error: i32, body: &[u8]) {
    let length = 16 + body.len() as u32;
    let head = [
        &length.to_ne_bytes()[..],
        &error.to_ne_bytes(),
        &request.to_ne_bytes(),
    ];
    // One that was killed meanwhile may not wait for it any more.
    let _ = rustix::io::write(kernel, &[&head.concat(), body].concat());
}
