//! Whether the queue keeps its promises while everything is killed.
//! `cargo xtask chaos` builds this program and runs it.
//!
//! Real workers of the real program run thousands of jobs on a real store, while
//! a storm of signals and commands, drawn from a seed, goes over all of them.
//! The jobs write down in a ledger what they see. In the end all drains, and
//! [`checks`] hold the ledger, the store and the storm's own record against each
//! other. This program is also the jobs; that part is in [`job`].

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program that prints what it found"
)]

#[cfg(unix)]
mod args;
#[cfg(unix)]
mod checks;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod crew;
#[cfg(unix)]
mod enqueuer;
#[cfg(unix)]
mod evidence;
#[cfg(unix)]
mod fault;
#[cfg(unix)]
mod job;
#[cfg(unix)]
mod kind;
#[cfg(unix)]
mod ledger;
#[cfg(unix)]
mod meter;
#[cfg(unix)]
mod plan;
#[cfg(unix)]
mod probe;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod queue;
#[cfg(unix)]
mod record;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod storm;
#[cfg(unix)]
mod strike;
#[cfg(unix)]
mod trouble;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    match job::asked() {
        Some(code) => code,
        None => args::run(),
    }
}

#[cfg(not(unix))]
fn main() -> std::process::ExitCode {
    eprintln!("error: the storm is made of signals, which only Unix has");
    std::process::ExitCode::FAILURE
}
