//! A job as programs see it, the same everywhere.

use queuectl_domain::{Command, Job, NativeString, Timestamp};
use serde::Serialize;

use super::{Seconds, Utc};

/// A job as programs see it.
#[derive(Serialize)]
pub(crate) struct JobRecord<'a> {
    id: &'a str,
    command: String,
    argv: Option<Vec<String>>,
    state: &'static str,
    priority: u8,
    effective_priority: Option<f64>,
    timeout: Seconds,
    max_retries: u32,
    backoff_base: u8,
    attempts: u32,
    crashes: u32,
    exit_code: Option<i64>,
    exec_time: Option<Seconds>,
    last_error: Option<&'a str>,
    worker_id: Option<&'a str>,
    shell: Option<&'a str>,
    cwd: String,
    created_at: Utc,
    started_at: Option<Utc>,
    finished_at: Option<Utc>,
    next_retry_at: Option<Utc>,
}

impl<'a> JobRecord<'a> {
    /// The job as it is at `now`.
    pub(crate) fn new(job: &'a Job, now: Timestamp) -> Self {
        let (argv, shell) = match &job.spec.command {
            Command::Line { shell, .. } => (None, shell.as_ref()),
            Command::Argv(argv) => (Some(argv), None),
        };
        let text = |native: &NativeString| native.to_text().into_owned();
        let effective = job.effective_priority(now);
        Self {
            id: job.spec.id.as_str(),
            command: job.spec.command.to_text().into_owned(),
            argv: argv.map(|argv| argv.iter().map(text).collect()),
            state: job.life.state.as_str(),
            priority: job.spec.rules.priority.get(),
            effective_priority: effective.map(|priority| (priority * 1e3).round() / 1e3),
            timeout: Seconds(job.spec.rules.timeout.limit().unwrap_or_default()),
            max_retries: job.spec.rules.max_retries.get(),
            backoff_base: job.spec.rules.backoff_base.get(),
            attempts: job.life.attempts,
            crashes: job.life.crashes,
            exit_code: job.life.exit_code,
            exec_time: job.life.exec_time.map(Seconds),
            last_error: job.life.last_error.as_deref(),
            worker_id: job.life.last_worker.as_ref().map(|worker| worker.as_str()),
            shell: shell.map(|shell| shell.as_str()),
            cwd: text(&job.spec.cwd),
            created_at: Utc(job.spec.created_at),
            started_at: job.life.started_at.map(Utc),
            finished_at: job.life.finished_at.map(Utc),
            next_retry_at: job.life.next_retry_at().map(Utc),
        }
    }
}
