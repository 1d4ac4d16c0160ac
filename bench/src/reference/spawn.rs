//! The least that running commands can cost: start each, capture its pipes, remember nothing.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::trouble::{Trouble, io, succeeded};

/// Runs a command so many times, as many at once as the worker that is measured has slots, and says how long that
/// took.
pub(crate) fn spawn_loop(words: &[&str], slots: usize, count: usize) -> Result<Duration, Trouble> {
    let (program, args) = words.split_first().expect("a command has a program");
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || -> Result<(), Trouble> {
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let mut command = Command::new(program);
                command.args(args).stdin(Stdio::null());
                let output = command.output().map_err(io("start a command"))?;
                succeeded(&command, output.status)?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..slots).map(|_| scope.spawn(work)).collect();
        let ends = threads.into_iter().map(|thread| {
            let end = thread.join();
            end.unwrap_or_else(|_| Err(Trouble::Wrong("the spawn loop panicked".to_owned())))
        });
        ends.collect::<Result<(), _>>()
    })?;
    Ok(begun.elapsed())
}

/// Reads all that a command prints, forgets it, and says how long that took.
pub(crate) fn read_all(command: &mut Command) -> Result<Duration, Trouble> {
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(io("start a command"))?;
    let mut buffer = vec![0; 64 * 1024];
    if let Some(stdout) = &mut child.stdout {
        while stdout.read(&mut buffer).map_err(io("read from a pipe"))? > 0 {}
    }
    succeeded(command, child.wait().map_err(io("wait for a command"))?)?;
    Ok(begun.elapsed())
}
