//! What a foreground worker shows while it works: banners for people, JSON lines for programs.

mod banner;
mod decoders;
mod lines;
mod record;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use queuectl_domain::{
    Ending, Job, JobId, Outcome, State, Stream, Timestamp, WorkerId, exit_code_text,
};
use queuectl_store::{Clock, StopMode, SystemClock};
use queuectl_worker::{Control, Happening, Observer, Options};
use serde_json::Value;

use self::banner::Banner;
use self::decoders::Decoders;
use self::lines::Lines;
use crate::console::Console;
use crate::environment;
use crate::interrupted::ANEW;
use crate::views::{exact, harmless_json, local, style, visible};

/// Shows what happens in a worker, as it happens.
pub(crate) struct Live<'a> {
    console: &'a Console,
    control: &'a Control,
    worker: WorkerId,
    decoders: Mutex<Decoders>,
    lines: Mutex<Lines>,
    is_stopping: AtomicBool,
}

impl<'a> Live<'a> {
    /// For the worker that is run with `options`, under `control`. Stops it when nobody looks any more.
    pub(crate) fn new(console: &'a Console, options: &Options, control: &'a Control) -> Self {
        Self {
            console,
            control,
            worker: options.id.clone(),
            decoders: Mutex::default(),
            lines: Mutex::new(Lines::new(options.slots > 1)),
            is_stopping: AtomicBool::new(false),
        }
    }

    fn print(&self, text: &str) {
        // Whoever has pressed Ctrl+C sees `^C` where the next line is to begin.
        let anew = self.is_stopping.load(Ordering::Relaxed) && environment::stdout_is_terminal();
        let text = &format!("{}{text}", if anew { ANEW } else { "" });
        if self.console.try_print(text).is_err() {
            self.control.stop(StopMode::Drain);
        }
    }

    fn text(&self, happening: &Happening<'_>, now: Timestamp) -> String {
        match happening {
            Happening::WorkerStarted { pid, .. } => self
                .banner("WORKER STARTED")
                .field("PID", &pid.to_string())
                .field("Timestamp", &local(now))
                .to_text(),
            Happening::JobStarted { job } => self.job_started(job),
            Happening::JobPrinted { job, stream, bytes } => {
                let text = self.decoders().push(&job.id, *stream, bytes);
                self.lines().push(&job.id, *stream, &text)
            }
            Happening::JobEnded { job, ending, after } => {
                self.rest_of(&job.id) + &self.job_ended(ending, after)
            }
            Happening::JobLost { job } => {
                let rest = self.rest_of(&job.id);
                let id = visible(job.id.as_str());
                rest + &self.remark(&format!(
                    "job '{id}' was taken away; its result doesn't count"
                ))
            }
            Happening::WorkerStopped { attempts, .. } => self
                .banner("WORKER STOPPED")
                .field("Jobs Run", &attempts.to_string())
                .field("Timestamp", &local(now))
                .to_text(),
            other => self.remark(&record::sentence(other)),
        }
    }

    /// What a job that prints no more has printed, and hasn't been shown.
    fn rest_of(&self, job: &JobId) -> String {
        let kept = self.decoders().end(job);
        let mut lines = self.lines();
        let mut text: String = kept
            .iter()
            .map(|(stream, text)| lines.push(job, *stream, text))
            .collect();
        text += &lines.end(job);
        text
    }

    /// What happens, as JSON.
    fn records(&self, happening: &Happening<'_>, now: Timestamp) -> Vec<Value> {
        let printed = |job, (stream, text): (Stream, String)| {
            record::printed(job, stream, &text, &self.worker, now)
        };
        match happening {
            Happening::JobPrinted { job, stream, bytes } => {
                let text = self.decoders().push(&job.id, *stream, bytes);
                let text = Some(text).filter(|text| !text.is_empty());
                text.map(|text| printed(job, (*stream, text)))
                    .into_iter()
                    .collect()
            }
            Happening::JobEnded { job, .. } | Happening::JobLost { job } => {
                let kept = self.decoders().end(&job.id);
                let kept = kept.into_iter().map(|kept| printed(job, kept));
                kept.chain(record::json(happening, &self.worker, now))
                    .collect()
            }
            other => record::json(other, &self.worker, now).into_iter().collect(),
        }
    }

    fn decoders(&self) -> MutexGuard<'_, Decoders> {
        self.decoders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn banner(&self, title: &str) -> Banner {
        Banner::new(&self.worker, title, style::HEADER)
    }

    fn remark(&self, text: &str) -> String {
        format!("[{}] {text}\n", self.worker)
    }

    fn job_started(&self, job: &Job) -> String {
        let rules = &job.rules;
        let timeout = match rules.timeout.limit() {
            Some(_) => format!("{}s", rules.timeout),
            None => "none".into(),
        };
        self.banner("JOB STARTED")
            .field("Job ID", job.id.as_str())
            .field("Command", &job.command.to_text())
            .field("Priority", &rules.priority.to_string())
            .field(
                "Attempt",
                &format!("{}/{}", job.attempts, rules.max_retries),
            )
            .field("Timeout", &timeout)
            .field("Started", &job.started_at.map_or(String::new(), local))
            .to_text()
    }

    fn job_ended(&self, ending: &Ending, after: &Job) -> String {
        let (title, style) = match ending.outcome {
            Outcome::Completed => ("JOB COMPLETED SUCCESSFULLY", style::GOOD),
            Outcome::TimedOut => ("JOB TIMED OUT", style::BAD),
            Outcome::Stopped => ("JOB STOPPED", style::REMARK),
            Outcome::Failed | Outcome::Killed | Outcome::NotStarted | Outcome::Crashed => {
                ("JOB FAILED", style::BAD)
            }
        };
        let mut banner = Banner::new(&self.worker, title, style)
            .field("Job ID", after.id.as_str())
            .field("Execution Time", &exact(ending.exec_time));
        if let Some(code) = ending.exit_code {
            banner = banner.field("Exit Code", &exit_code_text(code));
        }
        if let Some(error) = &ending.error {
            banner = banner.field("Error", error);
        }
        match next(after) {
            Some(next) => banner.field("Next Retry", &next).to_text(),
            None => banner.to_text(),
        }
    }
}

/// What comes next for a job whose attempt has ended, if it isn't completed.
fn next(after: &Job) -> Option<String> {
    match after.state {
        State::Completed | State::Processing => None,
        State::Pending => Some("at once; this attempt doesn't count".into()),
        State::Failed => {
            let wait = after.ready_at.since(after.finished_at?).as_secs();
            Some(format!("in {wait}s, at {}", local(after.ready_at)))
        }
        State::Dead => Some("none, it is in the dead letter queue now".into()),
    }
}

impl Observer for Live<'_> {
    fn notice(&self, happening: &Happening<'_>) {
        let now = SystemClock.now();
        if let Happening::Stopping = happening {
            self.is_stopping.store(true, Ordering::Relaxed);
        }
        if !self.console.json() {
            if !self.console.quiet() || record::is_trouble(happening) {
                self.print(&self.text(happening, now));
            }
            return;
        }
        let records = self.records(happening, now).into_iter();
        let lines: String = records
            .map(|one| harmless_json(one.to_string()) + "\n")
            .collect();
        if !lines.is_empty() {
            self.print(&lines);
        }
    }

    fn is_watched(&self) -> bool {
        self.console.json() || !self.console.quiet()
    }
}
