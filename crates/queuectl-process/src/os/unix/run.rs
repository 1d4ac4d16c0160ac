//! One attempt: watch the leader, its output, the clock and the stop signal; then end whatever is left.
//!
//! The leader's exit is learnt without reaping it. While it is a zombie its pid, and so the number of its group, can't be
//! given to anyone else: the group is ended then, and the leader reaped after.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, waitpid};

use super::facts::native_pid;
use super::group;
use super::holdouts::{self, Session};
use super::spawn::{self, Started};
use super::stop::StopSignal;
use crate::os::native::{self, ExitWatch, Running};
use crate::{Ended, How, Leader, Spec, Stream, Tag, Watcher};

/// One read takes at most this: as much as a pipe holds.
const CHUNK: usize = 64 * 1024;
/// What the leader left in a pipe can't be more than the largest pipe; a stray that goes on writing must not hold us up.
const LARGEST_PIPE: usize = 1024 * 1024;
/// For this time after its start a command's output isn't read: a short command then wakes us once, when it ends, not at each line
/// and at the closing of each stream, too. What it prints meanwhile waits in the pipe, and if that is full, so does the command.
const SHORT: Duration = Duration::from_millis(5);
/// How often a grace looks whether the group is gone.
const GLANCE: Duration = Duration::from_millis(10);
/// How often a grace looks whether it was cut short.
const LOOK: Duration = Duration::from_millis(25);
/// How often processes that don't end are signalled again. One of another user may have become ours meanwhile.
const INSIST: Duration = Duration::from_millis(500);
/// How often a long run looks for orphans that died meanwhile and wait to be reaped.
const ROUND: Duration = Duration::from_secs(10);

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
        leader,
        pid,
        stdout,
        stderr,
        exit,
        running,
        script,
    } = started;
    let mut attempt = Attempt {
        pid,
        exit,
        ended: None,
        stop,
        watcher,
        streams: [
            (Stream::Stdout, Some(stdout)),
            (Stream::Stderr, Some(stderr)),
        ],
        _running: running,
    };
    // A timeout that the clock can't express never comes.
    let deadline = spec.timeout.and_then(|timeout| began.checked_add(timeout));
    let ours = match attempt.watch(deadline) {
        Seen::Exit => None,
        Seen::Deadline => Some(How::TimedOut),
        Seen::Stop => Some(How::Stopped),
    };
    if ours.is_some() {
        attempt.end_politely(spec.grace);
    }
    let finished = attempt.finish(leader);
    let how = ours.unwrap_or_else(|| how(finished.status));
    // A command that succeeded isn't run again, so nothing that it has left can run beside its next attempt.
    let waits = !matches!(how, How::Exited(0));
    end_rest(leader, &finished, spec.tag.as_ref(), waits, watcher);
    drop(script);
    Ended {
        how,
        elapsed: finished.ended - began,
    }
}

/// Ends what the leader has left. The leader has been reaped, and its group killed. If `waits`, this returns only when processes of
/// another user have ended, too; each is reported to the watcher. If processes can't be seen, for lack of descriptors or memory, this
/// looks again until they can.
fn end_rest(
    leader: Leader,
    finished: &Finished,
    tag: Option<&Tag>,
    waits: bool,
    watcher: &mut dyn Watcher,
) {
    let Ok(group) = native_pid(leader.pid) else {
        return;
    };
    let first = native::seeing(|| {
        let is_gone = group::wait_gone(group);
        (is_gone, native::end_strays(leader, finished.ended, tag))
    });
    let is_gone = match first {
        Ok((true, left)) if left.is_empty() => return,
        Ok(_) if !waits => return,
        Ok((is_gone, _)) => is_gone,
        Err(_) => false,
    };
    let mut session = Session::of(leader, finished.alive, !is_gone);
    let mut told = None;
    loop {
        let held = native::seeing(|| {
            let mut held = native::end_strays(leader, finished.ended, tag);
            held.retain(|pid| holdouts::is_out_of_reach(*pid) && lives(*pid));
            held.extend(session.insist());
            held
        });
        if let Ok(held) = held {
            let Some(first) = held.first().copied().filter(|_| waits) else {
                return;
            };
            if told.replace(first) != Some(first) {
                watcher.holds_out(first);
            }
        }
        thread::sleep(INSIST);
    }
}

fn lives(pid: u32) -> bool {
    native::read(pid).is_some_and(|process| !process.zombie)
}

struct Attempt<'a> {
    pid: Pid,
    exit: ExitWatch,
    /// When the leader was seen to have ended.
    ended: Option<Instant>,
    stop: &'a StopSignal,
    watcher: &'a mut dyn Watcher,
    streams: [(Stream, Option<OwnedFd>); 2],
    /// Given up only when the leader has been reaped.
    _running: Running,
}

/// A leader that has been reaped.
struct Finished {
    status: Option<WaitStatus>,
    /// When it was seen to have ended.
    ended: Instant,
    /// A time before it was reaped, by the clock of [`native::now`]: its number was certainly its own then.
    alive: u64,
}

enum Seen {
    Exit,
    Stop,
    Deadline,
}

/// What a poll returns for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heed {
    ExitAndStop,
    All,
    AllButStop,
}

#[derive(Default)]
struct Ready {
    stop: bool,
    read: usize,
}

impl Attempt<'_> {
    /// Passes on output until the leader ends, the stop signal is given or the deadline is past. The leader's end comes
    /// first: it is looked at once more when the deadline is past, and always together with the stop signal.
    fn watch(&mut self, deadline: Option<Instant>) -> Seen {
        let begun = Instant::now();
        let mut round = native::adopting().then(|| begun + ROUND);
        loop {
            let now = Instant::now();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
            let to_round = round.map(|round| round.saturating_duration_since(now));
            let short = (begun + SHORT).saturating_duration_since(now);
            let ready = if short.is_zero() {
                self.poll(shorter(left, to_round), Heed::All)
            } else {
                self.poll(shorter(left, Some(short)), Heed::ExitAndStop)
            };
            if self.ended.is_some() {
                return Seen::Exit;
            }
            if ready.stop {
                return Seen::Stop;
            }
            if left == Some(Duration::ZERO) {
                return Seen::Deadline;
            }
            if to_round == Some(Duration::ZERO) {
                native::look_after_orphans();
                round = Some(now + ROUND);
            }
        }
    }

    /// Asks the whole group to end, and gives all of it the grace: a leader that ends at once doesn't cut short the time of a
    /// child that is still cleaning up. A stopped process is continued, or it could not hear us.
    fn end_politely(&mut self, grace: Duration) {
        group::signal(self.pid, Signal::TERM);
        group::signal(self.pid, Signal::CONT);
        let whole = Instant::now().checked_add(grace);
        loop {
            let end = self.stop.force_at().or(whole);
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) || (self.ended.is_some() && !group::lives(self.pid)) {
                return;
            }
            let glance = if self.ended.is_some() { GLANCE } else { LOOK };
            self.poll(shorter(left, Some(glance)), Heed::AllButStop);
        }
    }

    /// Ends what is left of the group, takes what is left in the pipes, and reaps the leader.
    fn finish(mut self, leader: Leader) -> Finished {
        group::signal(self.pid, Signal::KILL);
        let killed = Instant::now();
        let mut insist = killed + INSIST;
        let mut told = None;
        let ended = loop {
            if let Some(ended) = self.ended {
                break ended;
            }
            let left = insist.saturating_duration_since(Instant::now());
            self.poll(Some(left), Heed::AllButStop);
            if !left.is_zero() || self.ended.is_some() {
                continue;
            }
            group::signal(self.pid, Signal::KILL);
            insist = Instant::now() + INSIST;
            // A leader that was killed goes within moments, unless something holds it.
            let is_held = killed.elapsed() >= group::DYING;
            let holdout = holdouts::of(leader).first().copied();
            let holdout = holdout.or(is_held.then_some(leader.pid));
            if let Some(process) = holdout.filter(|_| told != holdout) {
                self.watcher.holds_out(process);
            }
            told = holdout;
        };
        let mut left = LARGEST_PIPE * self.streams.len();
        while left > 0 && self.streams.iter().any(|(_, fd)| fd.is_some()) {
            match self.poll(Some(Duration::ZERO), Heed::AllButStop).read {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        let alive = native::now();
        let reaped = retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::empty()));
        Finished {
            status: reaped.ok().flatten().map(|(_, status)| status),
            ended,
            alive,
        }
    }

    /// Waits until something happens, and passes on what can be read. A stream that has ended is closed, not polled again.
    fn poll(&mut self, timeout: Option<Duration>, heed: Heed) -> Ready {
        let timeout = timeout.map(timespec);
        let nothing = PollFd::new(&self.exit, PollFlags::empty());
        let mut fds = [nothing.clone(), nothing.clone(), nothing.clone(), nothing];
        let mut used = 0;
        let mut add = |fd| {
            fds[used] = fd;
            used += 1;
            used - 1
        };
        let exit = self
            .ended
            .is_none()
            .then(|| add(PollFd::new(&self.exit, PollFlags::IN)));
        let stop = (heed != Heed::AllButStop)
            .then(|| add(PollFd::from_borrowed_fd(self.stop.fd(), PollFlags::IN)));
        let streams = [0, 1].map(|at| {
            let open = self.streams[at].1.as_ref();
            let heard = open.filter(|_| heed != Heed::ExitAndStop);
            heard.map(|fd| add(PollFd::new(fd, PollFlags::IN)))
        });
        if poll(&mut fds[..used], timeout.as_ref()).is_err() {
            return Ready::default(); // Interrupted; the caller looks at the clock and comes back.
        }
        let happened = |at: Option<usize>| at.map_or(PollFlags::empty(), |at| fds[at].revents());
        let (exit, stop, streams) = (happened(exit), happened(stop), streams.map(happened));
        if !exit.is_empty() {
            self.ended = Some(Instant::now());
        }
        let mut ready = Ready {
            stop: !stop.is_empty(),
            read: 0,
        };
        for (at, events) in streams.into_iter().enumerate() {
            if events.contains(PollFlags::IN) {
                ready.read += self.read(at);
            } else if !events.is_empty() {
                self.streams[at].1 = None;
            }
        }
        ready
    }

    fn read(&mut self, at: usize) -> usize {
        let mut buffer = [MaybeUninit::<u8>::uninit(); CHUNK];
        let (stream, fd) = &mut self.streams[at];
        let Some(open) = fd else { return 0 };
        match rustix::io::read(open, &mut buffer) {
            Ok((bytes, _)) if !bytes.is_empty() => {
                self.watcher.output(*stream, bytes);
                bytes.len()
            }
            Err(Errno::INTR | Errno::AGAIN) => 0,
            Ok(_) | Err(_) => {
                *fd = None;
                0
            }
        }
    }
}

fn how(status: Option<WaitStatus>) -> How {
    const CORE: i32 = 0x80;
    let Some(status) = status else {
        return How::Unknown;
    };
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => How::Exited(i64::from(code)),
        (None, Some(signal)) => How::Signaled {
            signal,
            core_dumped: status.as_raw() & CORE != 0,
        },
        (None, None) => How::Unknown,
    }
}

fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Rounded up to what `poll` can express; a day at most, since every caller looks at the clock again.
fn timespec(duration: Duration) -> Timespec {
    let duration = duration.min(Duration::from_secs(86_400));
    Timespec {
        tv_sec: duration.as_secs() as i64,
        tv_nsec: duration.subsec_nanos().into(),
    }
}
