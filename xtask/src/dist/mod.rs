//! `cargo xtask dist`: install what links for all systems, make the archives, and try them. How they are made is in the
//! package `queuectl-dist`.

mod again;
mod bare;
mod packer;
mod session;
mod smoke;

use std::path::Path;
use std::process::ExitCode;

use crate::cargo::root;
use crate::needs;
use crate::trouble::Trouble;

pub(crate) use packer::Packer;

/// All that there are archives for.
pub(crate) const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Make only the archive for this target; may be given several times
    #[arg(long, value_name = "TRIPLE", value_parser = TARGETS)]
    target: Vec<String>,

    /// Pack the programs that the tests run, which are there sooner: to see whether all of it works
    #[arg(long)]
    quick: bool,

    /// Try each archive where nothing is installed: a bare Debian, an emulated ARM, a fresh Windows under wine
    #[arg(long)]
    smoke: bool,

    /// Make each archive once more, of a copy of the source in another folder, and see whether it is the same
    #[arg(long)]
    twice: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    let all: Vec<&str> = if args.target.is_empty() {
        TARGETS.into()
    } else {
        args.target.iter().map(String::as_str).collect()
    };
    needs::supply()?;
    let packer = Packer::supply(&all)?;
    let folder = if args.quick {
        "target/dist-quick"
    } else {
        "target/dist"
    };
    let out = root().join(folder);
    let command = |out: &Path| packer.command(&all, args.quick, out);
    let status = command(&out).status();
    let status = status.map_err(|source| packer.cannot_start(source))?;
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    if args.smoke {
        smoke::run(&out, &all)?;
    }
    if args.twice {
        again::compare(&out, &all, command)?;
    }
    Ok(ExitCode::SUCCESS)
}
