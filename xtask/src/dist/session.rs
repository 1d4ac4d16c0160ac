//! What an archive's program is asked to do, wherever it is tried: take a job, run it, and tell what came of it.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::trouble::Trouble;

/// Plays it. `program` gives a command that runs the program with a new store.
pub(crate) fn play(target: &str, program: impl Fn() -> Command) -> Result<(), Trouble> {
    let run = |args: &[&str]| {
        let mut command = program();
        command.args(args).stdin(Stdio::null());
        let output = command.output().map_err(|source| Trouble::Start {
            program: command.get_program().to_string_lossy().into_owned(),
            source,
        })?;
        succeeded(target, args, &output)
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

fn succeeded(target: &str, args: &[&str], output: &Output) -> Result<String, Trouble> {
    let told = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(told.into_owned());
    }
    let args = args.join(" ");
    let error = String::from_utf8_lossy(&output.stderr);
    Err(wrong(
        target,
        format!(
            "`queuectl {args}` failed ({}): {told}{error}",
            output.status
        ),
    ))
}

fn wrong(target: &str, what: String) -> Trouble {
    Trouble::Archive {
        target: target.to_owned(),
        what,
    }
}
