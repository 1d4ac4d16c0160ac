//! The program under test. It is built once for each target, as the release without link-time
//! optimisation (profile `ci`). Tests, chaos, the demo and archives that are tried use the same file.

use std::path::{Path, PathBuf};

use crate::cargo;
use crate::dist::Packer;
use crate::trouble::Trouble;

/// The variable that names the program's file to the tests; set by the user, to `cargo xtask test`, too.
pub(crate) const VARIABLE: &str = "QUEUECTL_TEST_PROGRAM";

/// The program's package. Only its tests run the program.
const PACKAGE: &str = "queuectl";

/// The program for this machine.
pub(crate) fn for_this_machine() -> Result<PathBuf, Trouble> {
    cargo::build_as(PACKAGE, "ci")
}

/// The program for another target: the one that goes into its archive.
pub(crate) fn for_target(target: &'static str) -> Result<PathBuf, Trouble> {
    Packer::supply(&[target])?.program(target)
}

/// The absolute path of the program that the user has named, if any.
#[expect(
    clippy::disallowed_methods,
    reason = "that is how a program is named to the tests"
)]
pub(crate) fn named() -> Option<Result<PathBuf, Trouble>> {
    let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
    named.map(|named| existing(Path::new(&named)))
}

/// Returns the absolute path of an existing program: what uses it works in other folders.
///
/// # Errors
///
/// Fails if there is no such file.
pub(crate) fn existing(program: &Path) -> Result<PathBuf, Trouble> {
    program.canonicalize().map_err(|source| Trouble::Start {
        program: program.display().to_string(),
        source,
    })
}

/// Returns true if a test runner with these arguments may run tests of the program. Without the name of
/// a package, all are tested.
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
