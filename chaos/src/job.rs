//! What this program does when it is itself a job of the queue, or a process that a job has started.
//!
//! A run holds a lock on a file of its job's from its beginning to the end of the
//! last process that it has started, since these inherit it. A run that can't
//! have the lock at once says so in the ledger: something of an earlier run is left.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::io::FdFlags;

use crate::kind::Kind;
use crate::ledger::{self, Line, What};
use crate::process::Process;

/// The ledger and the folder of locks, in the folder where the jobs run.
pub(crate) const LEDGER: &str = "ledger";
pub(crate) const LOCKS: &str = "locks";

/// A job: `job KIND MILLISECONDS`.
pub(crate) const JOB: &str = "job";
/// Does nothing; see [`meter`](crate::meter).
pub(crate) const NOTHING: &str = "nothing";
/// A job's child, which stays.
const CHILD: &str = "child";
/// Starts a process that leaves the job's session, and ends.
const FORK: &str = "fork";
/// That process, which stays.
const STRAY: &str = "stray";

/// Longer than any storm: what isn't ended stays to be found.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Does it, if this is one of these.
pub(crate) fn asked() -> Option<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        [JOB, kind, length] => run(kind.parse().ok()?, length.parse().ok()?),
        [NOTHING] => Ok(0),
        [CHILD] => stay(),
        [FORK] => start(STRAY).map(|_| 0),
        [STRAY] => rustix::process::setsid()
            .map_err(io::Error::from)
            .and_then(|_| stay()),
        _ => return None,
    };
    Some(match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("the job itself went wrong: {error}");
            ExitCode::from(70)
        }
    })
}

fn run(kind: Kind, length: u64) -> io::Result<u8> {
    let _held = begin()?;
    let code = behave(kind, Duration::from_millis(length))?;
    tell(What::Finish(code))?;
    Ok(code)
}

fn behave(kind: Kind, length: Duration) -> io::Result<u8> {
    match kind {
        Kind::Quick => {}
        Kind::Slow => std::thread::sleep(length),
        Kind::Flaky => {
            return Ok(if variable("QUEUECTL_ATTEMPT") == "1" {
                3
            } else {
                0
            });
        }
        Kind::Hopeless => return Ok(7),
        Kind::Endless => std::thread::sleep(FOR_EVER),
        Kind::Stubborn => {
            signal_hook::flag::register(
                signal_hook::consts::SIGTERM,
                Arc::new(AtomicBool::new(false)),
            )?;
            std::thread::sleep(FOR_EVER);
        }
        Kind::Parent => {
            start_and_wait_for_it(CHILD)?;
            start_and_wait_for_it(CHILD)?;
        }
        Kind::Runaway => {
            start_and_wait_for_it(FORK)?;
            // Half of them are ended at their timeout.
            if length.as_millis().is_multiple_of(2) {
                std::thread::sleep(FOR_EVER);
            }
        }
        Kind::Chatty => chatter()?,
    }
    Ok(0)
}

/// Writes down that the run has begun, and holds the job's lock.
fn begin() -> io::Result<File> {
    let path = Path::new(LOCKS).join(variable("QUEUECTL_JOB_ID"));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    // All that it starts holds it too.
    rustix::io::fcntl_setfd(&file, FdFlags::empty())?;
    match file.try_lock() {
        Ok(()) => {
            tell(What::Begin)?;
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(variable("QUEUECTL_FENCE").as_bytes())?;
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            tell(What::Overlap(holder.parse().unwrap_or_default()))?;
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    Ok(file)
}

fn tell(what: What) -> io::Result<()> {
    let process = Process::of(std::process::id());
    let number = |name| variable(name).parse::<i64>().unwrap_or_default();
    let line = Line {
        what,
        at: ledger::now(),
        job: variable("QUEUECTL_JOB_ID"),
        fence: number("QUEUECTL_FENCE"),
        attempt: number("QUEUECTL_ATTEMPT").try_into().unwrap_or_default(),
        worker: variable("QUEUECTL_WORKER_ID"),
        process: process.ok_or_else(|| io::Error::other("this process isn't there"))?,
    };
    line.write(Path::new(LEDGER))
}

/// Says that it is there, and stays.
fn stay() -> io::Result<u8> {
    tell(What::Child)?;
    println!("here");
    std::thread::sleep(FOR_EVER);
    Ok(0)
}

fn start(mode: &str) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(mode).spawn()
}

/// Starts a process, and waits until that, or what it has started in its turn, is there.
fn start_and_wait_for_it(mode: &str) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.arg(mode).stdout(Stdio::piped()).spawn()?;
    let mut said = [0];
    if let Some(stdout) = &mut child.stdout {
        stdout.read_exact(&mut said)?;
    }
    if mode == FORK {
        child.wait()?;
    }
    Ok(())
}

fn chatter() -> io::Result<()> {
    let piece: Vec<u8> = (0..64 * 1024).map(|at| (at * 7 % 256) as u8).collect();
    for _ in 0..6 {
        io::stdout().write_all(&piece)?;
        io::stderr().write_all(&piece)?;
    }
    io::stdout().flush()
}

/// What the queue tells a job.
#[expect(
    clippy::disallowed_methods,
    reason = "a job hears of itself by its environment"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
