//! `cargo xtask bench`: build as users get it, then measure. What is measured
//! is in the package `queuectl-bench`; the figures of a full run become a page.

use std::process::{Command, ExitCode};

use crate::cargo::{build_release, root};
use crate::needs;
use crate::trouble::Trouble;

/// The page that a full run writes.
const PAGE: &str = "docs/benchmarks.md";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Take two minutes, write nothing, and fail if a ratio is worse than half its goal
    #[arg(long)]
    quick: bool,

    /// Measure only these themes, and write nothing; a wrong name shows all
    #[arg(long, num_args = 1.., value_name = "NAME")]
    only: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    needs::supply_for_bench()?;
    let queuectl = build_release("queuectl")?;
    let bench = build_release("queuectl-bench")?;
    let mut command = Command::new(&bench);
    command.current_dir(root());
    command.arg("--queuectl").arg(queuectl);
    if args.quick {
        command.arg("--quick");
    }
    if !args.only.is_empty() {
        command.arg("--only").args(&args.only);
    }
    if !args.quick && args.only.is_empty() {
        command.args(["--write", PAGE]);
    }
    let status = command.status().map_err(|source| Trouble::Start {
        program: bench.display().to_string(),
        source,
    })?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
