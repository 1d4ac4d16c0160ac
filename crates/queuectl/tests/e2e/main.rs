//! The built binary as a user has it: driven from outside, in a home of its own, against the contract of the command line.
//!
//! One program, so that it is linked once. Each test has its own `QUEUECTL_HOME` and leaves no process behind; `support` sees to
//! both. What the jobs run is in `jobs`, what only this operating system knows in `support::system`.

mod attempts;
mod backup;
mod bad_input;
mod bad_store;
mod bulk;
mod bulk_midway;
mod capture;
#[cfg(target_os = "linux")]
mod clocks;
mod config;
mod crash;
mod dlq;
mod doctor;
mod enqueue;
mod foreground;
mod full_disk;
#[cfg(target_os = "linux")]
mod hostile;
mod jobs;
#[cfg(target_os = "linux")]
mod leaks;
mod list;
mod real_input;
mod removal;
mod seed;
mod show;
mod status;
mod stopping;
mod support;
mod terminals;
mod trees;
mod workers;
