//! What a foreground worker shows while it works: banners for people, JSON lines for programs.

mod banner;
mod decoders;
mod lines;
mod printer;
mod record;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use queuectl_domain::{
    Ending, Job, JobId, Life, Outcome, State, Stream, Timestamp, WorkerId, exit_code_text,
};
use queuectl_store::{Clock, StopMode, SystemClock};
use queuectl_worker::{Control, Happening, Observer, Options};
use serde_json::Value;

use self::banner::Banner;
use self::decoders::Decoders;
use self::lines::Lines;
pub(crate) use self::printer::Unprinted;
use self::printer::{Hears, Printer};
use crate::console::Console;
use crate::environment;
use crate::interrupted::ANEW;
use crate::views::{exact, harmless_json, local, shell_word, style, visible};

/// Shows what happens in a worker, as it happens.
pub(crate) struct Live {
    console: Console,
    control: Control,
    worker: WorkerId,
    decoders: Mutex<Decoders>,
    lines: Mutex<Lines>,
    is_stopping: AtomicBool,
    printer: Printer,
}

impl Live {
    /// For the worker that is run with `options`, under `control`. Stops it when nobody looks any more.
    pub(crate) fn start(
        console: &Console,
        options: &Options,
        control: &Control,
    ) -> io::Result<Self> {
        let told = Told {
            console: console.clone(),
            control: control.clone(),
            worker: options.id.clone(),
        };
        Ok(Self {
            console: console.clone(),
            control: control.clone(),
            worker: options.id.clone(),
            decoders: Mutex::default(),
            lines: Mutex::new(Lines::new(options.slots > 1)),
            is_stopping: AtomicBool::new(false),
            printer: Printer::start(console.stdout(), told)?,
        })
    }

    /// Waits until all is printed, as long as the reader takes something.
    pub(crate) fn finish(self) -> Result<(), Unprinted> {
        let control = self.control;
        self.printer.finish(|| control.is_to_end_at_once())
    }

    fn job_printed(&self, happening: &Happening<'_>, job: &Job, bytes: usize, now: Timestamp) {
        self.printer.output(&job.spec.id, bytes, |is_shown| {
            if is_shown {
                self.shown(happening, now)
            } else {
                // What comes later doesn't continue the line or the character that was begun before.
                self.rest_shown(job, now)
            }
        });
    }

    /// Returns what is printed when this happens.
    fn shown(&self, happening: &Happening<'_>, now: Timestamp) -> String {
        if self.console.json() {
            self.as_lines(self.records(happening, now))
        } else {
            self.begun_anew(self.console.fitting(self.text(happening, now)))
        }
    }

    /// Returns the incomplete line or character of a job's output, which waited for more.
    fn rest_shown(&self, job: &Job, now: Timestamp) -> String {
        if self.console.json() {
            self.as_lines(self.kept(job, now))
        } else {
            self.begun_anew(self.console.fitting(self.rest_of(&job.spec.id)))
        }
    }

    fn as_lines(&self, records: Vec<Value>) -> String {
        let lines = records
            .iter()
            .map(|one| harmless_json(one.to_string()) + "\n");
        self.begun_anew(lines.collect())
    }

    /// After Ctrl+C the terminal shows `^C` where the next line is to begin: removes it.
    fn begun_anew(&self, text: String) -> String {
        let is_stopping = self.is_stopping.load(Ordering::Relaxed);
        if is_stopping && !text.is_empty() && environment::stdout_is_terminal() {
            return format!("{ANEW}{text}");
        }
        text
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
                let text = self.decoders().push(&job.spec.id, *stream, bytes);
                self.lines().push(&job.spec.id, *stream, &text)
            }
            Happening::JobEnded { job, ending, life } => {
                self.rest_of(&job.spec.id) + &self.job_ended(&job.spec.id, ending, life)
            }
            Happening::JobLost { job } => {
                let rest = self.rest_of(&job.spec.id);
                let id = visible(job.spec.id.as_str());
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

    /// Returns the incomplete lines of a job that prints no more.
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

    /// Returns the JSON objects for what happens.
    fn records(&self, happening: &Happening<'_>, now: Timestamp) -> Vec<Value> {
        match happening {
            Happening::JobPrinted { job, stream, bytes } => {
                let text = self.decoders().push(&job.spec.id, *stream, bytes);
                let text = Some(text).filter(|text| !text.is_empty());
                text.map(|text| record::printed(job, *stream, &text, &self.worker, now))
                    .into_iter()
                    .collect()
            }
            Happening::JobEnded { job, .. } | Happening::JobLost { job } => {
                let mut records = self.kept(job, now);
                records.extend(record::json(happening, &self.worker, now));
                records
            }
            other => record::json(other, &self.worker, now).into_iter().collect(),
        }
    }

    /// Returns, as JSON, the bytes that waited for the rest of a character, now that none comes.
    fn kept(&self, job: &Job, now: Timestamp) -> Vec<Value> {
        let kept = self.decoders().end(&job.spec.id).into_iter();
        let printed = |(stream, text): (Stream, String)| {
            record::printed(job, stream, &text, &self.worker, now)
        };
        kept.map(printed).collect()
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
        remark(&self.worker, text)
    }

    fn job_started(&self, job: &Job) -> String {
        let rules = &job.spec.rules;
        let timeout = match rules.timeout.limit() {
            Some(_) => format!("{}s", rules.timeout),
            None => "none".into(),
        };
        self.banner("JOB STARTED")
            .field("Job ID", job.spec.id.as_str())
            .field("Command", &job.spec.command.to_text())
            .field("Priority", &rules.priority.to_string())
            .field(
                "Attempt",
                &format!("{}/{}", job.life.attempts, rules.max_retries),
            )
            .field("Timeout", &timeout)
            .field("Started", &job.life.started_at.map_or(String::new(), local))
            .to_text()
    }

    fn job_ended(&self, id: &JobId, ending: &Ending, life: &Life) -> String {
        let (title, style) = match ending.outcome {
            Outcome::Completed => ("JOB COMPLETED SUCCESSFULLY", style::GOOD),
            Outcome::TimedOut => ("JOB TIMED OUT", style::BAD),
            Outcome::Stopped => ("JOB STOPPED", style::REMARK),
            Outcome::Failed | Outcome::Killed | Outcome::NotStarted | Outcome::Crashed => {
                ("JOB FAILED", style::BAD)
            }
        };
        let mut banner = Banner::new(&self.worker, title, style)
            .field("Job ID", id.as_str())
            .field("Execution Time", &exact(ending.exec_time));
        if let Some(code) = ending.exit_code {
            banner = banner.field("Exit Code", &exit_code_text(code));
        }
        if let Some(error) = &ending.error {
            banner = banner.field("Error", error);
        }
        match next(life) {
            Some(next) => banner.field("Next Retry", &next).to_text(),
            None => banner.to_text(),
        }
    }
}

/// What comes next for a job whose attempt has ended, if it isn't completed.
fn next(life: &Life) -> Option<String> {
    match life.state {
        State::Completed | State::Processing => None,
        State::Pending => Some("at once; this attempt doesn't count".into()),
        State::Failed => {
            let wait = life.ready_at.since(life.finished_at?).as_secs();
            Some(format!("in {wait}s, at {}", local(life.ready_at)))
        }
        State::Dead => Some("none, it is in the dead letter queue now".into()),
    }
}

impl Observer for Live {
    fn notice(&self, happening: &Happening<'_>) {
        let is_told = self.console.json() || !self.console.quiet() || record::is_trouble(happening);
        if !is_told {
            return;
        }
        let now = SystemClock.now();
        if let Happening::Stopping = happening {
            self.is_stopping.store(true, Ordering::Relaxed);
        }
        match happening {
            Happening::JobPrinted { job, bytes, .. } => {
                return self.job_printed(happening, job, bytes.len(), now);
            }
            Happening::JobEnded { job, .. } | Happening::JobLost { job } => {
                self.printer.end_of(&job.spec.id);
            }
            _ => {}
        }
        self.printer.event(self.shown(happening, now));
    }

    fn is_watched(&self) -> bool {
        self.console.json() || !self.console.quiet()
    }

    fn is_behind(&self) -> bool {
        self.printer.is_behind()
    }
}

fn remark(worker: &WorkerId, text: &str) -> String {
    format!("[{worker}] {text}\n")
}

/// Acts on what the printing thread reports.
struct Told {
    console: Console,
    control: Control,
    worker: WorkerId,
}

impl Hears for Told {
    fn left_out(&self, job: &JobId, bytes: u64) -> String {
        if self.console.json() {
            let record = record::left_out(job, bytes, &self.worker, SystemClock.now());
            return harmless_json(record.to_string()) + "\n";
        }
        let (name, word) = (visible(job.as_str()), shell_word(job.as_str()));
        let text = format!(
            "{bytes} bytes of what job '{name}' printed are left out here; `queuectl show {word}` shows what is kept"
        );
        self.console.fitting(remark(&self.worker, &text))
    }

    fn caught_up(&self) {
        self.control.go_on();
    }

    fn reader_gone(&self) {
        self.control.stop(StopMode::Drain);
    }

    fn cannot_print(&self, error: &io::Error) {
        let text = format!("can't print what happens: {error}; the worker goes on all the same");
        self.console.remark_in_time(&text);
    }
}
