//! `cargo xtask fuzz`: random bytes for everything that reads what others wrote. What has to hold is in the
//! package `queuectl-properties`; the fuzzer is in `fuzz/`, apart from the rest, since it needs a nightly compiler.

use std::process::{Command, ExitCode};

use crate::cargo::root;
use crate::needs;
use crate::system::answers;
use crate::trouble::Trouble;

/// The version of cargo-fuzz that is installed if there is none.
const CARGO_FUZZ: &str = "0.13.2";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each target is fuzzed
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,

    /// Fuzz only these; a wrong name shows all
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Trouble> {
    let all = all_targets()?;
    let wrong = args.targets.iter().find(|name| !all.contains(name));
    if let Some(name) = wrong {
        return Err(Trouble::NoTarget {
            name: name.clone(),
            all: all.join(", "),
        });
    }
    supply()?;
    let chosen = if args.targets.is_empty() {
        &all
    } else {
        &args.targets
    };
    let mut broken = Vec::new();
    for target in chosen {
        if !fuzz(target, args.seconds)? {
            broken.push(target.as_str());
        }
    }
    if broken.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "error: broken: {}; once it is mended, keep the file that showed it in fuzz/seeds/TARGET, and the tests hold it",
        broken.join(", ")
    );
    Ok(ExitCode::FAILURE)
}

/// The names of what can be fuzzed: each has a folder of seeds.
fn all_targets() -> Result<Vec<String>, Trouble> {
    let trouble = |source| Trouble::File {
        what: "read fuzz/seeds",
        source,
    };
    let folders = std::fs::read_dir(root().join("fuzz/seeds")).map_err(trouble)?;
    let mut names = Vec::new();
    for folder in folders {
        let name = folder.map_err(trouble)?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Installs what the fuzzer needs. None of it takes a password, nor touches what builds the rest.
fn supply() -> Result<(), Trouble> {
    needs::supply_for_fuzz()?;
    needs::supply_nightly()?;
    if !answers("cargo", &["fuzz", "--version"]) {
        let install = ["cargo", "install", "--locked", "--debug", "--version"];
        needs::run(&[&install[..], &[CARGO_FUZZ, "cargo-fuzz"]].concat())?;
    }
    Ok(())
}

/// Fuzzes one target from its seeds and from what earlier runs have found interesting; says whether all held.
fn fuzz(target: &str, seconds: u32) -> Result<bool, Trouble> {
    let corpus = root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus).map_err(|source| Trouble::File {
        what: "make fuzz/corpus",
        source,
    })?;
    let mut command = Command::new("rustup");
    command.current_dir(root());
    command.args(["run", "nightly", "cargo", "fuzz", "run", target]);
    command
        .arg(corpus)
        .arg(root().join("fuzz/seeds").join(target));
    command.args(["--", &format!("-max_total_time={seconds}")]);
    let status = command.status().map_err(|source| Trouble::Start {
        program: "rustup".into(),
        source,
    })?;
    Ok(status.success())
}
