//! The program under test: the one that `cargo xtask test` has built as users get it. Cargo builds another one beside
//! these tests, without optimising, which isn't released.

use std::path::PathBuf;

/// The variable that names the program's file.
const VARIABLE: &str = "QUEUECTL_TEST_PROGRAM";

/// Where the program is.
///
/// # Panics
///
/// If no program is named, or there is none of that name.
pub(crate) fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a test is told by a variable")]
    let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
    let Some(named) = named else {
        panic!(
            "no program to test. Run these tests with `cargo xtask test -p queuectl NAME`: it builds the \
             program as users get it and names it in {VARIABLE}"
        );
    };
    // Under wine a path of Unix is one on no drive.
    let path = std::path::absolute(named).expect("it is no empty path");
    assert!(
        path.is_file(),
        "{VARIABLE} names {}, which isn't there",
        path.display()
    );
    path
}
