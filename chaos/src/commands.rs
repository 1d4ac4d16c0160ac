//! Commands that run beside the storm: each has a thread that waits for its end.

use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process::Process;

/// A command as long as it runs, and a signal that it gets before its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blow {
    pub(crate) after: Duration,
    pub(crate) signal: Signal,
    /// How long it stays stopped, if that is the signal.
    pub(crate) length: Duration,
}

/// What came of a command.
pub(crate) struct Answer {
    pub(crate) output: Output,
    /// Whether the signal met it.
    pub(crate) hit: bool,
}

impl Answer {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr)
            .trim_end()
            .to_owned()
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }
}

/// Runs a command to its end. It may be hit on the way.
pub(crate) fn run(command: &mut Command, blow: Option<Blow>) -> std::io::Result<Answer> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn()?;
    let mut hit = false;
    if let Some((blow, process)) = blow.zip(Process::of(child.id())) {
        // A command lasts a few milliseconds: a sleep would hit none.
        let at = Instant::now() + blow.after;
        while Instant::now() < at {
            std::thread::yield_now();
        }
        hit = process.signal(blow.signal);
        if hit && blow.signal == Signal::STOP {
            std::thread::sleep(blow.length);
            process.signal(Signal::CONT);
        }
    }
    let output = child.wait_with_output()?;
    Ok(Answer { output, hit })
}

/// The threads of commands that run.
#[derive(Default)]
pub(crate) struct Commands<'scope>(Mutex<Vec<ScopedJoinHandle<'scope, ()>>>);

impl<'scope> Commands<'scope> {
    /// Runs a command and does something with its answer, on a thread.
    pub(crate) fn start(
        &self,
        scope: &'scope Scope<'scope, '_>,
        mut command: Command,
        blow: Option<Blow>,
        then: impl FnOnce(std::io::Result<Answer>) + Send + 'scope,
    ) {
        let thread = scope.spawn(move || then(run(&mut command, blow)));
        self.threads().push(thread);
    }

    /// Whether none runs any more.
    pub(crate) fn are_done(&self) -> bool {
        let mut threads = self.threads();
        threads.retain(|thread| !thread.is_finished());
        threads.is_empty()
    }

    fn threads(&self) -> MutexGuard<'_, Vec<ScopedJoinHandle<'scope, ()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
