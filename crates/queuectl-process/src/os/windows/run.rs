//! One attempt: watch the leader, its output, the clock and the stop signal; then end whatever is left.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::time::{Duration, Instant};

use windows_sys::Win32::System::Threading::GetExitCodeProcess;

use super::handle::{check, is_set, wait_for_one};
use super::job::Job;
use super::pipe::Pipe;
use super::polite::Polite;
use super::spawn::{self, Started};
use super::stop::StopSignal;
use crate::{Ended, How, Spec, Stream, Watcher};

/// How long the pipes may stay open when the job has been ended: only a process outside of it can hold them.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a grace looks whether anybody still needs it.
const GLANCE: Duration = Duration::from_millis(10);

/// Runs one command and blocks until the attempt is over: the leader has ended, and with it all it left behind.
///
/// If the leader ends by itself before a timeout or a stop is acted upon, its true end is what is reported.
pub fn run(spec: &Spec, stop: &StopSignal, watcher: &mut dyn Watcher) -> Ended {
    let began = Instant::now();
    let started = match spawn::start(spec) {
        Ok(started) => started,
        Err(error) => {
            return Ended {
                how: How::NotStarted(error.of(&spec.program)),
                elapsed: began.elapsed(),
            };
        }
    };
    watcher.started(started.leader);
    let Started {
        process,
        job,
        polite,
        stdout,
        stderr,
        script,
        leader: _,
    } = started;
    let mut attempt = Attempt {
        process,
        ended: None,
        stop,
        watcher,
        streams: [
            (Stream::Stdout, Some(stdout)),
            (Stream::Stderr, Some(stderr)),
        ],
    };
    let deadline = spec.timeout.and_then(|timeout| began.checked_add(timeout));
    let ours = attempt.watch(deadline);
    if ours.is_some() {
        attempt.end_politely(&job, &polite, spec.grace);
    }
    let ended = attempt.finish(&job);
    job.wait_gone();
    drop(script);
    Ended {
        how: ours.unwrap_or_else(|| How::Exited(exit_code(&attempt.process))),
        elapsed: ended - began,
    }
}

struct Attempt<'a> {
    process: OwnedHandle,
    /// When the leader was seen to have ended.
    ended: Option<Instant>,
    stop: &'a StopSignal,
    watcher: &'a mut dyn Watcher,
    streams: [(Stream, Option<Pipe>); 2],
}

impl Attempt<'_> {
    /// Passes on output until the leader ends (`None`), the stop signal is given or the deadline is past. The leader's end
    /// comes first: it is looked at once more when the deadline is past, and always together with the stop signal.
    fn watch(&mut self, deadline: Option<Instant>) -> Option<How> {
        loop {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            let stopped = self.wait(left, true);
            if self.ended.is_some() {
                return None;
            }
            if stopped {
                return Some(How::Stopped);
            }
            if left == Some(Duration::ZERO) {
                return Some(How::TimedOut);
            }
        }
    }

    /// Asks those who listen to end, and gives them the grace. Nobody else could make use of it.
    fn end_politely(&mut self, job: &Job, polite: &Polite, grace: Duration) {
        polite.ask();
        let whole = Instant::now().checked_add(grace);
        while polite.is_heard() && job.lives() {
            let end = self.stop.force_at().or(whole);
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return;
            }
            self.wait(Some(left.map_or(GLANCE, |left| left.min(GLANCE))), false);
        }
    }

    /// Ends what is left of the job, and takes what is left in the pipes.
    fn finish(&mut self, job: &Job) -> Instant {
        job.end();
        let ended = loop {
            match self.ended {
                Some(ended) => break ended,
                None => _ = self.wait(None, false),
            }
        };
        let patience = Instant::now() + PATIENCE;
        while self.streams.iter().any(|(_, pipe)| pipe.is_some()) {
            let left = patience.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.wait(Some(left), false);
        }
        ended
    }

    /// Waits until something happens, and passes on what was read. Says whether the stop signal is given.
    fn wait(&mut self, patience: Option<Duration>, heed_stop: bool) -> bool {
        let event = self.stop.event();
        let stop = heed_stop.then(|| event.as_raw_handle());
        let leader = self.ended.is_none().then(|| self.process.as_raw_handle());
        let streams = self.streams.iter();
        let streams = streams.filter_map(|(_, pipe)| pipe.as_ref().map(Pipe::event));
        let objects: Vec<_> = leader.into_iter().chain(stop).chain(streams).collect();
        let _ = wait_for_one(&objects, patience);
        if self.ended.is_none() && is_set(&self.process) {
            self.ended = Some(Instant::now());
        }
        for (stream, pipe) in &mut self.streams {
            let ready = pipe.take_if(|pipe| is_set(&Ready(pipe)));
            if let Some(ready) = ready {
                *pipe = ready.take(|bytes| {
                    if !bytes.is_empty() {
                        self.watcher.output(*stream, bytes);
                    }
                });
            }
        }
        heed_stop && self.stop.is_set()
    }
}

/// A pipe as something that can be looked at.
struct Ready<'a>(&'a Pipe);

impl AsRawHandle for Ready<'_> {
    fn as_raw_handle(&self) -> std::os::windows::io::RawHandle {
        self.0.event()
    }
}

/// The exit code of a process that has ended: a number without a sign, as Windows shows it.
fn exit_code(process: &OwnedHandle) -> i64 {
    let mut code = 0;
    // SAFETY: the handle is borrowed, so it is open; the pointer is to a local, and isn't kept.
    let told: io::Result<()> =
        check(unsafe { GetExitCodeProcess(process.as_raw_handle(), &mut code) });
    told.map_or(-1, |()| i64::from(code))
}
