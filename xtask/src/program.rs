//! The program under test. Each target's is built once, as users get it but for the optimising of all
//! crates together (profile `ci`): tests, chaos, the demo and archives that are tried use the same
//! file.

use std::path::{Path, PathBuf};

use crate::cargo;
use crate::dist::Packer;
use crate::trouble::Trouble;

/// Names the program's file to the tests, and to `cargo xtask test` if another is to be tested.
pub(crate) const VARIABLE: &str = "QUEUECTL_TEST_PROGRAM";

/// The package that the program is of, whose tests alone run it.
const PACKAGE: &str = "queuectl";

/// The program for this machine.
pub(crate) fn for_this_machine() -> Result<PathBuf, Trouble> {
    cargo::build_as(PACKAGE, "ci")
}

/// The program for another target: the one that goes into its archive.
pub(crate) fn for_target(target: &'static str) -> Result<PathBuf, Trouble> {
    Packer::supply(&[target])?.program(target)
}

/// The program that the user has named, by an absolute path.
#[expect(
    clippy::disallowed_methods,
    reason = "that is how a program is named to the tests"
)]
pub(crate) fn named() -> Option<Result<PathBuf, Trouble>> {
    let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
    named.map(|named| existing(Path::new(&named)))
}

/// An absolute path of a program that is there: what uses it works in folders of its own.
pub(crate) fn existing(program: &Path) -> Result<PathBuf, Trouble> {
    program.canonicalize().map_err(|source| Trouble::Start {
        program: program.display().to_string(),
        source,
    })
}

/// Whether a test runner with these arguments may run tests of the program. All packages are tested
/// unless some are named.
pub(crate) fn is_tested_by(runner: &[String]) -> bool {
    let mut words = runner.iter().take_while(|word| *word != "--");
    let mut some = false;
    while let Some(word) = words.next() {
        let named = match word.strip_prefix("--package").or(word.strip_prefix("-p")) {
            Some("") => words.next().map_or("", String::as_str),
            Some(attached) => attached.trim_start_matches('='),
            None => continue,
        };
        // A pattern may mean any package.
        if named == PACKAGE || named.contains(['*', '?', '[']) {
            return true;
        }
        some = true;
    }
    !some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_built_for_tests_that_run_it() {
        let tested = |line: &str| {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            is_tested_by(&words)
        };
        for line in [
            "",
            "retry",
            "-p queuectl --test e2e",
            "-p queuectl-worker -p queuectl",
            "--package=queuectl",
            "-pqueuectl",
            "-p queuectl*",
            "--test e2e -- -p",
        ] {
            assert!(tested(line), "{line}");
        }
        for line in [
            "-p queuectl-worker",
            "--package queuectl-store retry",
            "-p=xtask -- -p queuectl",
        ] {
            assert!(!tested(line), "{line}");
        }
    }
}
