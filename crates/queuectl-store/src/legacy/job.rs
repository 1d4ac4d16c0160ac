//! One row of the Python program's jobs, and the job with its past that it becomes here.

use std::time::Duration;

use queuectl_domain::{
    Attempt, BackoffBase, Chunk, Command, Ending, Fence, History, InvalidValue, Job, JobId, Life,
    MaxRetries, NativeString, NewJob, Priority, Rules, Run, Settings, State, Stream, Timeout,
    Timestamp, WorkerId,
};

use super::row::Row;
use super::{failure, time};

/// A job of the Python program's, as it comes over.
#[derive(Debug, Clone, PartialEq)]
pub struct LegacyJob {
    /// The job, and its last attempt if it had one: of the others nothing is known.
    pub history: History,
    /// What could not be taken as it was.
    pub changes: Vec<String>,
}

/// A job that can't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    /// Its id, such as it is.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Reads the row of the job that has the id `there`. It gets `id` here, or is refused for the reason in
/// `id`. `now` stands in for times that aren't known.
pub(super) fn read(
    row: &Row<'_>,
    there: String,
    id: Result<JobId, String>,
    now: Timestamp,
    cwd: &NativeString,
) -> Result<LegacyJob, Untaken> {
    let no_id = |reason| Untaken {
        id: there.clone(),
        reason,
    };
    let untaken = |error: InvalidValue| no_id(error.to_string());
    let id = id.map_err(no_id)?;
    let line = row.text("command").unwrap_or_default();
    let command = Command::line(line, None).map_err(untaken)?;
    let state: State = row
        .text("state")
        .unwrap_or_default()
        .parse()
        .map_err(untaken)?;
    let mut changes = Vec::new();
    if id.as_str() != there {
        changes.push(format!("its id there is `{}`", there.escape_debug()));
    }
    let new = NewJob {
        id: None,
        command,
        cwd: cwd.clone(),
        rules: rules(row, &mut changes),
    };
    let moment = |column| time::parse(&row.text(column)?);
    let created_at = moment("created_at").unwrap_or_else(|| {
        changes.push("it isn't known when it was enqueued, so that is now".to_owned());
        now
    });
    let updated_at = moment("updated_at").unwrap_or(created_at);
    let life = Life {
        state,
        attempts: attempts(row, state, new.rules.max_retries),
        ready_at: match state {
            State::Failed => moment("next_retry_at").unwrap_or(updated_at),
            // When it was enqueued, or taken out of the dead letter queue.
            State::Pending => updated_at,
            State::Processing | State::Completed | State::Dead => created_at,
        },
        ..Life::new(created_at)
    };
    let job = Job {
        life,
        ..Job::new(id, new, created_at)
    };
    let history = match state {
        State::Pending | State::Processing => History {
            job,
            runs: Vec::new(),
        },
        State::Completed | State::Failed | State::Dead => ended(row, job, updated_at),
    };
    Ok(LegacyJob { history, changes })
}

/// How many attempts have begun. The Python program counts those that have failed.
fn attempts(row: &Row<'_>, state: State, max_retries: MaxRetries) -> u32 {
    let failed = row.whole("attempts").unwrap_or(0).max(0);
    let failed = u32::try_from(failed).unwrap_or(u32::MAX);
    match state {
        State::Pending | State::Failed | State::Dead => failed,
        State::Processing => failed.saturating_add(1),
        State::Completed => failed.saturating_add(1).min(max_retries.get()),
    }
}

/// The job with its last attempt, which ended when it was changed last.
fn ended(row: &Row<'_>, job: Job, finished_at: Timestamp) -> History {
    if job.life.attempts == 0 {
        return History {
            job,
            runs: Vec::new(),
        };
    }
    let exec_time = row
        .number("execution_time")
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or_default();
    let message = row.text("error_message");
    let (ending, stderr) = if job.life.state == State::Completed {
        (Ending::exited(0, None, exec_time), None)
    } else {
        failure::read(message.as_deref(), job.spec.rules.timeout, exec_time)
    };
    let started_at = before(finished_at, exec_time);
    let worker: WorkerId = "imported".parse().expect("it is made of letters");
    let stdout = row.text("output").unwrap_or_default();
    let attempt = Attempt {
        fence: Fence(0),
        attempt: job.life.attempts,
        worker: worker.clone(),
        started_at,
        ended: Some((finished_at, ending.clone())),
    };
    let life = Life {
        started_at: Some(started_at),
        finished_at: Some(finished_at),
        exec_time: Some(exec_time),
        exit_code: ending.exit_code,
        last_error: ending.error,
        last_worker: Some(worker),
        ..job.life
    };
    let job = Job { life, ..job };
    let run = Run {
        attempt,
        output: output(stdout, stderr.unwrap_or_default()),
    };
    History {
        job,
        runs: vec![run],
    }
}

fn before(moment: Timestamp, length: Duration) -> Timestamp {
    let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    Timestamp(moment.0.saturating_sub(micros))
}

fn output(stdout: String, stderr: &str) -> Vec<Chunk> {
    let printed = [
        (Stream::Stdout, stdout.into_bytes()),
        (Stream::Stderr, stderr.as_bytes().to_vec()),
    ];
    let mut offset = 0;
    let mut chunks = Vec::new();
    for (stream, bytes) in printed.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let length = bytes.len() as u64;
        chunks.push(Chunk {
            offset,
            stream,
            bytes,
        });
        offset += length;
    }
    chunks
}

/// The rules that the job is run by, brought into the ranges that they have here.
fn rules(row: &Row<'_>, changes: &mut Vec<String>) -> Rules {
    let default = Settings::default().rules;
    let mut nearest = |column: &str, least: i64, most: i64| {
        let there = row.whole(column)?;
        let here = there.clamp(least, most);
        if here != there {
            changes.push(format!("its {column} is {here} here, not {there}"));
        }
        Some(here)
    };
    let max_retries = nearest("max_retries", 1, 1_000_000);
    let backoff_base = nearest("backoff_base", 1, 100);
    let priority = nearest("priority", 1, 10);
    let or_default = "a number in its range can be taken";
    Rules {
        max_retries: max_retries.map_or(default.max_retries, |number| {
            MaxRetries::new(number).expect(or_default)
        }),
        backoff_base: backoff_base.map_or(default.backoff_base, |number| {
            BackoffBase::new(number).expect(or_default)
        }),
        priority: priority.map_or(default.priority, |number| {
            Priority::new(number).expect(or_default)
        }),
        timeout: timeout(row, default.timeout, changes),
    }
}

/// Nothing is no limit there. Zero ended each attempt at once; here it would be no limit.
fn timeout(row: &Row<'_>, default: Timeout, changes: &mut Vec<String>) -> Timeout {
    let Some(seconds) = row.number("timeout") else {
        return Timeout::from(Duration::ZERO);
    };
    match Timeout::try_from(seconds) {
        Ok(timeout) if timeout.limit().is_some() => timeout,
        _ => {
            changes.push(format!("its timeout is {default} s here, not {seconds}"));
            default
        }
    }
}
