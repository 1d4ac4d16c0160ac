//! What happens in a worker, as a sentence or as JSON.

use queuectl_domain::{Ending, Job, JobId, Life, Stream, Timestamp, WorkerId};
use queuectl_worker::{Happening, why_it_goes_on};
use serde_json::{Value, json};

use crate::views::{Seconds, Utc, jobs, visible};

/// What happens beside the jobs, in a sentence.
pub(crate) fn sentence(happening: &Happening<'_>) -> String {
    match happening {
        Happening::Rescued {
            worker,
            jobs: rescued,
            orphans,
        } => format!(
            "{worker} has died; took care of {}, ended {orphans} orphaned process(es)",
            jobs(rescued.len() as u64)
        ),
        Happening::RescueFailed { worker, error } => format!(
            "{worker} has died, but what it left running can't be ended: {}",
            visible(&error.to_string())
        ),
        Happening::JobHeldUp { job, process } => format!(
            "job '{}' has to end, but {}",
            visible(job.spec.id.as_str()),
            why_it_goes_on(*process)
        ),
        Happening::StoreTrouble { error } => {
            format!("{}; trying again", visible(&error.to_string()))
        }
        Happening::CutOff { running } => format!(
            "the store has been out of reach for too long; ending {} before others run them",
            jobs(*running as u64)
        ),
        Happening::StoreRecovered => "the store can be used again".into(),
        Happening::StartTrouble { why } => format!(
            "can't start jobs: {}; they go back to the queue until there is room",
            visible(&why.reason)
        ),
        Happening::StartRecovered => "jobs can be started again".into(),
        Happening::GaveUp { untold: 0 } => {
            "stopping without the store, which may lose its latest changes".into()
        }
        Happening::GaveUp { untold } => format!(
            "stopping without the store: it doesn't know how {} ended; a job whose end it doesn't know runs again",
            jobs(*untold as u64)
        ),
        Happening::Displaced { path } => format!(
            "`{}` was deleted, moved or replaced; stopping as soon as running jobs have finished",
            visible(&path.display().to_string())
        ),
        Happening::Stopping => {
            "stopping as soon as running jobs have finished; Ctrl+C again ends them now".into()
        }
        Happening::WorkerStarted { .. }
        | Happening::JobStarted { .. }
        | Happening::JobPrinted { .. }
        | Happening::JobEnded { .. }
        | Happening::JobLost { .. }
        | Happening::WorkerStopped { .. } => String::new(),
    }
}

/// Whether something is wrong with the queue itself, and not with a job.
pub(crate) fn is_trouble(happening: &Happening<'_>) -> bool {
    matches!(
        happening,
        Happening::RescueFailed { .. }
            | Happening::JobHeldUp { .. }
            | Happening::StoreTrouble { .. }
            | Happening::CutOff { .. }
            | Happening::StoreRecovered
            | Happening::StartTrouble { .. }
            | Happening::StartRecovered
            | Happening::GaveUp { .. }
            | Happening::Displaced { .. }
    )
}

/// Returns what happens as one JSON object. `None` for output, which has to be decoded first: see
/// [`printed`].
pub(crate) fn json(happening: &Happening<'_>, worker: &WorkerId, now: Timestamp) -> Option<Value> {
    let (event, facts) = match happening {
        Happening::JobPrinted { .. } => return None,
        Happening::WorkerStarted { pid, .. } => ("worker_started", json!({ "pid": pid })),
        Happening::JobStarted { job } => ("job_started", started(job)),
        Happening::JobEnded { job, ending, life } => ("job_ended", ended(job, ending, life)),
        Happening::JobHeldUp { job, process } => (
            "job_held_up",
            json!({ "id": job.spec.id.as_str(), "process": process }),
        ),
        Happening::JobLost { job } => ("job_lost", json!({ "id": job.spec.id.as_str() })),
        Happening::Rescued { worker, jobs, .. } => {
            let ids: Vec<_> = jobs.iter().map(|job| job.id.as_str()).collect();
            (
                "rescued",
                json!({ "dead_worker_id": worker.as_str(), "jobs": ids }),
            )
        }
        Happening::RescueFailed { worker, error } => (
            "rescue_failed",
            json!({ "dead_worker_id": worker.as_str(), "error": error.to_string() }),
        ),
        Happening::StoreTrouble { error } => {
            ("store_trouble", json!({ "error": error.to_string() }))
        }
        Happening::CutOff { running } => ("cut_off", json!({ "running": running })),
        Happening::StoreRecovered => ("store_recovered", json!({})),
        Happening::StartTrouble { why } => ("start_trouble", json!({ "error": why.reason })),
        Happening::StartRecovered => ("start_recovered", json!({})),
        Happening::GaveUp { untold } => ("gave_up", json!({ "untold": untold })),
        Happening::Displaced { path } => {
            ("displaced", json!({ "path": path.display().to_string() }))
        }
        Happening::Stopping => ("stopping", json!({})),
        Happening::WorkerStopped { attempts, .. } => {
            ("worker_stopped", json!({ "attempts": attempts }))
        }
    };
    Some(record(event, facts, worker, now))
}

/// Returns a piece of a job's output as one JSON object.
pub(crate) fn printed(
    job: &Job,
    stream: Stream,
    text: &str,
    worker: &WorkerId,
    now: Timestamp,
) -> Value {
    let stream = match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    let facts = json!({ "id": job.spec.id.as_str(), "stream": stream, "text": text });
    record("job_printed", facts, worker, now)
}

/// Returns how many bytes of a job's output were left out, as one JSON object.
pub(crate) fn left_out(job: &JobId, bytes: u64, worker: &WorkerId, now: Timestamp) -> Value {
    let facts = json!({ "id": job.as_str(), "bytes": bytes });
    record("output_left_out", facts, worker, now)
}

fn record(event: &str, facts: Value, worker: &WorkerId, now: Timestamp) -> Value {
    let mut record = json!({ "event": event, "at": Utc(now), "worker_id": worker.as_str() });
    if let (Value::Object(record), Value::Object(facts)) = (&mut record, facts) {
        record.extend(facts);
    }
    record
}

fn started(job: &Job) -> Value {
    json!({
        "id": job.spec.id.as_str(),
        "command": job.spec.command.to_text(),
        "priority": job.spec.rules.priority.get(),
        "attempt": job.life.attempts,
        "max_retries": job.spec.rules.max_retries.get(),
        "timeout": Seconds(job.spec.rules.timeout.limit().unwrap_or_default()),
    })
}

fn ended(job: &Job, ending: &Ending, life: &Life) -> Value {
    json!({
        "id": job.spec.id.as_str(),
        "attempt": job.life.attempts,
        "outcome": ending.outcome.as_str(),
        "exit_code": ending.exit_code,
        "signal": ending.signal,
        "error": ending.error,
        "exec_time": Seconds(ending.exec_time),
        "state": life.state.as_str(),
        "next_retry_at": life.next_retry_at().map(Utc),
    })
}
