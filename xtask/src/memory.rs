//! `cargo xtask memory`: looks for mistakes with memory in the process room, which talks to the system through
//! pointers. Both checks need a nightly compiler.

use std::process::{Command, ExitCode};

use crate::cargo::root;
use crate::needs;
use crate::trouble::Trouble;

/// Where the code with pointers is. Its tests run it optimised.
const PACKAGE: &str = "queuectl-process";

/// The target for the address sanitizer. It is named so that build scripts do without the sanitizer.
const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only this check
    #[arg(value_enum)]
    check: Option<Check>,
}

/// A check for mistakes with memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Check {
    /// Run all of the room's tests with the address sanitizer
    Address,
    /// Interpret those that make no system calls with Miri
    Miri,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    let both = [Check::Address, Check::Miri];
    let chosen = args.check.map_or(both.to_vec(), |check| vec![check]);
    needs::supply()?;
    needs::supply_nightly()?;
    for check in chosen {
        let mut command = match check {
            Check::Address => address(),
            Check::Miri => {
                needs::supply_miri()?;
                miri()
            }
        };
        command.current_dir(root());
        let status = command.status().map_err(|source| Trouble::Start {
            program: "rustup".to_owned(),
            source,
        })?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn address() -> Command {
    let mut command = nightly();
    command.args(["test", "--locked", "--package", PACKAGE]);
    command.args(["--no-fail-fast", "--target", TARGET]);
    // A folder of its own: in a shared one, other flags would cause everything to be built anew.
    command.args(["--target-dir", "target/memory"]);
    command.env("RUSTFLAGS", "-Zsanitizer=address");
    command
}

/// Only unit tests: Miri can't start a process or map a file.
fn miri() -> Command {
    let mut command = nightly();
    command.args(["miri", "test", "--locked", "--package", PACKAGE, "--lib"]);
    // The tests read files.
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    command
}

fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]);
    command
}
