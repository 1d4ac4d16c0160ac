//! The one thread that prints what happens in a worker. Other threads put texts into its queue and never
//! wait for it, so a terminal that is stopped, or a pipe that nobody reads, holds up no job.
//!
//! The queue is bounded. Job output that doesn't fit is left out here (the store keeps it), and how much
//! that was is printed when the reader reads again. Events are never left out: a worker with too many
//! of them in the queue claims no more jobs meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::JobId;

/// How many bytes of job output wait at most.
const MOST_OUTPUT: usize = 1024 * 1024;
/// If more bytes of events than this wait, no more jobs are claimed.
const MANY_EVENTS: usize = 256 * 1024;
/// How many bytes are written at once: fewer than a pipe holds, so that even a slow reader shows progress.
const CHUNK: usize = 4096;
/// How long to wait before writing again to a non-blocking stream that is full.
const PAUSE: Duration = Duration::from_millis(5);
/// How long [`Printer::finish`] waits for a reader that takes nothing, and how long in all if the worker
/// is to end at once.
const FAREWELL: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(1));
/// How often [`Printer::finish`] looks whether the worker is to end at once.
const LOOK: Duration = Duration::from_millis(50);

/// A handle to the printing thread.
pub(crate) struct Printer(Arc<Shared>);

/// What the printing thread reports.
pub(crate) trait Hears: Send + Sync + 'static {
    /// Returns the text that says how many bytes of a job's output were left out.
    fn left_out(&self, job: &JobId, bytes: u64) -> String;

    /// The reader has caught up.
    fn caught_up(&self);

    /// The reader has gone; nothing more is printed.
    fn reader_gone(&self);

    /// Something couldn't be printed. Reported once: what fails is dropped, and the next text is tried.
    fn cannot_print(&self, error: &io::Error);
}

/// Why not everything was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unprinted {
    /// The reader has gone.
    Gone,
    /// The reader is there, but reads no more.
    Stuck,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    hears: Box<dyn Hears>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Piece>,
    /// Bytes of job output in `waiting` or being printed.
    output: usize,
    /// Bytes of events in `waiting` or being printed.
    events: usize,
    /// More events wait than should.
    behind: bool,
    /// How many bytes of each job were left out, and not told yet.
    left_out: BTreeMap<JobId, u64>,
    /// Something is being printed.
    at_work: bool,
    /// How often something has been written.
    progress: u64,
    gone: bool,
    /// Nothing more comes.
    closed: bool,
}

struct Piece {
    text: String,
    is_output: bool,
}

impl Printer {
    /// Starts the thread, which opens its stream by `open`.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses a thread.
    pub(crate) fn start(
        open: impl FnOnce() -> Box<dyn Write> + Send + 'static,
        hears: impl Hears,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            hears: Box::new(hears),
        });
        let prints = Arc::clone(&shared);
        thread::Builder::new()
            .name("printer".into())
            .spawn(move || prints.print_all(&mut *open()))?;
        Ok(Self(shared))
    }

    /// Prints an event.
    pub(crate) fn event(&self, text: String) {
        self.0.push(text, false);
    }

    /// Prints a piece of a job's output, or leaves it out. `text(true)` returns the text to print. `text(false)`, called for the
    /// first piece that is left out, returns what was begun before the gap.
    pub(crate) fn output(&self, job: &JobId, bytes: usize, text: impl FnOnce(bool) -> String) {
        if self.0.takes_output() {
            self.0.push(text(true), true);
            return;
        }
        let is_first = self.0.leave_out(job, bytes as u64);
        if is_first {
            self.0.push(text(false), false);
        }
    }

    /// Nothing more of a job comes: tells how much of its output was left out.
    pub(crate) fn end_of(&self, job: &JobId) {
        let left_out = self.0.state().left_out.remove(job);
        if let Some(bytes) = left_out {
            self.event(self.0.hears.left_out(job, bytes));
        }
    }

    /// Returns true if too many events wait, so that the worker should claim no more jobs.
    pub(crate) fn is_behind(&self) -> bool {
        self.0.state().behind
    }

    /// Waits until all is printed, as long as the reader takes something. `at_once` returns true if the worker is to end at once.
    ///
    /// # Errors
    ///
    /// [`Unprinted`] if something was left to print.
    pub(crate) fn finish(self, at_once: impl Fn() -> bool) -> Result<(), Unprinted> {
        let mut state = self.0.state();
        state.closed = true;
        self.0.changed.notify_all();
        let began = Instant::now();
        let mut last = (state.progress, began);
        loop {
            if state.gone {
                return Err(Unprinted::Gone);
            }
            if state.waiting.is_empty() && !state.at_work {
                return Ok(());
            }
            if state.progress != last.0 {
                last = (state.progress, Instant::now());
            }
            let (still, in_all) = FAREWELL;
            if last.1.elapsed() > still || (at_once() && began.elapsed() > in_all) {
                return Err(Unprinted::Stuck);
            }
            let waited = self.0.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn push(&self, text: String, is_output: bool) {
        if text.is_empty() {
            return;
        }
        let mut state = self.state();
        if state.gone {
            return;
        }
        *state.bytes(is_output) += text.len();
        state.behind |= state.events > MANY_EVENTS;
        state.waiting.push_back(Piece { text, is_output });
        self.changed.notify_all();
    }

    /// Returns true if job output may be printed. Once some was left out, more is until that has been told.
    fn takes_output(&self) -> bool {
        let state = self.state();
        state.output < MOST_OUTPUT && state.left_out.is_empty()
    }

    /// Counts output that is left out. Returns true for the first piece since the count was last told.
    fn leave_out(&self, job: &JobId, bytes: u64) -> bool {
        let mut state = self.state();
        if let Some(left_out) = state.left_out.get_mut(job) {
            *left_out += bytes;
            return false;
        }
        state.left_out.insert(job.clone(), bytes);
        true
    }

    /// Prints one after the other, until the end.
    fn print_all(&self, out: &mut dyn Write) {
        let mut line = Line::default();
        let mut has_failed = false;
        while let Some(Piece { text, is_output }) = self.next() {
            let printed = line.print(out, &text, || self.gets_on());
            match printed {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    self.reader_gone();
                    return;
                }
                Err(error) => {
                    if !has_failed {
                        self.hears.cannot_print(&error);
                    }
                    has_failed = true;
                }
            }
            self.printed(text.len(), is_output);
        }
    }

    /// Waits for the next piece to print; `None` at the end. When the queue is empty, what was left out is told.
    fn next(&self) -> Option<Piece> {
        let mut state = self.state();
        loop {
            if let Some(piece) = state.waiting.pop_front() {
                state.at_work = true;
                return Some(piece);
            }
            if let Some((job, bytes)) = state.left_out.pop_first() {
                state.at_work = true;
                drop(state);
                let text = self.hears.left_out(&job, bytes);
                state = self.state();
                state.events += text.len();
                let is_output = false;
                return Some(Piece { text, is_output });
            }
            if state.closed {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn gets_on(&self) {
        self.state().progress += 1;
    }

    fn printed(&self, bytes: usize, is_output: bool) {
        let mut state = self.state();
        *state.bytes(is_output) -= bytes;
        state.at_work = false;
        let has_caught_up = state.behind && state.events <= MANY_EVENTS / 2;
        if has_caught_up {
            state.behind = false;
        }
        drop(state);
        self.changed.notify_all();
        if has_caught_up {
            self.hears.caught_up();
        }
    }

    fn reader_gone(&self) {
        let mut state = self.state();
        *state = State {
            gone: true,
            closed: state.closed,
            ..State::default()
        };
        drop(state);
        self.changed.notify_all();
        self.hears.reader_gone();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bytes(&mut self, is_output: bool) -> &mut usize {
        if is_output {
            &mut self.output
        } else {
            &mut self.events
        }
    }
}

/// The line at which a stream is.
#[derive(Default)]
struct Line {
    /// The last write broke off in the middle of a line.
    is_broken: bool,
}

impl Line {
    /// Prints whole lines. What can't be printed of them is dropped, and what comes next begins a new line.
    fn print(
        &mut self,
        out: &mut dyn Write,
        text: &str,
        mut gets_on: impl FnMut(),
    ) -> io::Result<()> {
        if self.is_broken {
            patient(|| out.write_all(b"\n"))?;
            self.is_broken = false;
        }
        let mut left = text.as_bytes();
        let result = loop {
            if left.is_empty() {
                break patient(|| out.flush());
            }
            let chunk = &left[..left.len().min(CHUNK)];
            match patient(|| out.write(chunk)) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(written) => left = &left[written..],
                Err(error) => break Err(error),
            }
            gets_on();
        };
        let printed = &text.as_bytes()[..text.len() - left.len()];
        if result.is_err() {
            self.is_broken = printed.last().is_some_and(|byte| *byte != b'\n');
        }
        result
    }
}

/// Retries a write as long as the stream is full, if another process has made it non-blocking.
fn patient<T>(mut write: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match write() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
