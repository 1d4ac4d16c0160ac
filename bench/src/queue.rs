//! A throwaway queue: its store, its commands, its workers.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use queuectl_domain::{Command as JobCommand, NativeString, NewJob, Settings, Timeout, Timestamp};
use queuectl_store::{Clock, Location, Options, StopMode, Store, SystemClock, open};

use serde_json::Value;

use crate::postgres::Schema;
use crate::trouble::{Trouble, io, succeeded};

/// How many jobs one transaction adds.
const AT_ONCE: usize = 10_000;
/// How long something may take at most.
const PATIENCE: Duration = Duration::from_secs(300);

/// No job here takes so long.
const LONG: Duration = Duration::from_secs(3600);

/// A queue in a folder of its own, deleted with it.
pub(crate) struct Queue {
    pub(crate) folder: PathBuf,
    program: PathBuf,
    /// Where its store is, unless that is a file in its folder.
    schema: Option<Rc<Schema>>,
}

impl Queue {
    pub(crate) fn new(folder: PathBuf, program: PathBuf) -> Self {
        Self {
            folder,
            program,
            schema: None,
        }
    }

    /// The same with its store on a server.
    pub(crate) fn on(mut self, schema: Rc<Schema>) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The same of another program.
    pub(crate) fn of(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("q.db")
    }

    /// The name of its schema on the server; of a file that is none.
    pub(crate) fn schema(&self) -> &str {
        self.schema.as_ref().map_or("", |schema| schema.name())
    }

    /// The store, as the program itself opens it.
    pub(crate) fn store(&self) -> Result<Box<dyn Store>, Trouble> {
        self.store_by(Arc::new(SystemClock))
    }

    fn store_by(&self, clock: Arc<dyn Clock>) -> Result<Box<dyn Store>, Trouble> {
        let options = Options {
            clock,
            ..Options::default()
        };
        let location = match &self.schema {
            Some(schema) => schema.location()?,
            None => Location::Sqlite(self.file()),
        };
        Ok(open(&location, &options)?)
    }

    /// Adds the same job so many times.
    pub(crate) fn fill(&self, command: &JobCommand, count: usize) -> Result<(), Trouble> {
        let job = self.job(command);
        let mut store = self.store()?;
        let mut left = count;
        while left > 0 {
            let now = left.min(AT_ONCE);
            store.enqueue(vec![job.clone(); now])?;
            left -= now;
        }
        Ok(())
    }

    /// Adds jobs that come before all that wait.
    pub(crate) fn fill_first(&self, command: &JobCommand, count: usize) -> Result<(), Trouble> {
        let mut store = self.store_by(Arc::new(Yesterday))?;
        store.enqueue(vec![self.job(command); count])?;
        Ok(())
    }

    /// A job that runs this.
    pub(crate) fn job(&self, command: &JobCommand) -> NewJob {
        let mut rules = Settings::default().rules;
        rules.timeout = Timeout::from(LONG);
        NewJob {
            id: None,
            command: command.clone(),
            cwd: NativeString(self.folder.as_os_str().as_encoded_bytes().to_vec()),
            rules,
        }
    }

    /// A command of the program on this queue. What it prints isn't shown.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args);
        command.env("QUEUECTL_HOME", self.folder.join("home"));
        match &self.schema {
            Some(schema) => command.env("QUEUECTL_DB", schema.url()),
            None => command.env("QUEUECTL_DB", self.file()),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// What a command answers in JSON.
    pub(crate) fn answer(&self, args: &[&str]) -> Result<Value, Trouble> {
        let mut command = self.command(args);
        let output = command.stdout(Stdio::piped()).output();
        let output = output.map_err(io("start queuectl"))?;
        succeeded(&command, output.status)?;
        serde_json::from_slice(&output.stdout).map_err(|error| Trouble::Wrong(error.to_string()))
    }

    /// How many of its jobs are completed.
    pub(crate) fn completed(&self) -> Result<usize, Trouble> {
        let status = self.answer(&["status", "--json"])?;
        let completed = status["completed"].as_u64();
        let completed = completed.and_then(|completed| usize::try_from(completed).ok());
        completed.ok_or_else(|| Trouble::Wrong("the status doesn't count them".to_owned()))
    }

    /// Whether a command has an option.
    pub(crate) fn knows(&self, command: &str, option: &str) -> Result<bool, Trouble> {
        let mut help = self.command(&[command, "--help"]);
        let help = help.stdout(Stdio::piped()).output();
        let help = help.map_err(io("start queuectl"))?;
        let help = String::from_utf8_lossy(&help.stdout);
        Ok(help.split_whitespace().any(|word| word == option))
    }

    /// Runs all `jobs` that wait, and says how long that took from the start of
    /// the workers to their end.
    pub(crate) fn drain(
        &self,
        workers: usize,
        slots: usize,
        jobs: usize,
    ) -> Result<Duration, Trouble> {
        let slots = slots.to_string();
        let mut command = self.command(&[
            "worker",
            "start",
            "--foreground",
            "--until-idle",
            "--concurrency",
            &slots,
            "--quiet",
        ]);
        let begun = Instant::now();
        let children = (0..workers).map(|_| command.spawn().map_err(io("start a worker")));
        let children = children.collect::<Result<Vec<_>, _>>()?;
        for mut child in children {
            succeeded(&command, child.wait().map_err(io("wait for a worker"))?)?;
        }
        let length = begun.elapsed();
        let completed = self.completed()?;
        if completed != jobs {
            let wrong = format!("of {jobs} jobs {completed} were completed");
            return Err(Trouble::Wrong(wrong));
        }
        Ok(length)
    }

    /// Starts worker processes and waits until all are at work.
    pub(crate) fn workers(&self, count: usize, slots: usize) -> Result<Workers<'_>, Trouble> {
        let slots = slots.to_string();
        let mut command = self.command(&[
            "worker",
            "start",
            "--foreground",
            "--concurrency",
            &slots,
            "--quiet",
        ]);
        let mut workers = Workers {
            queue: self,
            children: Vec::new(),
        };
        for _ in 0..count {
            let child = command.spawn().map_err(io("start a worker"))?;
            workers.children.push(child);
        }
        let mut store = self.store()?;
        until("the workers are there", || {
            Ok(store.workers()?.len() == count)
        })?;
        Ok(workers)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // What is left goes with the scene's folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Worker processes. They don't outlive this value.
pub(crate) struct Workers<'a> {
    queue: &'a Queue,
    children: Vec<Child>,
}

impl Workers<'_> {
    /// The first one's process.
    pub(crate) fn pid(&self) -> u32 {
        self.children.first().map_or(0, Child::id)
    }

    /// Ends them and what they run.
    pub(crate) fn stop(mut self) -> Result<(), Trouble> {
        let mut store = self.queue.store()?;
        let ids: Vec<_> = store.workers()?;
        let ids: Vec<_> = ids.into_iter().map(|info| info.worker.id).collect();
        store.request_stop(&ids, StopMode::Now)?;
        until("the workers have ended", || {
            let mut ended = true;
            for child in &mut self.children {
                ended &= child.try_wait().map_err(io("wait for a worker"))?.is_some();
            }
            Ok(ended)
        })
    }
}

impl Drop for Workers<'_> {
    fn drop(&mut self) {
        for child in &mut self.children {
            // One that has ended is only reaped.
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

/// Looks now and then until it is so.
pub(crate) fn until(
    what: &str,
    mut is_so: impl FnMut() -> Result<bool, Trouble>,
) -> Result<(), Trouble> {
    let begun = Instant::now();
    while !is_so()? {
        if begun.elapsed() > PATIENCE {
            let wrong = format!("waited {PATIENCE:?} in vain until {what}");
            return Err(Trouble::Wrong(wrong));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// A job that a shell runs.
pub(crate) fn line(line: &str) -> JobCommand {
    JobCommand::line(line.to_owned(), None).expect("the lines here are sound")
}

/// A job without a shell.
pub(crate) fn argv(argv: &[&str]) -> JobCommand {
    let argv = argv.iter().map(|arg| NativeString::from(*arg)).collect();
    JobCommand::argv(argv).expect("the commands here are sound")
}

/// A day ago.
struct Yesterday;

impl Clock for Yesterday {
    fn now(&self) -> Timestamp {
        const DAY: i64 = 24 * 60 * 60 * 1_000_000;
        Timestamp(SystemClock.now().0 - DAY)
    }
}
