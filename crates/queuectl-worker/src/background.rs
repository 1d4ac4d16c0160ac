//! Background workers: processes that outlive the terminal they were started from.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::{WorkerId, seconds_text};
use queuectl_process::os;

use crate::slot::JOB_VARIABLES;
use crate::{DataFolder, READY};

/// How many lines of its log are shown of a worker that died at its start.
const LOG_LINES: usize = 5;
/// How many logs of workers that have ended are kept.
const LOGS_KEPT: usize = 20;
/// How often to look whether the start was called off, or whether a worker has ended.
const LOOK: Duration = Duration::from_millis(10);
/// How long a worker that doesn't work yet may take to end after it was asked to stop, or after it has closed its stdout.
const FAREWELL: Duration = Duration::from_secs(10);

/// A command that becomes a background worker, or the guard of one. It is run with `--id ID` after its own arguments.
///
/// A worker prints [`READY`] as a line on stdout as soon as it works, and nothing else. Its stderr is its log file. A guard
/// calls [`guard`](crate::guard) with its stdin.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables added to its environment.
    pub env: Vec<(OsString, OsString)>,
}

impl Launch {
    /// The command for the worker of this name.
    pub(crate) fn command(&self, id: &WorkerId) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .arg("--id")
            .arg(id.as_str())
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        // A worker that a job starts doesn't belong to that job, and outlives the job.
        os::set_apart(&mut command);
        for name in JOB_VARIABLES {
            command.env_remove(name);
        }
        command
    }
}

/// A background worker that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its name.
    pub id: WorkerId,
    /// Its process.
    pub pid: u32,
}

/// How long to wait for background workers that are started.
pub struct Patience<'a> {
    /// How long it may take until the next of them works.
    pub each: Duration,
    /// Returns true once the user has called the start off; called again and again.
    pub interrupted: &'a dyn Fn() -> bool,
}

/// Why background workers couldn't be started. Those that had been are stopped again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system refused to start one, or a file it needs.
    #[error("can't start a worker: {0}")]
    System(#[from] io::Error),
    /// One ended before it worked.
    #[error("{}", said("the worker died at its start", .log, .last_lines))]
    Died {
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        last_lines: Vec<String>,
        /// Its exit code, if it had one.
        code: Option<i32>,
    },
    /// One didn't work in time.
    #[error("{}", said(&late(*.waited), .log, .last_lines))]
    Late {
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        last_lines: Vec<String>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The user has called the start off.
    #[error("interrupted")]
    Interrupted {
        /// How many processes had been started by then.
        started: usize,
    },
}

fn late(waited: Duration) -> String {
    let waited = seconds_text(waited);
    format!("the worker didn't begin to work within {waited}s")
}

fn said(what: &str, log: &Path, last_lines: &[String]) -> String {
    match last_lines {
        [] => format!("{what} and left nothing in {}", log.display()),
        lines => format!("{what}: {}", lines.join(" | ")),
    }
}

/// A unique name for a worker: `worker-` and twelve random characters of five bits each.
pub fn new_worker_id() -> WorkerId {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    // The hasher's keys are random for each process, and differ for each call.
    let random = RandomState::new().hash_one(std::process::id());
    let digit = |place: u32| char::from(DIGITS[(random >> (5 * place)) as usize & 31]);
    let name: String = (0..12).map(digit).collect();
    let id = format!("worker-{name}").parse();
    id.expect("it is made of letters, digits and a dash")
}

/// What a background worker does first: it leaves the terminal of its starter.
pub fn leave_terminal() -> io::Result<()> {
    os::leave_terminal()
}

/// Changes from the starter's folder to the data folder, before a background worker begins to work. Otherwise the file system of
/// the starter's folder couldn't be unmounted, and on Windows the folder couldn't be deleted. All paths in use have to be
/// absolute before.
///
/// # Errors
///
/// Fails if the data folder can't be entered.
pub fn leave_folder(data: &DataFolder) -> io::Result<()> {
    std::env::set_current_dir(data.path())
}

/// Starts `count` background workers, and returns once all of them work.
///
/// # Errors
///
/// If one fails, or if the start is called off, all are stopped. The error has the last lines of the failed worker's log.
pub fn start(
    data: &DataFolder,
    command: &Launch,
    count: usize,
    patience: &Patience<'_>,
) -> Result<Vec<Started>, StartError> {
    prune_logs(data);
    let mut launched = Vec::with_capacity(count);
    let begun = launch(data, command, count, patience, &mut launched);
    let (tell, ready) = channel();
    let result = begun
        .and_then(|()| Ok(listen(&mut launched, tell)?))
        .and_then(|()| await_ready(&mut launched, &ready, patience));
    if result.is_ok() && !(patience.interrupted)() {
        return Ok(launched.into_iter().map(Launched::started).collect());
    }
    undo(&mut launched, &ready);
    Err(match result {
        Err(error) if !(patience.interrupted)() => error,
        // A worker that hasn't left our terminal yet is ended by the same Ctrl+C.
        _ => StartError::Interrupted {
            started: launched.len(),
        },
    })
}

/// Starts the processes, unless the start is called off.
fn launch(
    data: &DataFolder,
    command: &Launch,
    count: usize,
    patience: &Patience<'_>,
    launched: &mut Vec<Launched>,
) -> Result<(), StartError> {
    for started in 0..count {
        if (patience.interrupted)() {
            return Err(StartError::Interrupted { started });
        }
        launched.push(Launched::new(data, command)?);
    }
    Ok(())
}

/// The number of a worker, and whether it works; if not, it has closed its stdout before.
type Told = (usize, bool);

/// Reads from one worker after the other whether it works, on a thread that ends with the workers.
fn listen(launched: &mut [Launched], tell: Sender<Told>) -> io::Result<()> {
    let stdouts: Vec<_> = launched
        .iter_mut()
        .filter_map(|worker| worker.child.stdout.take())
        .collect();
    let tell_all = move || {
        for (which, stdout) in stdouts.into_iter().enumerate() {
            let mut line = String::new();
            // What isn't UTF-8 isn't the line that is waited for either.
            let read = BufReader::new(stdout.take(100)).read_line(&mut line);
            let works = read.is_ok() && line.trim_end() == READY;
            if tell.send((which, works)).is_err() {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("workers at start".into());
    thread.spawn(tell_all)?;
    Ok(())
}

/// Waits until all work.
fn await_ready(
    launched: &mut [Launched],
    ready: &Receiver<Told>,
    patience: &Patience<'_>,
) -> Result<(), StartError> {
    for worker in launched {
        let deadline = Instant::now() + patience.each;
        // The thread reports them in the same order.
        let works = loop {
            match ready.recv_timeout(LOOK) {
                Ok((_, works)) => break works,
                Err(_) if (patience.interrupted)() => {
                    return Err(StartError::Interrupted { started: 0 });
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(_) => return Err(worker.is_late(patience.each)),
            }
        };
        if !works {
            return Err(worker.has_died());
        }
        worker.works = true;
    }
    Ok(())
}

/// Ends the workers after a failed start. One that works already gets as long as it needs to end its jobs.
fn undo(launched: &mut [Launched], ready: &Receiver<Told>) {
    for worker in &mut *launched {
        worker.ask_to_stop();
    }
    let deadline = Instant::now() + FAREWELL;
    for which in 0..launched.len() {
        while !launched[which].has_ended() {
            for (which, works) in ready.try_iter() {
                let worker = &mut launched[which];
                if works && !worker.works {
                    worker.works = true;
                    // It may have missed the first request: until it listens, a signal that its starter ignores is lost.
                    worker.ask_to_stop();
                }
            }
            let worker = &mut launched[which];
            if !worker.works && Instant::now() >= deadline {
                let _ = worker.child.kill();
            }
            thread::sleep(LOOK);
        }
    }
}

/// A worker process that was started and may not work yet.
struct Launched {
    id: WorkerId,
    child: Child,
    log: PathBuf,
    works: bool,
}

impl Launched {
    fn new(data: &DataFolder, launch: &Launch) -> io::Result<Self> {
        let id = new_worker_id();
        let log = data.log(&id);
        let mut how = OpenOptions::new();
        let stderr = os::create_private(&log, how.append(true).create(true))?;
        let mut command = launch.command(&id);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
        let child = os::start_detached(&mut command)?;
        let works = false;
        Ok(Self {
            id,
            child,
            log,
            works,
        })
    }

    /// Waits for the end of a worker that has closed its stdout, and returns the error.
    fn has_died(&mut self) -> StartError {
        let deadline = Instant::now() + FAREWELL;
        while !self.has_ended() && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
        let status = self.child.try_wait().ok().flatten();
        StartError::Died {
            log: self.log.clone(),
            last_lines: last_lines(&self.log, LOG_LINES),
            code: status.and_then(|status| status.code()),
        }
    }

    fn is_late(&self, waited: Duration) -> StartError {
        StartError::Late {
            log: self.log.clone(),
            last_lines: last_lines(&self.log, LOG_LINES),
            waited,
        }
    }

    fn ask_to_stop(&mut self) {
        // It hasn't been waited for, so the pid is still its own. If it has ended by itself, so much the better.
        if !self.has_ended() && os::ask_to_stop(self.child.id(), true).is_err() {
            // It doesn't listen yet, so it has nothing to put in order.
            let _ = self.child.kill();
        }
    }

    /// Returns true if it has ended, or if the system can't tell: then nothing can be done about it either.
    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn started(self) -> Started {
        Started {
            id: self.id,
            pid: self.child.id(),
        }
    }
}

fn last_lines(log: &Path, count: usize) -> Vec<String> {
    const ENOUGH: u64 = 4096;
    let tail = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = tail().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let first = lines.len().saturating_sub(count);
    lines[first..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// Removes the oldest logs of workers that have ended, beyond those that are kept.
fn prune_logs(data: &DataFolder) {
    let Ok(folder) = std::fs::read_dir(data.workers()) else {
        return;
    };
    let mut logs: Vec<_> = folder
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "log"))
        .filter(|path| !path.with_extension("lock").exists())
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    logs.sort();
    for (_, log) in logs.iter().rev().skip(LOGS_KEPT) {
        // A log that can't be removed now may be the next time.
        let _ = std::fs::remove_file(log);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_has_twelve_characters_that_no_other_name_has() {
        let names: HashSet<_> = (0..10_000).map(|_| new_worker_id()).collect();
        assert_eq!(names.len(), 10_000);
        let is_long = |id: &WorkerId| id.as_str().len() == "worker-".len() + 12;
        assert!(names.iter().all(is_long), "{names:?}");
    }
}
