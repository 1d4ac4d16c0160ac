//! What a foreground worker shows while it works: banners for people, JSON lines for programs.

mod banner;
mod lines;
mod record;

use std::sync::{Mutex, PoisonError};

use queuectl_domain::{Ending, Job, Outcome, State, Timestamp, WorkerId, exit_code_text};
use queuectl_store::{Clock, StopMode, SystemClock};
use queuectl_worker::{Control, Happening, Observer, Options};

use self::banner::Banner;
use self::lines::Lines;
use crate::console::Console;
use crate::views::{exact, harmless_json, local, style, visible};

/// Shows what happens in a worker, as it happens.
pub(crate) struct Live<'a> {
    console: &'a Console,
    control: &'a Control,
    worker: WorkerId,
    lines: Mutex<Lines>,
}

impl<'a> Live<'a> {
    /// For the worker that is run with `options`, under `control`. Stops it when nobody looks any more.
    pub(crate) fn new(console: &'a Console, options: &Options, control: &'a Control) -> Self {
        Self {
            console,
            control,
            worker: options.id.clone(),
            lines: Mutex::new(Lines::new(options.slots > 1)),
        }
    }

    fn print(&self, text: &str) {
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
                self.lines().push(&job.id, *stream, bytes)
            }
            Happening::JobEnded { job, ending, after } => {
                let rest = self.lines().end(&job.id);
                rest + &self.job_ended(ending, after)
            }
            Happening::JobLost { job } => {
                let rest = self.lines().end(&job.id);
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

    fn lines(&self) -> std::sync::MutexGuard<'_, Lines> {
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
        if !self.console.json() {
            if !self.console.quiet() || record::is_trouble(happening) {
                self.print(&self.text(happening, now));
            }
            return;
        }
        let record = record::json(happening, &self.worker, now);
        self.print(&(harmless_json(record.to_string()) + "\n"));
    }

    fn is_watched(&self) -> bool {
        self.console.json() || !self.console.quiet()
    }
}
