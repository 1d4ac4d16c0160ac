//! How fast the queue is, beside what else there is on the same machine in the
//! same minutes. `cargo xtask bench` builds this program and runs it.
//!
//! One theme, one file in [`measure`], or in [`postgres`] for stores on a server;
//! what it is compared with is in [`reference`]. It measures the release build of the program from outside, as
//! users run it, and fills stores through the store crate.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program that prints figures"
)]

#[cfg(unix)]
mod against;
#[cfg(unix)]
mod args;
#[cfg(unix)]
mod hand;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod measure;
#[cfg(unix)]
mod modes;
#[cfg(unix)]
mod page;
#[cfg(unix)]
mod postgres;
#[cfg(unix)]
mod procfs;
#[cfg(unix)]
mod queue;
#[cfg(unix)]
mod reference;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod row;
#[cfg(unix)]
mod sample;
#[cfg(unix)]
mod scene;
#[cfg(unix)]
mod trouble;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    // As a job it must start as fast as a program can.
    match modes::asked() {
        Some(code) => code,
        None => args::run(),
    }
}

#[cfg(not(unix))]
fn main() -> std::process::ExitCode {
    eprintln!("error: the benchmarks compare with programs that only Unix has");
    std::process::ExitCode::FAILURE
}
