//! What this program does when it is itself a job.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use rustix::time::{ClockId, clock_gettime};

use crate::reference::spawn::spawn_loop;

/// Tells when it was started: `stamp PIPE`.
pub(crate) const STAMP: &str = "stamp";
/// Runs a command so often, so many at once, as `spawn_loop` does: `spawn COUNT SLOTS WORDS…`.
pub(crate) const SPAWN: &str = "spawn";
/// Prints so many bytes as fast as it can: `print BYTES`.
pub(crate) const PRINT: &str = "print";

/// Does it, if this is one of the modes.
pub(crate) fn asked() -> Option<ExitCode> {
    let now = monotonic();
    let mut args = std::env::args_os().skip(1);
    let (mode, argument) = (args.next()?, args.next()?);
    let done = match mode.to_str()? {
        STAMP => std::fs::File::options()
            .write(true)
            .open(argument)
            .and_then(|mut pipe| pipe.write_all(&now.to_ne_bytes())),
        PRINT => print(argument.to_str()?.parse().ok()?),
        SPAWN => spawn(argument.to_str()?.parse().ok()?, args),
        _ => return None,
    };
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn spawn(count: usize, args: impl Iterator<Item = OsString>) -> std::io::Result<()> {
    let words: Vec<_> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let wrong = || std::io::Error::from(std::io::ErrorKind::InvalidInput);
    let (slots, words) = words.split_first().ok_or_else(wrong)?;
    let slots = slots.parse().map_err(|_| wrong())?;
    spawn_loop(words, slots, count).map_err(std::io::Error::other)?;
    Ok(())
}

fn print(bytes: u64) -> std::io::Result<()> {
    // Past std's own buffer, which would copy each piece once more.
    let mut stdout = std::fs::File::from(rustix::io::dup(std::io::stdout())?);
    let piece = [b'x'; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        stdout.write_all(&piece[..now as usize])?;
        left -= now;
    }
    Ok(())
}

/// Nanoseconds of the clock that all processes share and nobody sets.
pub(crate) fn monotonic() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}
