//! Whether a command can be started now, tried with one that does nothing.

use std::ffi::OsString;
use std::time::Duration;

use queuectl_process::{
    How, Leader, Program, Spec, StartError, Step, StopSignal, Stream, Unable, Watcher, run,
};

use crate::slot::{Surroundings, WORKER_VARIABLE};

/// Longer than a shell takes to end on any machine that works. A trial that takes longer has succeeded, too: it was started.
const PATIENCE: Duration = Duration::from_secs(5);
/// In bytes, more than fits into one argument on any system.
const LONG: usize = 128 * 1024;

/// Tries again what was refused, with a command that does nothing.
///
/// # Errors
///
/// Why it is still refused.
pub(crate) fn try_start(
    step: Step,
    surroundings: &Surroundings<'_>,
    stop: &StopSignal,
) -> Result<(), Unable> {
    let worker = OsString::from(&surroundings.worker);
    let spec = Spec {
        program: Program::Shell {
            shell: None,
            line: line(step),
        },
        cwd: surroundings.scratch.clone(),
        // If the worker dies right now, its rescuer finds the process by this.
        env: vec![(WORKER_VARIABLE.into(), worker)],
        timeout: Some(PATIENCE),
        grace: Duration::ZERO,
        scratch: surroundings.scratch.clone(),
        tag: None,
    };
    match run(&spec, stop, &mut Nobody).how {
        How::NotStarted(StartError::Unable(why)) => Err(why),
        _ => Ok(()),
    }
}

/// A line that ends at once. If it is to be long enough for a script, what follows the end is never read.
fn line(step: Step) -> String {
    const REST: &str = "# as many lines as it takes\n";
    let rest = match step {
        Step::Process => 0,
        Step::Script => LONG / REST.len() + 1,
    };
    format!("exit 0\n{}", REST.repeat(rest))
}

struct Nobody;

impl Watcher for Nobody {
    fn started(&mut self, _: Leader) {}

    fn output(&mut self, _: Stream, _: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tries_a_script_is_too_long_for_an_argument() {
        assert_eq!(line(Step::Process), "exit 0\n");
        assert!(line(Step::Script).len() > LONG);
    }
}
