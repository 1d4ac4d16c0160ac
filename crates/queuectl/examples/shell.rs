//! A shell for tests: it prints what it is given, each argument in brackets, and fails with code 7.

#![allow(clippy::print_stdout, reason = "a shell prints")]

use std::process::ExitCode;

fn main() -> ExitCode {
    for argument in std::env::args().skip(1) {
        print!("[{argument}]");
    }
    ExitCode::from(7)
}
