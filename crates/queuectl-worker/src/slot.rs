//! One job's stay in this worker: start, watch, record. A slot knows nothing of other jobs.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;
use std::time::Duration;

use queuectl_domain::{Chunk, Command, Ending, Job, NativeString, Settings, Stream};
use queuectl_process::{
    Ended, How, Leader, Program, Roster, Spec, StopHandle, StopSignal, Tag, Watcher, os,
    signal_name,
};
use queuectl_store::{Claimed, Printed, Settled, Ticket};

use crate::capture::Capture;
use crate::run::Event;
use crate::{Happening, Observer};

/// What all slots of a worker share.
pub(crate) struct Surroundings<'a> {
    /// The worker's name, as its jobs see it.
    pub(crate) worker: String,
    /// Where scripts of long lines go.
    pub(crate) scratch: PathBuf,
    /// Where running processes are noted.
    pub(crate) roster: Roster,
    /// Who is told what happens.
    pub(crate) observer: &'a dyn Observer,
}

/// The worker's hold on one of its slots.
pub(crate) struct Slot {
    assignments: Sender<Assignment>,
    stop: StopHandle,
    stop_asked: Arc<AtomicBool>,
    capture: Arc<Mutex<Capture>>,
    running: Option<Running>,
}

struct Running {
    ticket: Ticket,
    job: Arc<Job>,
    lost: bool,
}

struct Assignment {
    claimed: Claimed,
    job: Arc<Job>,
    grace: Duration,
}

impl Slot {
    /// Starts a slot's thread. It tells of the end of each attempt with
    /// [`Event::Ended`], and ends itself when the slot is dropped.
    pub(crate) fn start<'scope>(
        number: usize,
        surroundings: &'scope Surroundings<'scope>,
        events: Sender<Event>,
        scope: &'scope Scope<'scope, '_>,
    ) -> io::Result<Self> {
        let (assignments, assigned) = channel();
        let signal = StopSignal::new()?;
        let slot = Self {
            assignments,
            stop: signal.handle(),
            stop_asked: Arc::default(),
            capture: Arc::default(),
            running: None,
        };
        let thread = SlotThread {
            number,
            surroundings,
            signal,
            stop_asked: Arc::clone(&slot.stop_asked),
            capture: Arc::clone(&slot.capture),
        };
        std::thread::Builder::new()
            .name(format!("slot {number}"))
            .stack_size(512 * 1024)
            .spawn_scoped(scope, move || thread.work(&assigned, &events))?;
        Ok(slot)
    }

    /// Begins to run a job.
    pub(crate) fn assign(&mut self, claimed: Claimed, settings: &Settings) {
        let job = Arc::new(claimed.job.clone());
        *lock(&self.capture) = Capture::new(settings.output_limit);
        self.stop_asked.store(false, Ordering::SeqCst);
        self.running = Some(Running {
            ticket: claimed.ticket,
            job: Arc::clone(&job),
            lost: false,
        });
        let assignment = Assignment {
            claimed,
            job,
            grace: settings.kill_grace,
        };
        let sent = self.assignments.send(assignment);
        sent.expect("a slot's thread lives as long as the slot");
    }

    /// The claim under which it runs a job now.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        let running = self.running.as_ref()?;
        (!running.lost).then_some(running.ticket)
    }

    /// What its job has printed since this was last asked; none if it is nothing.
    pub(crate) fn printed(&self) -> Option<Printed> {
        let ticket = self.ticket()?;
        let chunks = lock(&self.capture).take();
        (!chunks.is_empty()).then_some(Printed { ticket, chunks })
    }

    /// Puts back what [`printed`](Self::printed) took, if the store couldn't take it.
    pub(crate) fn unprint(&self, chunks: Vec<Chunk>) {
        lock(&self.capture).put_back(chunks);
    }

    /// Ends what it runs.
    pub(crate) fn stop(&self) {
        if self.running.is_some() {
            self.stop_asked.store(true, Ordering::SeqCst);
            self.stop.stop();
        }
    }

    /// The claim has been lost: ends what runs, and forgets how that went.
    pub(crate) fn lose(&mut self) {
        self.stop();
        if let Some(running) = &mut self.running {
            running.lost = true;
        }
    }

    /// The attempt has ended. Returns the job, and whether its claim was lost meanwhile.
    pub(crate) fn ended(&mut self) -> Option<(Arc<Job>, bool)> {
        let running = self.running.take()?;
        Some((running.job, running.lost))
    }
}

struct SlotThread<'a> {
    number: usize,
    surroundings: &'a Surroundings<'a>,
    signal: StopSignal,
    stop_asked: Arc<AtomicBool>,
    capture: Arc<Mutex<Capture>>,
}

impl SlotThread<'_> {
    fn work(&self, assigned: &Receiver<Assignment>, events: &Sender<Event>) {
        for assignment in assigned {
            let settled = self.attempt(&assignment);
            let slot = self.number;
            if events.send(Event::Ended { slot, settled }).is_err() {
                return;
            }
        }
    }

    fn attempt(&self, assignment: &Assignment) -> Settled {
        let job = &*assignment.job;
        // The signal may still be given for the job before this one, or already
        // for this one: `stop_asked` tells, being reset when a job is assigned.
        self.signal.reset();
        if self.stop_asked.load(Ordering::SeqCst) {
            self.signal.handle().stop();
        }
        let observer = self.surroundings.observer;
        observer.notice(&Happening::JobStarted { job });
        let spec = self.spec(assignment);
        let fence = assignment.claimed.ticket.fence.0;
        // A roster that can't be written costs the certainty to find orphans; the
        // job itself goes well.
        let roster = &self.surroundings.roster;
        let _ = roster.begin(self.number, fence.unsigned_abs());
        let ended = queuectl_process::run(&spec, &self.signal, &mut Watch { slot: self, job });
        let _ = roster.clear(self.number);
        let mut capture = lock(&self.capture);
        Settled {
            ticket: assignment.claimed.ticket,
            ending: ending(ended, job, capture.last_line().as_deref()),
            output: capture.take(),
        }
    }

    fn spec(&self, assignment: &Assignment) -> Spec {
        let job = &*assignment.job;
        let fence = assignment.claimed.ticket.fence.to_string();
        let claim = format!("{}:{fence}", self.surroundings.worker);
        let values = [
            job.id.to_string(),
            job.attempts.to_string(),
            job.rules.max_retries.to_string(),
            self.surroundings.worker.clone(),
            fence,
            claim.clone(),
        ];
        Spec {
            program: program(&job.command),
            cwd: os::native_text(job.cwd.0.clone()).into(),
            env: JOB_VARIABLES
                .into_iter()
                .zip(values)
                .map(|(name, value)| (OsString::from(name), OsString::from(value)))
                .collect(),
            timeout: job.rules.timeout.limit(),
            grace: assignment.grace,
            scratch: self.surroundings.scratch.clone(),
            tag: Some(Tag {
                name: CLAIM_VARIABLE.into(),
                value: claim,
            }),
        }
    }
}

/// The variable by which the processes of a worker's jobs are recognised.
const WORKER_VARIABLE: &str = "QUEUECTL_WORKER_ID";
/// The variable by which the processes of one attempt are recognised: its worker
/// and its fence, since another store may give the same fence.
const CLAIM_VARIABLE: &str = "QUEUECTL_CLAIM";

/// What a job finds in its environment.
pub(crate) const JOB_VARIABLES: [&str; 6] = [
    "QUEUECTL_JOB_ID",
    "QUEUECTL_ATTEMPT",
    "QUEUECTL_MAX_RETRIES",
    WORKER_VARIABLE,
    "QUEUECTL_FENCE",
    CLAIM_VARIABLE,
];

/// What all processes of a worker's jobs have in their environment.
pub(crate) fn worker_tag(worker: &str) -> Tag {
    Tag {
        name: WORKER_VARIABLE.into(),
        value: worker.into(),
    }
}

/// The system's own text as a job keeps it. None if it can't be kept: on Windows,
/// where it has to be valid Unicode.
pub fn native(text: OsString) -> Option<NativeString> {
    os::native_bytes(text).map(NativeString)
}

fn program(command: &Command) -> Program {
    match command {
        Command::Line { line, shell } => Program::Shell {
            shell: shell.as_ref().map(|shell| shell.as_str().to_owned()),
            line: line.clone(),
        },
        Command::Argv(argv) => {
            let native = argv.iter().map(|arg| os::native_text(arg.0.clone()));
            Program::Argv(native.collect())
        }
    }
}

fn ending(ended: Ended, job: &Job, last_line: Option<&str>) -> Ending {
    let exec_time = ended.elapsed;
    match ended.how {
        How::Exited(code) => Ending::exited(code, last_line, exec_time),
        How::Signaled { signal, .. } => {
            Ending::killed(signal, signal_name(signal), last_line, exec_time)
        }
        How::TimedOut => Ending::timed_out(job.rules.timeout, exec_time),
        How::Stopped => Ending::stopped(exec_time),
        How::NotStarted(error) => Ending::not_started(error.to_string()),
    }
}

struct Watch<'a> {
    slot: &'a SlotThread<'a>,
    job: &'a Job,
}

impl Watcher for Watch<'_> {
    fn started(&mut self, leader: Leader) {
        let roster = &self.slot.surroundings.roster;
        // As above: without it, orphans are found by their environment alone.
        let _ = roster.note(self.slot.number, leader);
    }

    fn output(&mut self, stream: queuectl_process::Stream, bytes: &[u8]) {
        let stream = match stream {
            queuectl_process::Stream::Stdout => Stream::Stdout,
            queuectl_process::Stream::Stderr => Stream::Stderr,
        };
        lock(&self.slot.capture).push(stream, bytes);
        let printed = Happening::JobPrinted {
            job: self.job,
            stream,
            bytes,
        };
        self.slot.surroundings.observer.notice(&printed);
    }
}

fn lock(capture: &Mutex<Capture>) -> MutexGuard<'_, Capture> {
    // A capture is whole between any two statements.
    capture.lock().unwrap_or_else(PoisonError::into_inner)
}
