//! A connection that somebody else holds, with whatever it has begun.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Trouble;

/// A connection that somebody else holds: a `psql` that waits for more.
#[derive(Debug)]
pub struct Held {
    psql: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Held {
    pub(crate) fn by(mut psql: Command) -> Result<Self, Trouble> {
        psql.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut psql = psql.spawn().map_err(run_trouble)?;
        let (input, output) = (psql.stdin.take(), psql.stdout.take());
        let mut held = Self {
            psql,
            input,
            output: BufReader::new(output.expect("stdout is a pipe")),
        };
        held.sql("SELECT 'in'")?;
        Ok(held)
    }

    /// Runs a statement in it, and returns the last line that it printed.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub fn sql(&mut self, text: &str) -> Result<String, Trouble> {
        const DONE: &str = "-- done --";
        let input = self
            .input
            .as_mut()
            .expect("it is open until this is dropped");
        writeln!(input, "{text};\n\\echo {DONE}").map_err(run_trouble)?;
        let mut last = String::new();
        loop {
            let mut line = String::new();
            match self.output.read_line(&mut line).map_err(run_trouble)? {
                0 => return Err(run_trouble(std::io::ErrorKind::ConnectionAborted.into())),
                _ if line.trim_end() == DONE => return Ok(last),
                _ => line.trim_end().clone_into(&mut last),
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // At the end of its input it goes; what it had begun is broken off.
        drop(self.input.take());
        let _ = self.psql.wait();
    }
}

fn run_trouble(source: std::io::Error) -> Trouble {
    Trouble::Run {
        program: "psql".into(),
        source,
    }
}
