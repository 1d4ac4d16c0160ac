//! `cargo xtask bench`: build as users get it, then measure. What is measured
//! is in the package `queuectl-bench`; the figures of a full run become a page.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::cargo::{build_release, build_release_in, root};
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

    /// Measure nothing but how it does beside this program, or beside that of this commit, which is built below `target`, in pairs, and
    /// write nothing
    #[arg(long, value_name = "FILE|COMMIT")]
    against: Option<String>,

    /// Measure only these themes, and write nothing; a wrong name shows all
    #[arg(long, num_args = 1.., value_name = "NAME")]
    only: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    if args.against.is_some() {
        needs::supply_for_comparisons()?;
    } else if args.postgres {
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
        command.arg("--against").arg(program_of(other)?);
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

/// The program in this file; or the one of this commit, as users get it.
fn program_of(file_or_commit: &str) -> Result<PathBuf, Trouble> {
    let file = Path::new(file_or_commit);
    if file.is_file() {
        return program::existing(file);
    }
    let commit = git(&[
        "rev-parse",
        "--verify",
        &format!("{file_or_commit}^{{commit}}"),
    ])?;
    let checkout = root().join("target").join("against").join(&commit);
    if !checkout.join("Cargo.toml").is_file() {
        // What is left of a checkout that was deleted would be in the way.
        git(&["worktree", "prune"])?;
        let place = checkout.to_string_lossy();
        git(&["worktree", "add", "--quiet", "--detach", &place, &commit])?;
    }
    build_release_in(&checkout, "queuectl")
}

/// What git answers, without the end of the line.
fn git(args: &[&str]) -> Result<String, Trouble> {
    let mut command = Command::new("git");
    let command = command.args(args).current_dir(root());
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|source| Trouble::Start {
        program: "git".into(),
        source,
    })?;
    if !output.status.success() {
        return Err(Trouble::Failed {
            command: format!("git {}", args.join(" ")),
            status: output.status,
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}
