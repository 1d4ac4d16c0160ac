//! Background workers: processes that outlive the terminal they were started from.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use queuectl_domain::WorkerId;
use queuectl_process::os;
use queuectl_store::Location;

use crate::slot::JOB_VARIABLES;
use crate::{DataFolder, READY, registry};

/// How many lines of its log are shown of a worker that died at its start.
const LOG_LINES: usize = 5;
/// How many logs of workers that have ended are kept.
const LOGS_KEPT: usize = 20;

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
        // A worker that a job starts doesn't belong to that job.
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

/// Why background workers couldn't be started. Those that had been are stopped again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system refused to start one, or a file it needs.
    #[error("can't start a worker: {0}")]
    System(#[from] io::Error),
    /// One ended before it worked.
    #[error("{}", died(.log, .last_lines))]
    Died {
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        last_lines: Vec<String>,
    },
}

fn died(log: &Path, last_lines: &[String]) -> String {
    match last_lines {
        [] => format!(
            "the worker died at its start and left nothing in {}",
            log.display()
        ),
        lines => format!("the worker died at its start: {}", lines.join(" | ")),
    }
}

/// A name for a worker that no other has: `worker-` and six random characters.
pub fn new_worker_id() -> WorkerId {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    // The hasher's keys are random for each process, and differ for each call.
    let random = RandomState::new().hash_one(std::process::id());
    let digit = |place: u32| char::from(DIGITS[(random >> (5 * place)) as usize & 31]);
    let name: String = (0..6).map(digit).collect();
    let id = format!("worker-{name}").parse();
    id.expect("it is made of letters, digits and a dash")
}

/// What a background worker does first: it leaves the terminal of its starter.
pub fn leave_terminal() -> io::Result<()> {
    os::leave_terminal()
}

/// Starts `count` background workers on the store at `location`, and returns once all of them work.
///
/// # Errors
///
/// If one doesn't get that far, all are stopped, and the error says what the one had to say.
pub fn start(
    data: &DataFolder,
    location: &Location,
    launch: &Launch,
    count: usize,
) -> Result<Vec<Started>, StartError> {
    prune_logs(data);
    let mut launched = Vec::with_capacity(count);
    let result = (0..count)
        .try_for_each(|_| {
            launched.push(Launched::new(data, launch)?);
            Ok(())
        })
        .and_then(|()| launched.iter_mut().try_for_each(Launched::await_ready))
        .and_then(|()| {
            let entries: Vec<_> = launched.iter().map(|one| one.entry(location)).collect();
            Ok(registry::add(data, &entries)?)
        });
    if let Err(error) = result {
        launched.iter_mut().for_each(Launched::undo);
        return Err(error);
    }
    Ok(launched.into_iter().map(Launched::started).collect())
}

/// A worker process that was started and may not work yet.
struct Launched {
    id: WorkerId,
    child: Child,
    log: PathBuf,
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
        Ok(Self { id, child, log })
    }

    fn await_ready(&mut self) -> Result<(), StartError> {
        let stdout = self.child.stdout.take().expect("stdout is a pipe");
        let mut line = String::new();
        // What isn't UTF-8 isn't the line that is waited for either.
        let read = BufReader::new(stdout.take(100)).read_line(&mut line);
        if read.is_ok() && line.trim_end() == READY {
            return Ok(());
        }
        // It has closed its stdout: it has ended, or is about to.
        self.child.wait()?;
        Err(StartError::Died {
            log: self.log.clone(),
            last_lines: last_lines(&self.log, LOG_LINES),
        })
    }

    fn entry(&self, location: &Location) -> registry::Entry {
        let pid = self.child.id();
        registry::Entry {
            id: self.id.to_string(),
            pid,
            process_started: os::process_start(pid).unwrap_or_default(),
            store: location.to_string(),
        }
    }

    fn undo(&mut self) {
        // It hasn't been waited for, so the pid is still its own. If it has ended
        // by itself, so much the better.
        if let Ok(None) = self.child.try_wait() {
            if os::ask_to_stop(self.child.id(), true).is_err() {
                // It doesn't listen yet, so it has nothing to put in order.
                let _ = self.child.kill();
            }
            let _ = self.child.wait();
        }
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
