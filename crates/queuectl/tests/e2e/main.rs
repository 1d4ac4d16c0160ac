//! The program as a user has it: driven from outside, in a home of its own, against the contract of the command line.
//!
//! One program, so that it is linked once. Each test has its own `QUEUECTL_HOME` and leaves no process behind; `support` sees to
//! both. What the jobs run is in `jobs`, what only one operating system knows in `support::system`. Tests are for all systems; those
//! that can't be are in files of their own, and below it is said why.

mod attempts;
mod backup;
mod backup_file;
mod bad_input;
mod bad_store;
mod bulk;
mod capture;
mod config;
mod crash;
mod dlq;
mod doctor;
mod doctor_workers;
mod enqueue;
mod foreground;
mod import_legacy;
mod jobs;
mod list;
mod missing;
mod options;
#[path = "../program/mod.rs"]
mod program;
mod removal;
mod same_store;
mod scripts;
mod seed;
mod show;
mod status;
mod stop_job;
mod stopping;
mod support;
mod trees;
mod workers;

// A terminal has another end that a test can hold: on Windows there is none without a console.
#[cfg(unix)]
mod at_terminals;
#[cfg(unix)]
mod terminals;
// Windows has other rights, which are the folder's.
#[cfg(unix)]
mod copy;
#[cfg(unix)]
mod copy_midway;
#[cfg(unix)]
mod doctor_on_server;
#[cfg(unix)]
mod elsewhere;
// On Windows a file that a process has open can't be deleted or moved.
#[cfg(unix)]
mod displaced;
#[cfg(unix)]
mod modes;
// Signals, limits and the umask are inherited on Unix only.
#[cfg(unix)]
mod inherited;
#[cfg(unix)]
mod on_server;
#[cfg(unix)]
mod pooler;
#[cfg(unix)]
mod postgres_frozen;
#[cfg(unix)]
mod postgres_outage;
#[cfg(unix)]
mod postgres_refused;
#[cfg(unix)]
mod postgres_secrets;
// The work is done by `gzip` and `cksum`.
#[cfg(unix)]
mod real_input;
// It runs thousands of jobs, and wine takes tens of milliseconds to start one.
#[cfg(unix)]
mod keep;
// Windows has neither that shell nor what its lines here rest on.
#[cfg(unix)]
mod examples;
#[cfg(unix)]
mod shells;
// What they say is in the shell's words.
#[cfg(unix)]
mod stop_from_a_job;
// On Windows nobody can send Ctrl+C to somebody else, and no signal is polite.
#[cfg(unix)]
mod backup_midway;
#[cfg(unix)]
mod signals;

// A container is a pid namespace.
#[cfg(target_os = "linux")]
mod containers;
// They use `cp -a`, `tar` and `env`.
#[cfg(target_os = "linux")]
mod copied_home;
// The jobs mean ill in the ways of Linux.
#[cfg(target_os = "linux")]
mod hostile;
// It is seen in `/proc` that a call waits, and how much memory it takes.
#[cfg(target_os = "linux")]
mod bulk_midway;
#[cfg(target_os = "linux")]
mod leaks;
// A limit of a process that runs is set from outside, by `prlimit`.
#[cfg(target_os = "linux")]
mod locked_at_the_end;
#[cfg(target_os = "linux")]
mod start_midway;
#[cfg(target_os = "linux")]
mod unable;
// What becomes another user is a setuid program, which root makes.
#[cfg(target_os = "linux")]
mod another_user;
// A test's own clock needs libfaketime.
#[cfg(target_os = "linux")]
mod clocks;
#[cfg(target_os = "linux")]
mod clocks_of_file;
// A test's own disks need mounts that others don't see.
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(target_os = "linux")]
mod full_disk_at_the_end;
#[cfg(target_os = "linux")]
mod read_only;
#[cfg(target_os = "linux")]
mod second_path;
// A disk that doesn't answer is a file system whose other end is a test.
#[cfg(target_os = "linux")]
mod stuck_orphans;
// A file that is always full is a device of Linux.
#[cfg(target_os = "linux")]
mod unread;

// How `cmd` reads a line, what a console prints, exit codes of 32 bits, Job Objects.
#[cfg(windows)]
mod quick_start;
#[cfg(windows)]
mod windows;
