//! `cargo xtask chaos`: build what the tests use, then let the storm go over it. The storm
//! is in the package `queuectl-chaos`.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::cargo::{build, root};
use crate::needs;
use crate::program;
use crate::trouble::Trouble;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long the storm lasts; then all has to drain
    #[arg(long, default_value_t = 2.0, value_name = "M")]
    minutes: f64,

    /// Bring the storm that this number stands for [default: another each time]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,

    /// Test this program, such as that of an archive, instead of the one that the tests run
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    needs::supply()?;
    let queuectl = match &args.program {
        Some(program) => program::existing(program)?,
        None => program::for_this_machine()?,
    };
    let chaos = build("queuectl-chaos")?;
    let mut command = Command::new(&chaos);
    command.current_dir(root());
    command.arg("--queuectl").arg(queuectl);
    command.args(["--minutes", &args.minutes.to_string()]);
    if let Some(seed) = args.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    Err(Trouble::Start {
        program: chaos.display().to_string(),
        source: become_it(command),
    })
}

/// Goes on as that program, so that Ctrl+C goes to the one that has to clean up.
#[cfg(unix)]
fn become_it(mut command: Command) -> io::Error {
    use std::os::unix::process::CommandExt as _;
    command.exec()
}

#[cfg(not(unix))]
fn become_it(_: Command) -> io::Error {
    let why = "the storm is made of signals, which only Unix has";
    io::Error::new(io::ErrorKind::Unsupported, why)
}
