//! One job's stay in this worker: start, watch, record. A slot knows nothing of other jobs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use queuectl_domain::{Command, Ending, Fence, Job, NativeString, Stream};
use queuectl_process::{
    Ended, How, Leader, Program, Roster, Spec, StartError, StopSignal, Tag, Watcher, os,
    signal_name,
};
use queuectl_store::Settled;

use crate::capture::SharedCapture;
use crate::lease::Lease;
use crate::premises::Premises;
use crate::slots::{Assignment, Report, Table, Task};
use crate::trial::try_start;
use crate::{Happening, Observer};

/// What all slots of a worker share.
pub(crate) struct Surroundings<'a> {
    /// The worker's name, as its jobs see it.
    pub(crate) worker: String,
    /// Variables that all jobs get.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// Where scripts go.
    pub(crate) scratch: PathBuf,
    /// Where running processes are noted.
    pub(crate) roster: Roster,
    /// The files by which others know the worker.
    pub(crate) premises: Premises,
    /// How long the worker may go on.
    pub(crate) lease: Lease,
    /// Who is told what happens.
    pub(crate) observer: &'a dyn Observer,
}

/// One slot, in a thread of its own.
pub(crate) struct Slot<'a> {
    pub(crate) number: usize,
    pub(crate) surroundings: &'a Surroundings<'a>,
    pub(crate) table: Arc<Table>,
    pub(crate) stop: Arc<StopSignal>,
    pub(crate) capture: SharedCapture,
}

impl Slot<'_> {
    /// Runs one job after the other, as long as there are any to come.
    pub(crate) fn work(&self) {
        let mut report = None;
        let lease = &self.surroundings.lease;
        while let Some(task) = self.table.next(self.number, report.take(), lease) {
            report = Some(match task {
                Task::Attempt(assignment) => self.attempt(&assignment),
                Task::Trial(step) => Report::Tried(try_start(step, self.surroundings, &self.stop)),
            });
        }
    }

    fn attempt(&self, assignment: &Assignment) -> Report {
        let job = &*assignment.job;
        let spec = self.spec(assignment);
        let mut watch = Watch {
            slot: self,
            assignment,
        };
        // A roster that can't be written costs the certainty to find orphans; the
        // job itself goes well.
        let roster = &self.surroundings.roster;
        let _ = roster.begin(assignment.entry, label(assignment.ticket.fence));
        let ended = queuectl_process::run(&spec, &self.stop, &mut watch);
        if let How::NotStarted(error) = &ended.how {
            if let StartError::Unable(why) = error {
                // If the worker dies now, that isn't a crash of this job.
                let _ = roster.clear(assignment.entry);
                return Report::Refused(why.clone());
            }
            self.tell_start(job);
        }
        let _ = roster.end(assignment.entry);
        let mut capture = self.capture.lock();
        Report::Ended(Settled {
            ticket: assignment.ticket,
            ending: ending(ended, job, capture.last_line().as_deref()),
            output: capture.take(),
        })
    }

    fn tell_start(&self, job: &Job) {
        let observer = self.surroundings.observer;
        observer.notice(&Happening::JobStarted { job });
    }

    fn spec(&self, assignment: &Assignment) -> Spec {
        let job = &*assignment.job;
        let fence = assignment.ticket.fence;
        let tag = claim_tag(&self.surroundings.worker, fence);
        let values = [
            job.spec.id.to_string(),
            job.life.attempts.to_string(),
            job.spec.rules.max_retries.to_string(),
            self.surroundings.worker.clone(),
            fence.to_string(),
            tag.value.clone(),
        ];
        let mut env = self.surroundings.variables.clone();
        let own = JOB_VARIABLES.into_iter().zip(values);
        env.extend(own.map(|(name, value)| (OsString::from(name), OsString::from(value))));
        Spec {
            program: program(&job.spec.command),
            cwd: os::native_text(job.spec.cwd.0.clone()).into(),
            env,
            timeout: job.spec.rules.timeout.limit(),
            grace: assignment.grace,
            scratch: self.surroundings.scratch.clone(),
            tag: Some(tag),
        }
    }
}

/// The variable by which the processes of a worker's jobs are recognised.
pub(crate) const WORKER_VARIABLE: &str = "QUEUECTL_WORKER_ID";
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

/// A fence as the roster notes it.
fn label(fence: Fence) -> u64 {
    fence.0.cast_unsigned()
}

/// The fences of what had begun, from a roster.
pub(crate) fn fences(labels: Vec<u64>) -> Vec<Fence> {
    let fence = |label: u64| Fence(label.cast_signed());
    labels.into_iter().map(fence).collect()
}

/// The tag that all processes of one attempt have in their environment.
fn claim_tag(worker: &str, fence: Fence) -> Tag {
    Tag {
        name: CLAIM_VARIABLE.into(),
        value: format!("{worker}:{fence}"),
    }
}

/// Returns the tag of each claim of a worker, by its label in the roster.
pub(crate) fn claim_tags(worker: &str) -> impl Fn(u64) -> Tag {
    move |label| claim_tag(worker, Fence(label.cast_signed()))
}

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
    if let (Some(named), Command::Line { line, .. }) = (command.interpreter(), command) {
        return Program::Script {
            interpreter: named.program.to_owned(),
            argument: named.argument.map(str::to_owned),
            text: line.clone(),
        };
    }
    match command {
        Command::Line { line, shell } => {
            let shell = shell.as_ref().filter(|shell| !shell.is_default());
            Program::Shell {
                shell: shell.map(|shell| shell.as_str().to_owned()),
                line: line.clone(),
            }
        }
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
            Ending::killed(signal, signal_name(signal).as_deref(), last_line, exec_time)
        }
        How::TimedOut => Ending::timed_out(job.spec.rules.timeout, exec_time),
        // Without an exit status nothing is known of the attempt: the job runs again, and no
        // attempt is consumed.
        How::Stopped | How::Unknown => Ending::stopped(exec_time),
        How::NotStarted(error) => Ending::not_started(error.to_string()),
    }
}

struct Watch<'a> {
    slot: &'a Slot<'a>,
    assignment: &'a Assignment,
}

impl Watcher for Watch<'_> {
    fn started(&mut self, leader: Leader) {
        let roster = &self.slot.surroundings.roster;
        // As above: without it, orphans are found by their environment alone.
        let _ = roster.note(self.assignment.entry, leader);
        self.slot.table.started(self.assignment.ticket.fence);
        self.slot.tell_start(&self.assignment.job);
    }

    fn holds_out(&mut self, process: u32) {
        let surroundings = self.slot.surroundings;
        // If the roster can't be written, only the log names the process.
        let _ = surroundings.roster.hold_out(self.assignment.entry, process);
        let job = &*self.assignment.job;
        surroundings
            .observer
            .notice(&Happening::JobHeldUp { job, process });
    }

    fn output(&mut self, stream: queuectl_process::Stream, bytes: &[u8]) {
        let stream = match stream {
            queuectl_process::Stream::Stdout => Stream::Stdout,
            queuectl_process::Stream::Stderr => Stream::Stderr,
        };
        self.slot.capture.lock().push(stream, bytes);
        let printed = Happening::JobPrinted {
            job: &self.assignment.job,
            stream,
            bytes,
        };
        self.slot.surroundings.observer.notice(&printed);
    }
}
