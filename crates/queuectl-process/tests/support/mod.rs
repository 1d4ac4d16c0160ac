//! What the tests share: a spec that can be varied, and a watcher that keeps what it hears.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use queuectl_process::{
    Ended, Leader, Program, Spec, StopHandle, StopSignal, Stream, Tag, Watcher, run,
};

/// How long anything here may take before it counts as stuck.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The example of this package that is a fake job.
const FAKE_JOB: &str = "fake-job-of-process";

/// Keeps everything; calls `on_output` at each piece.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) leader: Option<Leader>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) pieces: Vec<(Stream, Vec<u8>)>,
    pub(crate) stop_at: Option<(&'static str, StopHandle)>,
}

impl Watcher for Heard {
    fn started(&mut self, leader: Leader) {
        assert!(self.leader.is_none() && self.pieces.is_empty());
        self.leader = Some(leader);
    }

    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Stdout => self.stdout.extend(bytes),
            Stream::Stderr => self.stderr.extend(bytes),
        }
        self.pieces.push((stream, bytes.to_vec()));
        if let Some((mark, stop)) = &self.stop_at
            && (self.out().contains(mark) || self.err().contains(mark))
        {
            stop.stop();
        }
    }
}

impl Heard {
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(crate) fn number(&self) -> u32 {
        self.out()
            .trim()
            .parse()
            .expect("the command printed a number")
    }
}

pub(crate) fn fake_job() -> std::path::PathBuf {
    fake_job::path(FAKE_JOB)
}

/// A fake job that takes these steps.
pub(crate) fn job<T: Into<OsString>>(steps: impl IntoIterator<Item = T>) -> Spec {
    let program = std::iter::once(fake_job().into_os_string());
    argv(program.chain(steps.into_iter().map(Into::into)))
}

/// A fake job that takes the steps of a text, word by word.
pub(crate) fn steps(text: &str) -> Spec {
    job(text.split_whitespace())
}

/// A fake job that nobody watches.
pub(crate) fn apart(text: &str) -> std::process::Command {
    let mut command = std::process::Command::new(fake_job());
    command.args(text.split_whitespace());
    command
}

/// Has a command lead a session of its own, as each that is run does.
#[cfg(unix)]
pub(crate) fn lead_a_session(command: &mut std::process::Command) {
    let lead = || {
        // SAFETY: a system call that touches no memory of ours.
        match unsafe { libc::setsid() } {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        }
    };
    // SAFETY: it makes one system call, which may be made there.
    unsafe { std::os::unix::process::CommandExt::pre_exec(command, lead) };
}

/// In this folder.
pub(crate) fn at(mut spec: Spec, folder: &Path) -> Spec {
    spec.cwd = folder.to_owned();
    spec
}

/// A shell line in a folder, with no timeout and a grace long enough to notice if it is waited out.
pub(crate) fn line(line: &str) -> Spec {
    spec(Program::Shell {
        shell: None,
        line: line.to_owned(),
    })
}

pub(crate) fn argv<T: Into<OsString>>(argv: impl IntoIterator<Item = T>) -> Spec {
    spec(Program::Argv(argv.into_iter().map(Into::into).collect()))
}

fn spec(program: Program) -> Spec {
    let folder = std::env::temp_dir();
    Spec {
        program,
        cwd: folder.clone(),
        env: Vec::new(),
        timeout: None,
        grace: Duration::from_secs(60),
        scratch: folder,
        tag: None,
    }
}

pub(crate) fn tagged(mut spec: Spec, value: &str) -> Spec {
    spec.tag = Some(Tag {
        name: "QUEUECTL_FENCE".to_owned(),
        value: format!("{value}-{}", std::process::id()),
    });
    spec
}

pub(crate) fn within(mut spec: Spec, seconds: f64) -> Spec {
    spec.timeout = Some(Duration::from_secs_f64(seconds));
    spec
}

pub(crate) fn grace(mut spec: Spec, seconds: f64) -> Spec {
    spec.grace = Duration::from_secs_f64(seconds);
    spec
}

pub(crate) fn run_it(spec: &Spec) -> (Ended, Heard) {
    let stop = StopSignal::new().expect("a pipe");
    let mut heard = Heard::default();
    let ended = run(spec, &stop, &mut heard);
    (ended, heard)
}

/// Runs and gives the stop signal as soon as the command has printed `mark`.
pub(crate) fn stop_at(mark: &'static str, spec: &Spec) -> (Ended, Heard) {
    let stop = StopSignal::new().expect("a pipe");
    let mut heard = Heard {
        stop_at: Some((mark, stop.handle())),
        ..Heard::default()
    };
    let ended = run(spec, &stop, &mut heard);
    (ended, heard)
}

/// Whether a process of that pid runs, zombies not counted.
pub(crate) fn lives(pid: u32) -> bool {
    queuectl_process::os::process_start(pid)
        .is_some_and(|start| queuectl_process::os::is_alive(pid, start))
}

/// Waits for something that must come, without hoping for a certain time.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = std::time::Instant::now() + LONG;
    while !holds() {
        assert!(std::time::Instant::now() < patience, "{what}");
        std::thread::yield_now();
    }
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
