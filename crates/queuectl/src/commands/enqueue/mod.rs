//! `queuectl enqueue`: add a job.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;

use queuectl_domain::{
    BackoffBase, Command, JobId, MAX_COMMAND_BYTES, MaxRetries, NativeString, NewJob, Priority,
    Rules, Settings, ShellName, Timeout,
};

use crate::context::Context;
use crate::environment;
use crate::error::CliError;
use crate::views::Enqueued;

const EXAMPLES: &str = "\
Examples:
  queuectl enqueue --id job1 --command 'echo Hello World'
  queuectl enqueue --command 'make test 2>&1 | tail' --timeout 600 --priority 8
  queuectl enqueue -- rsync -a 'My Documents' backup:/home
  queuectl enqueue --command - < script.sh";

/// Add a job to the queue
///
/// The job runs in the current directory, in a shell if it is given with --command,
/// or directly, without a shell, if it is given after `--`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name the job; without, a new id is made and printed
    #[arg(long)]
    id: Option<JobId>,

    /// Run this line in a shell; `-` reads it from stdin
    #[arg(long, value_name = "CMD", allow_hyphen_values = true)]
    command: Option<OsString>,

    /// End an attempt after so many seconds; 0 for never [default: config timeout, 20]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    timeout: Option<Timeout>,

    /// Run it so often at most, the first time included [default: config max_retries, 3]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    max_retries: Option<MaxRetries>,

    /// Wait B^n seconds after attempt n has failed [default: config backoff_base, 2]
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    backoff_base: Option<BackoffBase>,

    /// Say how urgent it is, 1 to 10, 10 is most urgent [default: config priority, 5]
    #[arg(long, value_name = "P", allow_hyphen_values = true)]
    priority: Option<Priority>,

    /// Use this shell, such as bash or pwsh [default: config shell, /bin/sh or cmd]
    #[arg(long)]
    shell: Option<ShellName>,

    /// Run it in this directory [default: the current one]
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,

    /// Run this program with these arguments, without a shell
    #[arg(last = true, value_name = "PROG ARG")]
    argv: Vec<OsString>,
}

/// Adds the job.
pub(crate) fn run(cx: &Context<'_>, args: Args) -> Result<Enqueued, CliError> {
    let named = args.id.is_some();
    let cwd = working_directory(args.cwd.as_ref())?;
    // What is wrong with the command is told before the store is touched.
    let given = Given::of(args.command, args.argv, args.shell.is_some())?;

    let mut store = cx.store()?;
    let settings = store.settings()?;
    let rules = Rules {
        timeout: args.timeout.unwrap_or(settings.rules.timeout),
        max_retries: args.max_retries.unwrap_or(settings.rules.max_retries),
        backoff_base: args.backoff_base.unwrap_or(settings.rules.backoff_base),
        priority: args.priority.unwrap_or(settings.rules.priority),
    };
    let job = NewJob {
        id: args.id,
        command: given.into_command(args.shell, settings)?,
        cwd,
        rules,
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
            Self::Line(line) => {
                let shell = match shell {
                    Some(shell) if shell.as_str() == "default" => None,
                    Some(shell) => Some(shell),
                    None => settings.shell,
                };
                Command::line(line, shell)
            }
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

fn working_directory(given: Option<&PathBuf>) -> Result<NativeString, CliError> {
    let path = match given {
        None => environment::current_dir().map_err(|reason| {
            CliError::usage(
                format!("can't tell the current directory: {reason}"),
                "change to one that exists, or name one with --cwd",
            )
        })?,
        Some(path) => {
            let absolute = std::path::absolute(path);
            let directory = absolute.ok().filter(|path| path.is_dir());
            directory.ok_or_else(|| {
                CliError::usage(
                    format!("`{}` is not a directory", path.display()),
                    "give one that exists with --cwd",
                )
            })?
        }
    };
    native(path.into_os_string())
}

/// Text of the system as the job keeps it.
fn native(text: OsString) -> Result<NativeString, CliError> {
    let shown = text.display().to_string();
    queuectl_worker::native(text).ok_or_else(|| {
        CliError::usage(
            format!("`{shown}` isn't valid Unicode"),
            "rename the file, or change the argument",
        )
    })
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
