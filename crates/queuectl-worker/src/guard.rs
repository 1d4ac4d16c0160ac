//! The guard: a process beside a worker that ends what it runs when the worker can't.
//!
//! A worker whose lease is over, or that has died, is not waited for by other machines: they run its jobs. If it was
//! killed, its own machine may have no other worker that ends what it left; and while it is stopped it ends nothing itself. So a worker
//! that has a lease has a guard. It is told each time until when things may run, by a pipe that it reads to the end: the system
//! closes the pipe when the worker ends, however it ends. On Windows the system itself ends what a dead worker left.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use queuectl_domain::WorkerId;
use queuectl_process::{end_orphans, os};

use crate::life::Life;
use crate::slot::claim_tags;
use crate::{DataFolder, Launch};

/// How often a guard looks at the clock. No timer goes on while the system sleeps, on every system.
const LOOK: Duration = Duration::from_secs(1);

/// How long until the first look whether what it has killed is gone; each further wait is twice as long.
const SHORTEST: Duration = Duration::from_millis(5);
/// How long a guard whose worker has gone waits for the end of what it has killed.
const FAREWELL: Duration = Duration::from_secs(10);

/// A guard, as its worker sees it. It ends when this is dropped.
pub(crate) struct Guard {
    launch: Launch,
    worker: WorkerId,
    process: Child,
    /// Closed if the guard can't be told any more.
    pipe: Option<ChildStdin>,
    until: Duration,
}

impl Guard {
    /// Starts one, if what a worker runs can outlive it on this system.
    pub(crate) fn start(launch: &Launch, worker: &WorkerId) -> io::Result<Option<Self>> {
        if !os::CHILDREN_OUTLIVE_US {
            return Ok(None);
        }
        let (process, pipe) = spawn(launch, worker)?;
        Ok(Some(Self {
            launch: launch.clone(),
            worker: worker.clone(),
            process,
            pipe: Some(pipe),
            until: Duration::ZERO,
        }))
    }

    /// From `until` on, since the system was started, nothing of the worker may run.
    pub(crate) fn tell(&mut self, until: Duration) {
        self.until = until;
        let millis = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        let told = match &mut self.pipe {
            Some(pipe) => pipe.write_all(&millis.to_le_bytes()),
            None => Ok(()),
        };
        if told.is_err() {
            self.pipe = None;
        }
    }

    /// Starts another in the place of one that has ended, or that doesn't hear. If that fails, the next look tries again.
    pub(crate) fn look_after(&mut self) {
        let works = self.pipe.is_some() && matches!(self.process.try_wait(), Ok(None));
        if works {
            return;
        }
        let _ = self.process.kill(); // It may have ended.
        if let Ok((process, pipe)) = spawn(&self.launch, &self.worker) {
            let _ = std::mem::replace(&mut self.process, process).wait();
            self.pipe = Some(pipe);
            self.tell(self.until);
        }
    }
}

fn spawn(launch: &Launch, worker: &WorkerId) -> io::Result<(Child, ChildStdin)> {
    let mut command = launch.command(worker);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut process = command.spawn()?;
    os::no_orphan(&process);
    let pipe = process.stdin.take().expect("stdin is a pipe");
    os::never_wait(&pipe)?;
    Ok((process, pipe))
}

/// Guards a worker: reads from `pipe` until when it may run things, and ends what runs when that time has come, or when the pipe
/// ends.
///
/// # Errors
///
/// If what a dead worker left can't be ended.
pub fn guard(
    data: &DataFolder,
    worker: &WorkerId,
    pipe: impl Read + Send + 'static,
) -> io::Result<()> {
    let roster = Life::roster_of(&data.life(worker));
    let tag = claim_tags(worker.as_str());
    let terms = listen(pipe)?;
    let mut until = None;
    let mut pause = SHORTEST;
    loop {
        let left = until.map(|until: Duration| until.saturating_sub(os::since_boot()));
        let wait = match left {
            // Don't wait here: the worker may yet send a new end of its lease.
            Some(Duration::ZERO) if end_orphans(&roster, &tag, Duration::ZERO).is_err() => {
                pause = (pause * 2).min(LOOK);
                pause
            }
            Some(left) if !left.is_zero() => {
                pause = SHORTEST;
                LOOK.min(left)
            }
            _ => LOOK,
        };
        match terms.recv_timeout(wait) {
            Ok(term) => until = Some(term),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return end_orphans(&roster, &tag, FAREWELL).map(drop);
            }
        }
    }
}

/// What comes through the pipe, on a thread of its own.
fn listen(mut pipe: impl Read + Send + 'static) -> io::Result<Receiver<Duration>> {
    let (sender, terms) = channel();
    std::thread::Builder::new().spawn(move || {
        let mut word = [0; size_of::<u64>()];
        while pipe.read_exact(&mut word).is_ok() {
            let term = Duration::from_millis(u64::from_le_bytes(word));
            if sender.send(term).is_err() {
                return;
            }
        }
    })?;
    Ok(terms)
}
