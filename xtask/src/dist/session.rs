//! What an archive's program is asked to do, wherever it is tried: take a job, run it, and tell what came of it.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::trouble::Trouble;

/// How long a job may wait for its worker.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays it. `program` gives a command that runs the program with a new store.
pub(crate) fn play(target: &str, program: impl Fn() -> Command) -> Result<(), Trouble> {
    let run = |args: &[&str]| {
        let mut command = program();
        command.args(args);
        succeed(target, command)
    };
    let version = run(&["--version"])?;
    if !version.starts_with("queuectl ") {
        return Err(wrong(target, format!("it calls itself {version:?}")));
    }
    run(&["enqueue", "--id", "hello", "--command", "echo Hello World"])?;
    run(&["worker", "start", "--foreground", "--until-idle"])?;
    let shown = run(&["--json", "show", "hello"])?;
    let job: Value = serde_json::from_str(&shown).unwrap_or_default();
    let output = job["output"].as_str().unwrap_or_default();
    if job["state"] != "completed" || output.trim_end() != "Hello World" {
        return Err(wrong(target, format!("its job came to this: {shown}")));
    }
    println!(
        "{target}: {} takes a job, runs it and shows what it printed",
        version.trim_end()
    );
    Ok(())
}

/// A worker in the background takes a job and is stopped, in the words of a shell; its name is that of the program.
pub(crate) const BACKGROUND: &str = r#"
    set -e
    "$0" worker start
    "$0" enqueue --id later --command "echo later"
    looks=0
    until "$0" show later | grep -q completed; do
        looks=$((looks + 1))
        test $looks -lt 300
        sleep 0.1
    done
    test "$("$0" worker stop)" = "Stopped 1 worker(s)"
"#;

/// The same, call by call.
pub(crate) fn play_in_background(
    target: &str,
    program: impl Fn() -> Command,
) -> Result<(), Trouble> {
    let run = |args: &[&str]| {
        let mut command = program();
        command.args(args);
        succeed(target, command)
    };
    run(&["worker", "start"])?;
    run(&["enqueue", "--id", "later", "--command", "echo later"])?;
    let end = Instant::now() + PATIENCE;
    while !run(&["show", "later"])?.contains("completed") {
        if Instant::now() > end {
            return Err(wrong(target, "no worker takes its job".to_owned()));
        }
    }
    let stopped = run(&["worker", "stop"])?;
    if stopped.trim_end() != "Stopped 1 worker(s)" {
        return Err(wrong(
            target,
            format!("the worker isn't stopped: {stopped}"),
        ));
    }
    println!("{target}: a worker in the background takes a job, and is stopped");
    Ok(())
}

/// Runs a command that has to succeed, and tells what it prints. That goes to files: wine hands a pipe on to workers in the
/// background, and who reads it would wait for their end.
pub(crate) fn succeed(target: &str, mut command: Command) -> Result<String, Trouble> {
    let (mut stdout, mut stderr) = (file()?, file()?);
    command.stdin(Stdio::null());
    command.stdout(stdout.try_clone().map_err(trouble)?);
    command.stderr(stderr.try_clone().map_err(trouble)?);
    let status = command.status().map_err(|source| Trouble::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    let told = content(&mut stdout)?;
    if status.success() {
        return Ok(told);
    }
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let (line, error) = (words.join(" "), content(&mut stderr)?);
    Err(wrong(
        target,
        format!("`{line}` failed ({status}): {told}{error}"),
    ))
}

fn file() -> Result<File, Trouble> {
    tempfile::tempfile().map_err(trouble)
}

fn content(file: &mut File) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    file.rewind().map_err(trouble)?;
    file.read_to_end(&mut bytes).map_err(trouble)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn trouble(source: io::Error) -> Trouble {
    Trouble::File {
        what: "keep what a program prints",
        source,
    }
}

fn wrong(target: &str, what: String) -> Trouble {
    Trouble::Archive {
        target: target.to_owned(),
        what,
    }
}
