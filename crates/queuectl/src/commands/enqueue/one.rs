//! One job, given on the command line.

use std::ffi::OsString;
use std::io::Read;

use queuectl_domain::{Command, JobId, MAX_COMMAND_BYTES, NewJob, Settings, ShellName};

use super::{Folders, How, native};
use crate::context::Context;
use crate::error::CliError;
use crate::views::Enqueued;

/// The job, as far as it isn't said how it is run.
pub(super) struct Job {
    pub(super) id: Option<JobId>,
    pub(super) line: Option<OsString>,
    pub(super) argv: Vec<OsString>,
}

/// Adds it.
pub(super) fn run(cx: &Context<'_>, job: Job, how: How) -> Result<Enqueued, CliError> {
    let named = job.id.is_some();
    let cwd = Folders::of(&cx.location()?).resolve(how.cwd.as_deref())?;
    // What is wrong with the command is told before the store is touched.
    let given = Given::of(job.line, job.argv, how.shell.is_some())?;

    let mut store = cx.store()?;
    let settings = store.settings()?;
    let job = NewJob {
        id: job.id,
        rules: how.rules(&settings),
        command: given.into_command(how.shell, settings)?,
        cwd,
    };
    let mut ids = store.enqueue(vec![job])?;
    match ids.pop() {
        Some(id) => Ok(Enqueued { id, named }),
        None => Err(CliError::internal("the store named no job")),
    }
}

/// A command as it was given.
enum Given {
    Line(String),
    Argv(Vec<OsString>),
}

impl Given {
    fn of(line: Option<OsString>, argv: Vec<OsString>, shell: bool) -> Result<Self, CliError> {
        match line {
            None if argv.is_empty() => Err(CliError::usage(
                "there is no command to run",
                "give a line with --command, or a program after `--`: queuectl enqueue -- PROG ARG...",
            )),
            None if shell => Err(CliError::usage(
                "what is given after `--` runs without a shell",
                "give the line with --command, or leave --shell out",
            )),
            None => Ok(Self::Argv(argv)),
            Some(_) if !argv.is_empty() => Err(CliError::usage(
                "there are two commands, one with --command and one after `--`",
                "a job runs one; enqueue two jobs, or join them in one line with `&&`",
            )),
            Some(line) if line == "-" => Ok(Self::Line(read_command(std::io::stdin().lock())?)),
            Some(line) => Ok(Self::Line(line.into_string().map_err(|_| not_utf8())?)),
        }
    }

    fn into_command(
        self,
        shell: Option<ShellName>,
        settings: Settings,
    ) -> Result<Command, CliError> {
        let command = match self {
            Self::Line(line) => Command::line_for(line, shell, settings.shell),
            Self::Argv(argv) => {
                let argv = argv.into_iter().map(native).collect::<Result<_, _>>()?;
                Command::argv(argv)
            }
        };
        command.map_err(|error| CliError::from(error).with_hint("see `queuectl enqueue --help`"))
    }
}

/// Reads a command, and no more than a command can have.
fn read_command(input: impl Read) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let most = MAX_COMMAND_BYTES as u64 + 1;
    input.take(most).read_to_end(&mut bytes).map_err(|reason| {
        CliError::unavailable(
            format!("can't read the command from stdin: {reason}"),
            "give it as the value of --command",
        )
    })?;
    if bytes.len() > MAX_COMMAND_BYTES {
        return Err(CliError::usage(
            format!("a command has at most {MAX_COMMAND_BYTES} bytes (16 MiB), stdin has more"),
            "put it into a file, and enqueue what runs the file",
        ));
    }
    let mut line = String::from_utf8(bytes).map_err(|_| not_utf8())?;
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    Ok(line)
}

fn not_utf8() -> CliError {
    CliError::usage(
        "the command isn't valid UTF-8",
        "give it after `--`, where any bytes are taken: queuectl enqueue -- PROG ARG...",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_without_the_newline_at_its_end() {
        assert_eq!(read_command(&b"make\n"[..]).unwrap(), "make");
        assert_eq!(read_command(&b"make\r\n"[..]).unwrap(), "make");
        assert_eq!(read_command(&b"a\nb\n\n"[..]).unwrap(), "a\nb\n");
    }

    #[test]
    fn what_is_too_long_is_not_read_to_its_end() {
        let error = read_command(std::io::repeat(b'x')).unwrap_err();
        assert!(error.message.contains("16 MiB"), "{error:?}");
    }

    #[test]
    fn a_job_runs_exactly_one_command() {
        let line = || Some(OsString::from("true"));
        assert!(Given::of(None, vec![], false).is_err());
        assert!(Given::of(line(), vec!["true".into()], false).is_err());
        assert!(Given::of(None, vec!["true".into()], true).is_err());
        assert!(Given::of(line(), vec![], true).is_ok());
    }
}
