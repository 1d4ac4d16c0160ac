//! The ledger: what the jobs saw of themselves, one line for each thing, each
//! written with one call at the end of the file. So the order of its lines is
//! the order in which things happened.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

use rustix::time::{ClockId, clock_gettime};

use crate::process::Process;
use crate::trouble::{Trouble, io};

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A run has begun, and nothing of an earlier run of its job was left.
    Begin,
    /// A run has begun while something of the run with this fence was left.
    Overlap(i64),
    /// A run has started another process, which tells this itself.
    Child,
    /// A run is about to end with this exit code.
    Finish(u8),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) what: What,
    /// In nanoseconds of the clock that all processes share.
    pub(crate) at: u64,
    pub(crate) job: String,
    pub(crate) fence: i64,
    pub(crate) attempt: u32,
    pub(crate) worker: String,
    /// Who wrote it.
    pub(crate) process: Process,
}

impl Line {
    /// Whether it tells that a run has begun.
    pub(crate) fn begins(&self) -> bool {
        matches!(self.what, What::Begin | What::Overlap(_))
    }

    /// Adds it to the ledger at `path`.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = File::options().append(true).create(true).open(path)?;
        file.write_all(format!("{self}\n").as_bytes())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, number) = match self.what {
            What::Begin => ("begin", 0),
            What::Overlap(fence) => ("overlap", fence),
            What::Child => ("child", 0),
            What::Finish(code) => ("finish", code.into()),
        };
        let Process { pid, start } = self.process;
        let Self {
            at,
            job,
            fence,
            attempt,
            worker,
            ..
        } = self;
        write!(
            f,
            "{what} {number} {at} {job} {fence} {attempt} {worker} {pid} {start}"
        )
    }
}

impl FromStr for Line {
    type Err = Trouble;

    fn from_str(text: &str) -> Result<Self, Trouble> {
        parse(text).ok_or_else(|| Trouble::Wrong(format!("not a line of a ledger: `{text}`")))
    }
}

fn parse(text: &str) -> Option<Line> {
    let mut words = text.split(' ');
    let what = words.next()?;
    let number: i64 = words.next()?.parse().ok()?;
    let what = match what {
        "begin" => What::Begin,
        "overlap" => What::Overlap(number),
        "child" => What::Child,
        "finish" => What::Finish(number.try_into().ok()?),
        _ => return None,
    };
    Some(Line {
        what,
        at: words.next()?.parse().ok()?,
        job: words.next()?.to_owned(),
        fence: words.next()?.parse().ok()?,
        attempt: words.next()?.parse().ok()?,
        worker: words.next()?.to_owned(),
        process: Process {
            pid: words.next()?.parse().ok()?,
            start: words.next()?.parse().ok()?,
        },
    })
}

/// Nanoseconds of the clock that all processes share and nobody sets.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// The ledger, read as it grows.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    file: Option<File>,
    rest: Vec<u8>,
    pub(crate) lines: Vec<Line>,
    begun: HashSet<(String, i64)>,
    finished: HashMap<(String, i64), u64>,
}

impl Ledger {
    /// Reads what was added at `path` since the last time.
    pub(crate) fn catch_up(&mut self, path: &Path) -> Result<(), Trouble> {
        if self.file.is_none() {
            self.file = match File::open(path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(io("read the ledger")(error)),
            };
        }
        if let Some(file) = &mut self.file {
            let read = file.read_to_end(&mut self.rest);
            read.map_err(io("read the ledger"))?;
        }
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n');
        let Some(end) = whole else { return Ok(()) };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        for text in String::from_utf8_lossy(&whole).lines() {
            self.add(text.parse()?);
        }
        Ok(())
    }

    fn add(&mut self, line: Line) {
        let run = (line.job.clone(), line.fence);
        match line.what {
            What::Begin | What::Overlap(_) => {
                self.begun.insert(run);
            }
            What::Finish(_) => {
                self.finished.insert(run, line.at);
            }
            What::Child => {}
        }
        self.lines.push(line);
    }

    /// Whether the run of this job with this fence has begun.
    pub(crate) fn has_begun(&self, job: &str, fence: i64) -> bool {
        self.begun.contains(&(job.to_owned(), fence))
    }

    /// When the run of this job with this fence came to its end, if it has.
    pub(crate) fn finished_at(&self, job: &str, fence: i64) -> Option<u64> {
        self.finished.get(&(job.to_owned(), fence)).copied()
    }

    /// The last line by which a run of this job began, if its fence is a later one.
    pub(crate) fn begun_after(&self, job: &str, fence: i64) -> Option<&Line> {
        let mut lines = self.lines.iter().rev();
        lines.find(|line| line.fence > fence && line.begins() && line.job == job)
    }

    /// The lines by which runs began whose processes are still there.
    pub(crate) fn running(&self) -> Vec<&Line> {
        const RECENT: usize = 2000;
        let recent = self.lines.len().saturating_sub(RECENT);
        let running = self.lines[recent..].iter().filter(|line| {
            let has_finished = self.finished_at(&line.job, line.fence).is_some();
            line.begins() && !has_finished && line.process.is_alive()
        });
        running.collect()
    }

    /// All processes of jobs that are still there.
    pub(crate) fn left(&self) -> Vec<&Line> {
        let lines = self.lines.iter();
        lines.filter(|line| line.process.is_alive()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for what in [What::Begin, What::Overlap(7), What::Child, What::Finish(3)] {
            let line = Line {
                what,
                at: 12,
                job: "e1-2".to_owned(),
                fence: 9,
                attempt: 2,
                worker: "worker-abc".to_owned(),
                process: Process { pid: 5, start: 6 },
            };
            assert_eq!(line.to_string().parse::<Line>().unwrap(), line);
        }
        assert!("begin 0 nonsense".parse::<Line>().is_err());
    }

    #[test]
    fn a_line_that_is_just_being_written_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::default();
        ledger.catch_up(&path).unwrap();
        std::fs::write(&path, "begin 0 1 a 2 1 w 3 4\nfinish 0").unwrap();
        ledger.catch_up(&path).unwrap();
        assert_eq!(ledger.lines.len(), 1);
        assert!(ledger.has_begun("a", 2));
        std::fs::write(&path, "begin 0 1 a 2 1 w 3 4\nfinish 0 5 a 2 1 w 3 4\n").unwrap();
        ledger.catch_up(&path).unwrap();
        assert_eq!(ledger.lines.len(), 2);
    }
}
