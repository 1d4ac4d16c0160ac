//! The queue that the storm goes over: a folder with a store, and the program's commands on it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use queuectl_process::{Tag, end_tagged};
use queuectl_store::{Location, Options, Store, open};

use crate::job::{LEDGER, LOCKS};
use crate::trouble::{Trouble, io};

/// How long the storm itself waits for the store: rather than wait, it does something else.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long killed processes may take to go, on a machine that is busy with a storm.
const GOING: Duration = Duration::from_secs(10);

/// All processes of this queue have this in their environment, with this queue's own folder.
const HOME: &str = "QUEUECTL_HOME";

/// A queue in a folder of its own.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) folder: PathBuf,
    program: PathBuf,
    /// This program, to be run as a job.
    pub(crate) helper: PathBuf,
}

impl Queue {
    /// A new queue in `folder`.
    pub(crate) fn new(folder: PathBuf, program: PathBuf) -> Result<Self, Trouble> {
        let helper = std::env::current_exe().map_err(io("find this program"))?;
        let queue = Self {
            folder,
            program,
            helper,
        };
        for folder in [queue.work().join(LOCKS), queue.logs()] {
            std::fs::create_dir_all(folder).map_err(io("make a folder"))?;
        }
        // So that jobs which don't hear the polite signal don't take all the time.
        queue.must(&["config", "set", "kill_grace", "0.3"])?;
        Ok(queue)
    }

    /// Where the jobs run.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Where what workers print is kept.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.work().join(LEDGER)
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Where workers keep their files.
    pub(crate) fn workers(&self) -> PathBuf {
        self.home().join("data").join("workers")
    }

    /// The store's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.home().join("data").join("queuectl.db")
    }

    /// The store, as the program itself opens it.
    pub(crate) fn store(&self) -> Result<Box<dyn Store>, Trouble> {
        let options = Options {
            patience: PATIENCE,
            ..Options::default()
        };
        Ok(open(&Location::Sqlite(self.file()), &options)?)
    }

    /// A command of the program on this queue.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args);
        command.env(HOME, self.home());
        command.env_remove("QUEUECTL_DB");
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command that has to succeed, while nothing disturbs it; returns what it printed.
    pub(crate) fn must(&self, args: &[&str]) -> Result<String, Trouble> {
        let output = self.command(args).output().map_err(io("start queuectl"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Trouble::Wrong(format!(
            "`queuectl {}` failed ({}): {}",
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        )))
    }

    /// Ends all processes of this queue, and says how many there were.
    pub(crate) fn end_all(&self) -> Result<usize, Trouble> {
        let tag = Tag {
            name: HOME.to_owned(),
            value: self.home().to_string_lossy().into_owned(),
        };
        self.end_tagged(&tag)
    }

    /// Ends all processes of one worker's jobs.
    pub(crate) fn end_jobs_of(&self, worker: &str) -> Result<usize, Trouble> {
        let tag = Tag {
            name: "QUEUECTL_WORKER_ID".to_owned(),
            value: worker.to_owned(),
        };
        self.end_tagged(&tag)
    }

    fn end_tagged(&self, tag: &Tag) -> Result<usize, Trouble> {
        end_tagged(tag, GOING).map_err(io("end the processes of this run"))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // One that was just starting another may need a second look.
        while let Ok(1..) = self.end_all() {}
    }
}
