//! A clock of a test's own, which it sets while programs run: only what is called with it goes by it.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::Home;

/// A wall clock that can be set. The monotonic clock is left alone, as it is by the real one.
pub(crate) struct Clock {
    holder: Child,
    variables: [(&'static str, String); 2],
    offset: PathBuf,
}

impl Home {
    /// A new one, with its calls going by a clock that can be set.
    pub(crate) fn with_clock() -> Self {
        let mut home = Self::new();
        home.clock = Some(Clock::new(home.work("clock")));
        home
    }

    /// The clock of a home that has one.
    pub(crate) fn clock(&self) -> &Clock {
        self.clock.as_ref().expect("it was made with a clock")
    }
}

impl Clock {
    /// One that is right, for now. It keeps its state at `offset`.
    ///
    /// # Panics
    ///
    /// If libfaketime isn't installed: says how it can be had.
    pub(crate) fn new(offset: PathBuf) -> Self {
        // All that goes by the clock shares a little memory of its holder, which clears it away at the end.
        let mut holder = Command::new("faketime")
            .args(["-m", "-f", "+0", "sh", "-c"])
            .arg("echo \"$LD_PRELOAD\"; echo \"$FAKETIME_SHARED\"; exec cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("`faketime` is installed: `cargo xtask test` sees to it");
        let stdout = holder.stdout.take().expect("stdout is a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let variables = [
            ("LD_PRELOAD", next(&mut lines)),
            ("FAKETIME_SHARED", next(&mut lines)),
        ];
        let clock = Self {
            holder,
            variables,
            offset,
        };
        clock.set("+0");
        clock
    }

    /// Sets it so far off the right time, in seconds such as `-3600`, for all that run and will run.
    pub(crate) fn set(&self, offset: &str) {
        // Nobody may see half of it.
        let draft = self.offset.with_extension("new");
        std::fs::write(&draft, offset).expect("a file can be written");
        std::fs::rename(draft, &self.offset).expect("a file can be renamed");
    }

    /// Lets a command go by it.
    pub(crate) fn lend(&self, command: &mut Command) {
        command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("FAKETIME_TIMESTAMP_FILE", &self.offset)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = lines.next().expect("`faketime` runs what it is told");
    line.expect("it can be heard")
}

impl Drop for Clock {
    fn drop(&mut self) {
        // Without its stdin `cat` ends, and then its holder.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
