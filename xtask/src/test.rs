//! `cargo xtask test`: all tests, on a machine that may be bare; with `--windows` as Windows sees them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config, SHARED};

use crate::cargo::{self, root, start_trouble};
use crate::needs;
use crate::program;
use crate::system::{System, answers};
use crate::trouble::Trouble;
use crate::wine::{TARGET, Wine};

/// Chores that need a Unix, or that are no part of what is used on Windows.
const NOT_FOR_WINDOWS: [&str; 5] = [
    "queuectl-bench",
    "queuectl-chaos",
    "queuectl-cluster",
    "queuectl-dist",
    "xtask",
];

/// How long the whole run under wine may take, with the installation of a Windows: it is waited for before each change.
const WINE_LIMIT: Duration = Duration::from_secs(12 * 60);

/// How many tests run at once for each processor.
const AT_ONCE: usize = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Build the tests for Windows and run them there: under wine, unless this is one
    #[arg(long)]
    pub(crate) windows: bool,

    /// Passed on to cargo-nextest, or to `cargo test` where that isn't installed
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    pub(crate) runner: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    if args.windows && System::here() != System::Windows {
        needs::supply_for_windows()?;
        return under_wine(args);
    }
    needs::supply()?;
    let program = program_for(args, program::for_this_machine)?;
    run_on(args, &Stage::new(None, program)?)
}

/// Installs a Windows if there is none, and runs the tests there. How long all of them take is told, and limited; compiling isn't
/// part of it.
fn under_wine(args: &Args) -> Result<ExitCode, Trouble> {
    let program = program_for(args, || program::for_target(TARGET))?;
    let mut began = Instant::now();
    let wine = Wine::start()?;
    let stage = Stage::new(Some(&wine), program)?;
    if !args.runner.is_empty() {
        return run_on(args, &stage);
    }
    let before = began.elapsed();
    let mut build = stage.cargo(&["test", "--no-run"]);
    let built = build.args(scope(args)).status().map_err(start_trouble)?;
    if !built.success() {
        return Ok(code(built));
    }
    began = Instant::now();
    let code = run_on(args, &stage)?;
    let took = before + began.elapsed();
    println!("the run under wine took {} s", took.as_secs());
    if took > WINE_LIMIT {
        return Err(Trouble::Slow {
            what: "the run under wine",
            limit: WINE_LIMIT.as_secs(),
        });
    }
    Ok(code)
}

/// The program that these tests run, if any of them does: the one that the user has named, or one that is
/// built now.
fn program_for(
    args: &Args,
    build: impl FnOnce() -> Result<PathBuf, Trouble>,
) -> Result<Option<PathBuf>, Trouble> {
    if !program::is_tested_by(&args.runner) {
        return Ok(None);
    }
    program::named().unwrap_or_else(build).map(Some)
}

fn run_on(args: &Args, stage: &Stage<'_>) -> Result<ExitCode, Trouble> {
    if answers("cargo", &["nextest", "--version"]) {
        nextest(args, stage)
    } else {
        libtest(args, stage)
    }
}

/// What the tests run on.
struct Stage<'a> {
    wine: Option<&'a Wine>,
    /// The PostgreSQL that all tests share, each with what is its own in it; none if who runs them has named one.
    server: Option<Cluster>,
    /// The program under test, if any of these tests runs it.
    program: Option<PathBuf>,
}

impl<'a> Stage<'a> {
    #[expect(
        clippy::disallowed_methods,
        reason = "that is how a server is named to the tests"
    )]
    fn new(wine: Option<&'a Wine>, program: Option<PathBuf>) -> Result<Self, Trouble> {
        let server = match std::env::var_os(SHARED) {
            Some(url) if !url.is_empty() => None,
            _ => Some(Cluster::start(&Config::new()).map_err(Trouble::Server)?),
        };
        Ok(Self {
            wine,
            server,
            program,
        })
    }

    /// A call of cargo whose tests find it all.
    fn cargo(&self, args: &[&str]) -> Command {
        let mut command = cargo::cargo(args);
        if let Some(server) = &self.server {
            // A program of Windows knows no sockets in the file system.
            let url = self.wine.map_or_else(|| server.url(), |_| server.tcp_url());
            command.env(SHARED, url);
        }
        if let Some(program) = &self.program {
            command.env(program::VARIABLE, program);
        }
        visit(self.wine, &mut command);
        command
    }
}

/// cargo-nextest knows nothing of doc tests, so these have a run of their own. It
/// comes first, for the closing line to be that of the run that matters.
fn nextest(args: &Args, stage: &Stage<'_>) -> Result<ExitCode, Trouble> {
    let mut docs = ExitCode::SUCCESS;
    if args.runner.is_empty() && stage.wine.is_none() {
        let mut command = cargo::cargo(&["test", "--doc", "--workspace", "--locked", "--quiet"]);
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.map_err(start_trouble)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || Tally::of(&printed).total() > 0 {
            print!("{printed}");
        }
        docs = code(output.status);
    }
    let mut command = stage.cargo(&["nextest", "run"]);
    if stage.wine.is_some() {
        // Wine refuses one start of a process in some thousands, with an error of its own (1359). Whatever fails twice isn't that;
        // what passes then is told as flaky.
        command.args(["--retries", "1"]);
        // There a connection takes long to make. What is drawn is of the same kind as on Linux, where more is.
        command.env("PROPTEST_CASES", "16");
    } else if args.runner.is_empty() {
        // Most of the time they wait for something: a worker to be missed, a time-out, a lease.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        command.args(["--test-threads", &(AT_ONCE * processors).to_string()]);
    }
    let command = command.args(scope(args)).args(&args.runner);
    let status = command.status().map_err(start_trouble)?;
    Ok(if status.success() { docs } else { code(status) })
}

/// `cargo test` closes with a line for each of many programs, so their sum is told.
fn libtest(args: &Args, stage: &Stage<'_>) -> Result<ExitCode, Trouble> {
    let mut command = stage.cargo(&["test"]);
    command
        .args(scope(args))
        .args(&args.runner)
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(start_trouble)?;
    let stdout = child.stdout.take().expect("it was asked to be piped");
    let printed = pass_through(stdout, io::stdout().lock()).map_err(|source| Trouble::File {
        what: "pass on what the tests print",
        source,
    });
    let status = child.wait().map_err(start_trouble)?;
    let tally = printed?;
    if tally.total() > 0 {
        let Tally {
            passed,
            failed,
            ignored,
        } = tally;
        println!("\n{passed} passed, {failed} failed, {ignored} skipped");
    }
    Ok(code(status))
}

/// Has the tests built for Windows, and run in this one. Who runs them is said on the command line: a setting of
/// cargo's would hold on Windows itself too, and a variable would be seen by the tests.
fn visit(wine: Option<&Wine>, command: &mut Command) {
    let Some(wine) = wine else { return };
    wine.lend(command);
    // Where snapshots are is otherwise asked of cargo, which isn't there.
    command.env("INSTA_WORKSPACE_ROOT", root());
    command.args(["--target", TARGET, "--config"]);
    command.arg(format!("target.{TARGET}.runner=\"wine\""));
}

/// What is tested and how, as far as the user's own arguments leave that open:
/// the whole workspace, and if nothing narrows it down, to the end.
fn scope(args: &Args) -> Vec<&'static str> {
    let mut scope = vec!["--locked"];
    if !args
        .runner
        .iter()
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package"))
    {
        scope.push("--workspace");
        if args.windows {
            let chores = NOT_FOR_WINDOWS.iter();
            scope.extend(chores.flat_map(|name| ["--exclude", name]));
        }
    }
    if args.runner.is_empty() {
        scope.push("--no-fail-fast");
    }
    scope
}

fn code(status: ExitStatus) -> ExitCode {
    // Without a code a signal ended the tests: that is no success.
    let code = status
        .code()
        .map_or(1, |code| u8::try_from(code).unwrap_or(1));
    ExitCode::from(code)
}

/// Copies line by line, and adds up the results that pass by.
fn pass_through(from: impl Read, mut to: impl Write) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        tally.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(tally)
}

/// How many tests ended how.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    fn of(printed: &str) -> Self {
        let mut tally = Self::default();
        for line in printed.lines() {
            tally.add(line);
        }
        tally
    }

    /// Adds what a line like `test result: ok. 3 passed; 0 failed; 1 ignored; …` says.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
        for count in counts.split("; ") {
            let (number, what) = count.split_once(' ').unwrap_or_default();
            let number: u64 = number.parse().unwrap_or(0);
            match what.trim_end() {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    fn total(&self) -> u64 {
        self.passed + self.failed + self.ignored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
running 2 tests
test result: not a result of the runner
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s
test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn the_results_of_all_programs_are_added_up() {
        let mut copy = Vec::new();
        let tally = pass_through(PRINTED.as_bytes(), &mut copy).unwrap();
        let sum = Tally {
            passed: 16,
            failed: 2,
            ignored: 1,
        };
        assert_eq!(tally, sum);
        assert_eq!(Tally::of(PRINTED), sum);
        assert_eq!(copy, PRINTED.as_bytes());
    }

    #[test]
    fn the_whole_workspace_is_tested_unless_packages_are_named() {
        let scoped = |runner: &[&str]| {
            let runner = runner.iter().map(|&word| word.to_owned()).collect();
            let windows = false;
            scope(&Args { windows, runner }).contains(&"--workspace")
        };
        assert!(scoped(&[]));
        assert!(scoped(&["claim"]));
        assert!(!scoped(&["-p", "xtask"]));
        assert!(!scoped(&["--package=xtask"]));
    }
}
