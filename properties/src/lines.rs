//! Lines of a file of jobs: what is read can be written as JSON, and is read as the same again.

use queuectl::exposed::job_of_line;
use queuectl_domain::{Command, NewJob, seconds_text};
use serde_json::{Map, Value};

/// A line: the first byte says of which form.
pub(crate) fn lines(bytes: &[u8]) {
    let Some((form, line)) = bytes.split_first() else {
        return;
    };
    let is_json = form % 2 == 0;
    match job_of_line(line, is_json) {
        Ok(job) => {
            if !is_json {
                let line = str::from_utf8(line).expect("it was taken for text");
                assert_eq!(job.command.to_text(), line.trim_start_matches('\u{feff}'));
            }
            let written = written(&job);
            assert_eq!(job_of_line(written.as_bytes(), true), Ok(job), "{written}");
        }
        Err(problem) => assert!(!problem.is_empty()),
    }
}

fn written(job: &NewJob) -> String {
    let mut line = Map::new();
    let mut set = |name: &str, value: Value| line.insert(name.to_owned(), value);
    if let Some(id) = &job.id {
        set("id", id.as_str().into());
    }
    match &job.command {
        Command::Line { line, shell } => {
            set("command", line.as_str().into());
            if let Some(shell) = shell {
                set("shell", shell.as_str().into());
            }
        }
        Command::Argv(argv) => {
            let argv = argv
                .iter()
                .map(|arg| Value::from(arg.to_text().into_owned()));
            set("argv", argv.collect());
        }
    }
    set("cwd", job.cwd.to_text().into_owned().into());
    let timeout = seconds_text(job.rules.timeout.limit().unwrap_or_default());
    set(
        "timeout",
        serde_json::from_str(&timeout).expect("it is a number"),
    );
    set("max_retries", job.rules.max_retries.get().into());
    set("backoff_base", job.rules.backoff_base.get().into());
    set("priority", job.rules.priority.get().into());
    Value::from(line).to_string()
}
