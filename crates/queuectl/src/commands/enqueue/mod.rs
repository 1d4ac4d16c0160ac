//! `queuectl enqueue`: add jobs, one from the command line or many from a file.

mod add;
mod answer;
mod batches;
mod check;
mod figure;
mod file;
mod folder;
mod names;
mod one;
mod record;
mod reserve;
mod source;

pub(crate) use folder::Folders;
pub(crate) use record::{Form, Reader};

use std::ffi::OsString;
use std::path::PathBuf;

use queuectl_domain::{
    BackoffBase, JobId, MaxRetries, NativeString, Priority, Rules, Settings, ShellName, Timeout,
};

use crate::context::Context;
use crate::error::CliError;
use crate::views::View;

const EXAMPLES: &str = "\
Examples:
  queuectl enqueue --id job1 --command 'echo Hello World'
  queuectl enqueue --command 'make test 2>&1 | tail' --timeout 600 --priority 8
  queuectl enqueue -- rsync -a 'My Documents' backup:/home
  queuectl enqueue --command - < script.sh
  queuectl enqueue --from jobs.jsonl --skip-existing
  find . -name '*.wav' -exec queuectl enqueue -- lame {} ';'

A line of jobs.jsonl:
  {\"id\": \"thumb-1\", \"argv\": [\"convert\", \"1.png\", \"-resize\", \"128\", \"1.jpg\"], \"timeout\": 60}";

/// Add jobs to the queue
///
/// The job runs in the current directory, in a shell if it is given with --command,
/// or directly, without a shell, if it is given after `--`.
///
/// With --from each line of a file is a job: a JSON object that has `command`, a line for a shell,
/// or `argv`, a program and its arguments, and may have `id`, `timeout`, `max_retries`,
/// `backoff_base`, `priority`, `cwd` and `shell`. What it doesn't have comes from the options
/// given here. Blank lines are skipped. Either all jobs of a file are added, or none.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name the job: letters, digits and ._~:@+/=-; without it, a new id is made and printed
    #[arg(long, value_parser = JobId::given)]
    id: Option<JobId>,

    /// Run this line in a shell, or as a script if it begins with `#!`; `-` reads it from stdin
    #[arg(long, value_name = "CMD", allow_hyphen_values = true)]
    command: Option<OsString>,

    #[command(flatten)]
    how: How,

    /// Add a job for each line of this file; `-` reads stdin
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// Take each line of the file for a shell command instead of JSON; never put names of files into such lines
    ///
    /// The shell runs whatever is in a line, so a name such as `x;reboot` becomes a command, and quotes around it don't help. Pass
    /// names as arguments: in the `argv` of a line of JSON, or after `--`.
    #[arg(long)]
    lines: bool,

    /// Pass over jobs of the file whose id exists, so that it can be given again
    #[arg(long)]
    skip_existing: bool,

    /// Run this program with these arguments, without a shell
    #[arg(last = true, value_name = "PROG ARG")]
    argv: Vec<OsString>,
}

/// How a job is run that doesn't say otherwise.
#[derive(clap::Args)]
struct How {
    /// Seconds after which an attempt is ended; 0 for never [default: config timeout, 20]
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

    /// Use this shell, such as bash or pwsh, even for a script [default: config shell, /bin/sh or cmd]
    #[arg(long)]
    shell: Option<ShellName>,

    /// Run it in this directory [default: the current one]
    ///
    /// With a store in a file, it has to exist. With a store on a server, only the worker's machine needs it.
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
}

impl How {
    /// The rules, with those of the store where none are given.
    fn rules(&self, settings: &Settings) -> Rules {
        Rules {
            timeout: self.timeout.unwrap_or(settings.rules.timeout),
            max_retries: self.max_retries.unwrap_or(settings.rules.max_retries),
            backoff_base: self.backoff_base.unwrap_or(settings.rules.backoff_base),
            priority: self.priority.unwrap_or(settings.rules.priority),
        }
    }
}

/// Adds the job or jobs.
pub(crate) fn run(cx: &Context<'_>, args: Args) -> Result<Box<dyn View>, CliError> {
    let Some(from) = args.from else {
        if let Some(option) = [
            ("--lines", args.lines),
            ("--skip-existing", args.skip_existing),
        ]
        .iter()
        .find_map(|(option, given)| given.then_some(option))
        {
            return Err(CliError::usage(
                format!("{option} is for the jobs of a file"),
                "name the file with --from, or leave it out",
            ));
        }
        let job = one::Job {
            id: args.id,
            line: args.command,
            argv: args.argv,
        };
        return super::boxed(one::run(cx, job, args.how));
    };
    let form = if args.lines {
        record::Form::Lines
    } else {
        record::Form::Json
    };
    let of_one_job = [
        ("--id", args.id.is_some()),
        ("--command", args.command.is_some()),
        ("a program after `--`", !args.argv.is_empty()),
    ];
    if let Some((what, _)) = of_one_job.iter().find(|(_, given)| *given) {
        return Err(CliError::usage(
            format!("{what} is of one job, and --from adds many"),
            "leave one of them out",
        ));
    }
    if args.lines && args.skip_existing {
        return Err(CliError::usage(
            "lines have no ids, so --skip-existing can't tell which of them exist",
            "leave --lines out, and give a file of JSON in which each job has an id",
        ));
    }
    let order = file::Order {
        from: &from,
        form,
        skip_existing: args.skip_existing,
    };
    file::run(cx, &order, args.how)
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
