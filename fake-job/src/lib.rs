//! A command for tests that does the same on every system, where a shell's line would not.
//!
//! Cargo builds the examples of a package together with its tests, but no program of another package. So each
//! package that needs it has an example of a line, `fn main() { fake_job::main() }`, and its tests find that with
//! [`path`]. What it does is said by its arguments, step by step; see [`steps`]:
//!
//! ```text
//! fake-job out hello sleep 0.5 err "that was it" exit 3
//! fake-job child [ pid sleep 600 ] wait
//! ```

#![allow(
    clippy::exit,
    clippy::print_stderr,
    reason = "it is a program, and ends as it is told"
)]

mod steps;
mod system;

use std::ffi::OsString;
use std::path::PathBuf;

/// Does what the arguments say, and ends the process.
pub fn main() -> ! {
    take(&mut std::env::args_os().skip(1))
}

/// Takes these steps, and ends the process.
fn take(steps: &mut dyn Iterator<Item = OsString>) -> ! {
    match steps::run(steps) {
        Ok(()) => std::process::exit(0),
        Err(trouble) => {
            eprintln!("fake-job: {trouble}");
            std::process::exit(64)
        }
    }
}

/// Where the example `name` of the package under test is.
///
/// # Panics
///
/// If it isn't there, since cargo was told to build less than all that belongs to the tests.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its program");
    let deps = test.parent().expect("it is in a folder");
    let built = deps.parent().expect("that is in a folder");
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = built.join("examples").join(file);
    assert!(
        path.exists(),
        "{} isn't there; build it with `cargo build --examples` for the package and target that are tested",
        path.display()
    );
    path
}
