//! `cargo xtask bench`: build as users get it, then measure. What is measured
//! is in the package `queuectl-bench`; the figures of a full run become a page.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::cargo::{build_release, root};
use crate::needs;
use crate::program;
use crate::trouble::Trouble;

/// The pages that full runs write.
const PAGE: &str = "docs/benchmarks.md";
const PAGE_OF_SERVER: &str = "docs/benchmarks-postgres.md";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Take two minutes, write nothing, and fail if a ratio is worse than half its goal
    #[arg(long)]
    quick: bool,

    /// Measure stores on a PostgreSQL server of its own, instead of files
    #[arg(long)]
    postgres: bool,

    /// Measure this program, such as that of an archive, instead of one that is built for it, and write nothing
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,

    /// Measure nothing but how it does beside this program, such as that of an older commit, in pairs, and write nothing
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,

    /// Measure only these themes, and write nothing; a wrong name shows all
    #[arg(long, num_args = 1.., value_name = "NAME")]
    only: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    if args.postgres {
        needs::supply_pgbench()?;
    } else {
        needs::supply_for_bench()?;
    }
    let queuectl = match &args.program {
        Some(program) => program::existing(program)?,
        None => build_release("queuectl")?,
    };
    let bench = build_release("queuectl-bench")?;
    let mut command = Command::new(&bench);
    command.current_dir(root());
    command.arg("--queuectl").arg(queuectl);
    if args.quick {
        command.arg("--quick");
    }
    if args.postgres {
        command.arg("--postgres");
    }
    if !args.only.is_empty() {
        command.arg("--only").args(&args.only);
    }
    if let Some(other) = &args.against {
        command.arg("--against").arg(program::existing(other)?);
    }
    let is_whole = args.only.is_empty() && args.program.is_none() && args.against.is_none();
    if !args.quick && is_whole {
        let page = if args.postgres { PAGE_OF_SERVER } else { PAGE };
        command.args(["--write", page]);
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
