//! The stop signal of a slot: a pipe, so that it can be waited for together with a command's output and its end.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use crate::force::ForceAt;

/// Ends the command that a slot runs. One per slot, for all its runs; other threads hold a [`StopHandle`].
#[derive(Debug)]
pub struct StopSignal {
    reader: PipeReader,
    handle: StopHandle,
}

/// Gives a [`StopSignal`] from another thread.
#[derive(Debug, Clone)]
pub struct StopHandle {
    writer: Arc<PipeWriter>,
    force_at: ForceAt,
}

impl StopSignal {
    /// A signal that has not been given.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        rustix::io::ioctl_fionbio(&reader, true)?;
        rustix::io::ioctl_fionbio(&writer, true)?;
        Ok(Self {
            reader,
            handle: StopHandle {
                writer: Arc::new(writer),
                force_at: ForceAt::default(),
            },
        })
    }

    /// A handle for another thread.
    pub fn handle(&self) -> StopHandle {
        self.handle.clone()
    }

    /// Takes the signal back, before the next run.
    pub fn reset(&self) {
        let mut taken = [0; 64];
        while matches!((&self.reader).read(&mut taken), Ok(read) if read > 0) {}
        self.handle.force_at.clear();
    }

    /// Whether it has been given and not taken back.
    pub fn is_set(&self) -> bool {
        let mut fds = [PollFd::new(&self.reader, PollFlags::IN)];
        let now = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(poll(&mut fds, Some(&now)), Ok(ready) if ready > 0)
    }

    pub(super) fn force_at(&self) -> &ForceAt {
        &self.handle.force_at
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl StopHandle {
    /// Ends the running tree: polite signal, grace, force. Stays given until [`StopSignal::reset`].
    pub fn stop(&self) {
        // A full pipe has been told often enough; nothing else can fail, since the reader lives as long as the slot, and
        // with the slot gone nothing is left to stop.
        let _ = (&*self.writer).write(&[1]);
    }

    /// Ends the running tree, by force after so long at the latest. That holds also if it is being ended already.
    pub fn stop_within(&self, grace: Duration) {
        self.force_at.within(grace);
        self.stop();
    }
}
