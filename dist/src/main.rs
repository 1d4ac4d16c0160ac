//! The archives that users download: for each system the program, its manual, completions for shells, and the licences of
//! all that is in it. The same source makes the same bytes with the same compilers, wherever it lies. `cargo xtask dist` installs what this needs,
//! and starts it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to who runs it"
)]

mod archive;
mod build;
mod contents;
mod licences;
mod pages;
mod source;
mod sums;
mod target;
mod trouble;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::build::Kind;
use crate::source::Source;
use crate::target::{TARGETS, Target};
use crate::trouble::Trouble;

/// What an archive should be at most, in bytes.
const GOAL: u64 = 6 << 20;

/// Makes the archives that users download
#[derive(Debug, Parser)]
struct Args {
    /// Make only those for these targets
    #[arg(long, value_name = "TRIPLE")]
    target: Vec<String>,

    /// Pack the programs that the tests run, which are there sooner
    #[arg(long)]
    quick: bool,

    /// Where the archives go; without it the programs are built and their paths printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Where zig and cargo-zigbuild are; Windows needs neither
    #[arg(long, value_name = "DIR")]
    zig: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Trouble> {
    let targets = chosen(&args.target)?;
    let source = Source::look()?;
    let kind = if args.quick {
        Kind::Tested
    } else {
        Kind::Release
    };
    let build = |target| build::program(&source, target, kind, args.zig.as_deref());
    let Some(out) = &args.out else {
        for target in targets {
            println!("{}", build(target)?.display());
        }
        return Ok(());
    };
    std::fs::create_dir_all(out).map_err(trouble::file(out))?;
    for target in targets {
        let program = build(target)?;
        let name = format!("queuectl-{}-{}", source.version, target.triple);
        let files = contents::files(&source, target, &program)?;
        let path = out.join(target.packed_as(&name));
        archive::write(&path, &name, &files, source.made_at)?;
        let size = tell(&path, &program)?;
        if kind == Kind::Release && size > GOAL {
            return Err(Trouble::TooLarge {
                name,
                goal: GOAL >> 20,
            });
        }
    }
    sums::write(out)
}

fn chosen(triples: &[String]) -> Result<Vec<&'static Target>, Trouble> {
    if triples.is_empty() {
        return Ok(TARGETS.iter().collect());
    }
    let find = |triple: &String| {
        let found = TARGETS.iter().find(|target| target.triple == triple);
        found.ok_or_else(|| Trouble::NoTarget(triple.clone()))
    };
    triples.iter().map(find).collect()
}

/// Says how large the archive is, and returns that.
fn tell(archive: &Path, program: &Path) -> Result<u64, Trouble> {
    let size = |path: &Path| {
        let metadata = path.metadata().map_err(trouble::file(path))?;
        Ok::<_, Trouble>(metadata.len())
    };
    let (archived, bare) = (size(archive)?, size(program)?);
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    println!(
        "{name}: {:.2} MiB, the program alone {:.2} MiB",
        mebibytes(archived),
        mebibytes(bare)
    );
    Ok(archived)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn without_a_choice_all_targets_are_made() {
        assert_eq!(chosen(&[]).unwrap().len(), TARGETS.len());
        let one = chosen(&["aarch64-apple-darwin".into()]).unwrap();
        assert_eq!(one[0].triple, "aarch64-apple-darwin");
        assert!(chosen(&["sparc-sun-solaris".into()]).is_err());
    }
}
