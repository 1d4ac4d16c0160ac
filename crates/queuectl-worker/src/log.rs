//! The log of a background worker: what went wrong and what it did about it.
//!
//! One line for each thing that somebody may want to know later. Jobs that
//! went well are not among them: the store remembers these.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use queuectl_domain::Outcome;
use queuectl_process::os;
use queuectl_store::{Clock, SystemClock};

use crate::{Happening, Observer};

/// The size at which the older half of a log is thrown away.
const LIMIT: u64 = 1024 * 1024;

/// The log file of a background worker, never larger than 1 MiB.
pub struct LogFile(Mutex<File>);

impl LogFile {
    /// Opens the log at `path`, to go on with it.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let mut how = OpenOptions::new();
        let file = os::create_private(&path, how.read(true).append(true).create(true))?;
        Ok(Self(Mutex::new(file)))
    }

    /// Writes one line, with the time before it.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.now();
        let now = jiff::Timestamp::from_microsecond(now.0).unwrap_or_default();
        // A job's last words must not look like lines of ours.
        let line: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        file.write_all(format!("{now:.3} {line}\n").as_bytes())?;
        if file.metadata()?.len() > LIMIT {
            shorten(&mut file)?;
        }
        Ok(())
    }
}

/// Keeps the newer half. The file stays the same one, since the process's
/// stderr goes there as well.
fn shorten(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::Start(LIMIT / 2))?;
    let mut newer = Vec::new();
    file.read_to_end(&mut newer)?;
    let line = newer.iter().position(|&byte| byte == b'\n');
    file.set_len(0)?;
    file.write_all(&newer[line.map_or(0, |end| end + 1)..])
}

impl Observer for LogFile {
    fn notice(&self, happening: &Happening<'_>) {
        let Some(line) = describe(happening) else {
            return;
        };
        // A log on a full disk is no reason to stop working.
        let _ = self.write(&line);
    }
}

fn describe(happening: &Happening<'_>) -> Option<String> {
    Some(match happening {
        Happening::JobStarted { .. } | Happening::JobPrinted { .. } => return None,
        Happening::JobEnded { ending, .. } if ending.outcome == Outcome::Completed => return None,
        Happening::WorkerStarted { worker, pid } => format!("{worker} started as process {pid}"),
        Happening::JobEnded { job, ending, .. } => {
            let (attempt, all) = (job.life.attempts, job.spec.rules.max_retries);
            format!("job '{}', attempt {attempt}/{all}: {ending}", job.spec.id)
        }
        Happening::JobHeldUp { job, process } => {
            let why = os::why_it_goes_on(*process);
            format!("job '{}' has to end, but {why}", job.spec.id)
        }
        Happening::JobLost { job } => {
            format!(
                "job '{}' was taken away; its result doesn't count",
                job.spec.id
            )
        }
        Happening::Rescued {
            worker,
            jobs,
            orphans,
        } => format!(
            "{worker} has died: {orphans} processes ended, {} jobs taken care of",
            jobs.len()
        ),
        Happening::RescueFailed { worker, error } => {
            format!("{worker} has died, but what it left running can't be ended: {error}")
        }
        Happening::StoreTrouble { error } => format!("{error}; trying again"),
        Happening::CutOff { running } => format!(
            "the store has been out of reach for too long: {running} jobs are ended before others run them"
        ),
        Happening::StoreRecovered => "the store can be used again".into(),
        Happening::StartTrouble { why } => {
            format!("can't start jobs: {why}; they go back to the queue until there is room")
        }
        Happening::StartRecovered => "jobs can be started again".into(),
        Happening::GaveUp { untold: 0 } => {
            "stops without the store, which may lose its latest changes".into()
        }
        Happening::GaveUp { untold } => format!(
            "stops without the store; results it doesn't know: {untold}; their jobs run again, as after a crash"
        ),
        Happening::Displaced { path } => format!(
            "{} was deleted, moved or replaced; stopping when what runs has finished",
            path.display()
        ),
        Happening::Stopping => "stopping".into(),
        Happening::WorkerStopped { worker, attempts } => {
            format!("{worker} stopped after {attempts} attempts")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_never_grows_over_its_limit_and_keeps_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.log");
        let log = LogFile::open(path.clone()).unwrap();
        let line = "x".repeat(10_000);
        for _ in 0..250 {
            log.write(&line).unwrap();
            assert!(path.metadata().unwrap().len() <= LIMIT + 20_000);
        }
        log.write("the end").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with("the end\n"));
        assert!(
            text.lines()
                .all(|line| line.contains(" x") || line.contains(" the"))
        );
    }
}
