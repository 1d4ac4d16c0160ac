//! `cargo xtask weekly`: the checks that take too long for each change. Each step is a chore of its own. All are run, even if
//! one fails.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::cargo::{build_release, root, start_trouble};
use crate::trouble::Trouble;

/// The names of the steps, and their chores.
const STEPS: [(&str, &[&str]); 6] = [
    ("archives, as users get them", &["dist", "--smoke"]),
    ("archives, made twice", &["dist", "--twice"]),
    ("fuzzing, a minute each", &["fuzz"]),
    ("Miri", &["memory", "miri"]),
    ("address sanitizer", &["memory", "address"]),
    ("chaos, half an hour", &["chaos", "--minutes", "30"]),
];

/// How a step ended.
struct Done {
    name: &'static str,
    took: Duration,
    passed: bool,
}

pub(crate) fn run() -> Result<ExitCode, Trouble> {
    let mut done = Vec::new();
    for (name, chore) in STEPS {
        println!("\n== {name}: cargo xtask {}", chore.join(" "));
        let began = Instant::now();
        let passed = passes(chore).unwrap_or_else(|trouble| {
            eprintln!("error: {trouble}");
            false
        });
        done.push(Done {
            name,
            took: began.elapsed(),
            passed,
        });
    }
    print!("\n{}", table(&done));
    Ok(if done.iter().all(|step| step.passed) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn passes(chore: &[&str]) -> Result<bool, Trouble> {
    let program = std::env::current_exe().map_err(start_trouble)?;
    let mut command = Command::new(program);
    command.args(chore).current_dir(root());
    if chore.starts_with(&["chaos"]) {
        // Each change already runs the storm on the program that the tests run, so this one takes the release.
        command.arg("--program").arg(build_release("queuectl")?);
    }
    Ok(command.status().map_err(start_trouble)?.success())
}

fn table(done: &[Done]) -> String {
    let width = done.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let lines = done.iter().map(|Done { name, took, passed }| {
        let (minutes, seconds) = (took.as_secs() / 60, took.as_secs() % 60);
        let result = if *passed { "passed" } else { "FAILED" };
        format!("{name:width$}  {minutes:4} min {seconds:2} s  {result}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_shown_with_its_time_and_result() {
        let step = |name, seconds, passed| Done {
            name,
            took: Duration::from_secs(seconds),
            passed,
        };
        let done = [step("chaos", 1805, true), step("Miri", 9, false)];
        assert_eq!(
            table(&done),
            "chaos    30 min  5 s  passed\nMiri      0 min  9 s  FAILED\n"
        );
    }

    #[test]
    fn each_step_is_a_chore() {
        use clap::Parser as _;
        for (name, chore) in STEPS {
            let line = std::iter::once("xtask").chain(chore.iter().copied());
            assert!(crate::Args::try_parse_from(line).is_ok(), "{name}");
        }
    }
}
