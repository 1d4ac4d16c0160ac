//! One attempt: two threads read the pipes, one waits for the leader and the stop signal; the caller's hears them all.
//!
//! There is no polite signal that reaches every process, so a timeout or a stop ends the Job Object at once: no grace.

use std::io::{self, Read};
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::handle::{is_set, wait_for_one};
use super::spawn::{self, Job};
use super::stop::StopSignal;
use crate::{Ended, How, Spec, StartError, Stream, Watcher};

const CHUNK: usize = 64 * 1024;
/// How long the pipes may stay open when the job has been ended: only a process outside of it can hold them.
const PATIENCE: Duration = Duration::from_secs(2);

enum Event {
    Output(Stream, Vec<u8>),
    Closed,
    Exit,
    Stop,
}

/// Runs one command and blocks until the attempt is over: the leader has ended, and with it all it left behind.
///
/// If the leader ends by itself before a timeout or a stop is acted upon, its true end is what is reported.
pub fn run(spec: &Spec, stop: &StopSignal, watcher: &mut dyn Watcher) -> Ended {
    let began = Instant::now();
    let not_started = |error| Ended {
        how: How::NotStarted(error),
        elapsed: began.elapsed(),
    };
    let (mut child, job, leader) = match spawn::start(spec) {
        Ok(started) => started,
        Err(error) => return not_started(error),
    };
    watcher.started(leader);
    let (sender, events) = sync_channel(4);
    let watched = watch(&mut child, stop, &sender);
    drop(sender);
    if let Err(error) = watched {
        job.end();
        let _ = child.wait();
        return not_started(StartError::Other {
            program: "the command's watch".to_owned(),
            reason: error.to_string(),
        });
    }
    let mut attempt = Attempt {
        events,
        watcher,
        open: 2,
        exited: false,
    };
    let deadline = spec.timeout.and_then(|timeout| began.checked_add(timeout));
    let seen = attempt.listen(deadline);
    let ours = seen.filter(|_| !is_set(&child));
    let elapsed = attempt.finish(&job, began);
    let how = ours.unwrap_or_else(
        || match child.wait().ok().and_then(|status| status.code()) {
            Some(code) => How::Exited(code.into()),
            None => How::Exited(-1),
        },
    );
    Ended { how, elapsed }
}

struct Attempt<'a> {
    events: Receiver<Event>,
    watcher: &'a mut dyn Watcher,
    /// How many of the two streams are open.
    open: u8,
    exited: bool,
}

impl Attempt<'_> {
    /// Passes on output until the leader ends (`None`) or something else is to end it.
    fn listen(&mut self, deadline: Option<Instant>) -> Option<How> {
        loop {
            let left = deadline.map_or(Duration::from_secs(86_400), |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            match self.events.recv_timeout(left) {
                Ok(Event::Stop) => return Some(How::Stopped),
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout)
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) =>
                {
                    return Some(How::TimedOut);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            if self.exited {
                return None;
            }
        }
    }

    /// Ends what is left of the job, and takes what is left in the pipes.
    fn finish(&mut self, job: &Job, began: Instant) -> Duration {
        job.end();
        let mut elapsed = self.exited.then(|| began.elapsed());
        let mut patience = Instant::now() + PATIENCE;
        while self.open > 0 || !self.exited {
            match self
                .events
                .recv_timeout(patience.saturating_duration_since(Instant::now()))
            {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if self.exited => break,
                Err(RecvTimeoutError::Timeout) => patience = Instant::now() + PATIENCE,
            }
            if self.exited {
                elapsed.get_or_insert_with(|| began.elapsed());
            }
        }
        elapsed.unwrap_or_else(|| began.elapsed())
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Output(stream, bytes) => self.watcher.output(stream, &bytes),
            Event::Closed => self.open -= 1,
            Event::Exit => self.exited = true,
            Event::Stop => {}
        }
    }
}

fn watch(
    child: &mut std::process::Child,
    stop: &StopSignal,
    sender: &SyncSender<Event>,
) -> io::Result<()> {
    if let Some(pipe) = child.stdout.take() {
        read(Stream::Stdout, pipe, sender.clone())?;
    }
    if let Some(pipe) = child.stderr.take() {
        read(Stream::Stderr, pipe, sender.clone())?;
    }
    let process = child.as_handle().try_clone_to_owned()?;
    let (stop, sender) = (stop.event(), sender.clone());
    thread::Builder::new()
        .name("exit".to_owned())
        .spawn(move || wait(&process, &stop, &sender))?;
    Ok(())
}

fn wait(process: &OwnedHandle, stop: &Arc<OwnedHandle>, sender: &SyncSender<Event>) {
    if let Ok(1) = wait_for_one(&[process.as_raw_handle(), stop.as_raw_handle()]) {
        let _ = sender.send(Event::Stop);
        let _ = wait_for_one(&[process.as_raw_handle()]);
    }
    let _ = sender.send(Event::Exit);
}

fn read(
    stream: Stream,
    mut pipe: impl Read + Send + 'static,
    sender: SyncSender<Event>,
) -> io::Result<()> {
    thread::Builder::new()
        .name("output".to_owned())
        .spawn(move || {
            let mut buffer = vec![0; CHUNK];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                if sender.send(Event::Output(stream, bytes)).is_err() {
                    return;
                }
            }
            let _ = sender.send(Event::Closed);
        })?;
    Ok(())
}
