//! The project's own chores: `cargo xtask CHORE`. One chore, one file; what a
//! bare machine lacks for them stands in [`needs`]. Nothing here is part of the
//! queue itself.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to who runs it"
)]

mod bench;
mod cargo;
mod chaos;
mod demo;
mod dist;
mod fuzz;
mod memory;
mod needs;
mod program;
mod system;
mod test;
mod trouble;
mod weekly;
mod wine;
mod zig;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Measure the release build beside what it is compared with
    Bench(bench::Args),
    /// Kill workers, jobs and commands at random, and check what the queue promises
    Chaos(chaos::Args),
    /// Show the queue's main job on a throwaway store, and check each step
    Demo,
    /// Make the archives that users download, for all systems
    Dist(dist::Args),
    /// Throw random bytes at everything that reads what others wrote
    Fuzz(fuzz::Args),
    /// Look for mistakes with pointers: Miri and the address sanitizer
    Memory(memory::Args),
    /// Install what the tests need, then run all of them
    Test(test::Args),
    /// Run the checks that take too long for each change, and show the result of each
    Weekly,
}

fn main() -> ExitCode {
    let done = match Args::parse().chore {
        Chore::Bench(args) => bench::run(&args),
        Chore::Chaos(args) => chaos::run(&args),
        Chore::Demo => demo::run(),
        Chore::Dist(args) => dist::run(&args),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::Memory(args) => memory::run(&args),
        Chore::Test(args) => test::run(&args),
        Chore::Weekly => weekly::run(),
    };
    done.unwrap_or_else(|trouble| {
        eprintln!("error: {trouble}");
        ExitCode::FAILURE
    })
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
    fn what_follows_test_is_for_the_test_runner() {
        let passed_on = |line: &[&str]| {
            let words = ["xtask", "test"].iter().chain(line);
            match Args::try_parse_from(words).unwrap().chore {
                Chore::Test(args) => args.runner,
                _ => unreachable!("`test` was asked for"),
            }
        };
        assert_eq!(passed_on(&[]), [""; 0]);
        assert_eq!(passed_on(&["claim"]), ["claim"]);
        assert_eq!(passed_on(&["-p", "xtask"]), ["-p", "xtask"]);
        assert_eq!(passed_on(&["--", "-p", "xtask"]), ["-p", "xtask"]);
        assert_eq!(passed_on(&["--windows", "claim"]), ["claim"]);
        assert_eq!(
            passed_on(&["claim", "--", "--nocapture"]),
            ["claim", "--", "--nocapture"]
        );
    }
}
