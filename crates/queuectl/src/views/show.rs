//! Everything about one job.

use queuectl_domain::{Attempt, Chunk, Job, Stream, Timestamp, exit_code_text};
use queuectl_worker::HeldUp;
use serde::Serialize;

use super::job::JobRecord;
use super::table::{Cell, Table};
use super::text::visible_lines;
use super::time::exact;
use super::{Human, Page, Seconds, Utc, local, printed, style, visible};

/// One attempt and what it printed.
pub(crate) struct Run {
    /// The attempt.
    pub(crate) attempt: Attempt,
    /// What it printed.
    pub(crate) output: Vec<Chunk>,
}

/// Everything about one job.
pub(crate) struct JobDetails {
    job: Job,
    runs: Vec<Run>,
    now: Timestamp,
    held_up: Option<HeldUp>,
}

#[derive(Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    job: JobRecord<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_up_by: Option<u32>,
    output: String,
    runs: Vec<RunRecord<'a>>,
}

#[derive(Serialize)]
struct RunRecord<'a> {
    attempt: u32,
    started_at: Utc,
    finished_at: Option<Utc>,
    exec_time: Option<Seconds>,
    outcome: Option<&'static str>,
    exit_code: Option<i64>,
    signal: Option<i32>,
    error: Option<&'a str>,
    worker_id: &'a str,
    stdout: String,
    stderr: String,
}

impl JobDetails {
    /// The job, and its attempts from the oldest on, as they are at `now`.
    pub(crate) fn new(job: Job, runs: Vec<Run>, now: Timestamp) -> Self {
        Self {
            job,
            runs,
            now,
            held_up: None,
        }
    }

    /// The same, with what keeps the job from its end, if anything does.
    pub(crate) fn held_up(mut self, held_up: Option<HeldUp>) -> Self {
        self.held_up = held_up;
        self
    }

    fn output(&self) -> String {
        let last = self.runs.last();
        last.map_or(String::new(), |run| printed::text(&run.output, None))
    }

    fn fields(&self) -> Vec<(String, Cell)> {
        let job = &self.job;
        let rules = &job.spec.rules;
        let mut fields = Vec::new();
        let mut field = |name: &str, value: Cell| fields.push((name.to_owned(), value));
        let time = |time: Option<Timestamp>| Cell::from(time.map_or("-".into(), local));

        field("ID", visible(job.spec.id.as_str()).into());
        field("Command", visible_lines(&job.spec.command.to_text()).into());
        field(
            "State",
            Cell::new(job.life.state.as_str(), style::of_state(job.life.state)),
        );
        field("Priority", rules.priority.to_string().into());
        if let Some(effective) = job.effective_priority(self.now) {
            field("Effective Priority", format!("{effective:.1}").into());
        }
        field(
            "Timeout",
            rules
                .timeout
                .limit()
                .map_or("none".into(), |_| rules.timeout.to_string())
                .into(),
        );
        field("Max Retries", rules.max_retries.to_string().into());
        field("Backoff Base", rules.backoff_base.to_string().into());
        field("Attempts", job.life.attempts.to_string().into());
        if job.life.crashes > 0 {
            field("Crashes", job.life.crashes.to_string().into());
        }
        field(
            "Exec Time",
            job.life.exec_time.map_or("-".into(), exact).into(),
        );
        if let Some(code) = job.life.exit_code {
            field("Exit Code", exit_code_text(code).into());
        }
        field("Directory", visible(&job.spec.cwd.to_text()).into());
        field("Created", time(Some(job.spec.created_at)));
        field("Started", time(job.life.started_at));
        field("Finished", time(job.life.finished_at));
        if job.life.next_retry_at().is_some() {
            field("Next Retry", time(job.life.next_retry_at()));
        }
        if let Some(error) = &job.life.last_error {
            field("Last Error", Cell::new(visible(error), style::BAD));
        }
        if let Some(worker) = &job.life.last_worker {
            field("Worker", worker.as_str().into());
        }
        if let Some(held_up) = &self.held_up {
            field("Held Up", Cell::new(held_up.to_string(), style::BAD));
        }
        for run in &self.runs {
            let name = format!("Attempt {}", run.attempt.attempt);
            field(&name, describe(&run.attempt).into());
        }
        field("Output", output_cell(&self.output()));
        fields
    }
}

/// One line about one attempt.
fn describe(attempt: &Attempt) -> String {
    let start = local(attempt.started_at);
    match &attempt.ended {
        Some((_, ending)) => {
            let what = ending.error.as_deref().unwrap_or(ending.outcome.as_str());
            format!(
                "{start}  {} after {}",
                visible(what),
                exact(ending.exec_time)
            )
        }
        None => format!("{start}  running on {}", attempt.worker),
    }
}

fn output_cell(output: &str) -> Cell {
    match visible_lines(output).trim_end_matches('\n') {
        "" => "-".into(),
        text => text.into(),
    }
}

impl Serialize for JobDetails {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = Record {
            job: JobRecord::new(&self.job, self.now),
            held_up_by: self.held_up.as_ref().map(|held_up| held_up.process),
            output: self.output(),
            runs: self.runs.iter().map(run_record).collect(),
        };
        record.serialize(serializer)
    }
}

fn run_record(run: &Run) -> RunRecord<'_> {
    let attempt = &run.attempt;
    let ended = attempt.ended.as_ref();
    let ending = ended.map(|(_, ending)| ending);
    RunRecord {
        attempt: attempt.attempt,
        started_at: Utc(attempt.started_at),
        finished_at: ended.map(|(when, _)| Utc(*when)),
        exec_time: ending.map(|ending| Seconds(ending.exec_time)),
        outcome: ending.map(|ending| ending.outcome.as_str()),
        exit_code: ending.and_then(|ending| ending.exit_code),
        signal: ending.and_then(|ending| ending.signal),
        error: ending.and_then(|ending| ending.error.as_deref()),
        worker_id: attempt.worker.as_str(),
        stdout: printed::text(&run.output, Some(Stream::Stdout)),
        stderr: printed::text(&run.output, Some(Stream::Stderr)),
    }
}

impl Human for JobDetails {
    fn human(&self, page: &mut Page) {
        let title = format!("Job Details: {}", visible(self.job.spec.id.as_str()));
        let mut table = Table::of_fields(title, "Field");
        for (name, value) in self.fields() {
            // A value of several lines goes on under its first.
            for (number, line) in value.lines().enumerate() {
                let name = if number == 0 { name.as_str() } else { "" };
                table.row(vec![name.into(), line]);
            }
        }
        table.draw(page, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use queuectl_domain::{
        Claim, Command, Ending, Event, Fence, NewJob, Policy, Settings, WorkerId,
    };
    use std::time::Duration;

    const START: Timestamp = Timestamp(1_762_684_215_000_000);

    fn at(seconds: u64) -> Timestamp {
        START.after(Duration::from_secs(seconds))
    }

    fn run(fence: i64, attempt: u32, ended: Option<(Timestamp, Ending)>, output: &str) -> Run {
        let chunk = Chunk {
            offset: 0,
            stream: Stream::Stdout,
            bytes: output.into(),
        };
        Run {
            attempt: Attempt {
                fence: Fence(fence),
                attempt,
                worker: worker(),
                started_at: at(3 * u64::from(attempt) - 1),
                ended,
            },
            output: vec![chunk],
        }
    }

    fn worker() -> WorkerId {
        "worker-abc123".parse().unwrap()
    }

    /// A job that failed once and runs again.
    fn sample() -> JobDetails {
        let new = NewJob {
            id: None,
            command: Command::line("echo one\necho \x1b[2Jtwo".into(), None).unwrap(),
            cwd: "/home/me".into(),
            rules: Settings::default().rules,
        };
        let policy = Policy::default();
        let fence = Fence(1);
        let ending = Ending::exited(7, Some("oh no"), Duration::from_millis(1234));
        let claim = |fence| {
            let worker = worker();
            Event::Claim(Claim { worker, fence })
        };
        let failure = Event::Settle {
            fence,
            ending: ending.clone(),
        };
        let events = [
            (claim(fence), 2),
            (failure, 3),
            (Event::Due, 5),
            (claim(Fence(2)), 5),
        ];
        let job = Job::new("job1".parse().unwrap(), new, START);
        let rules = job.spec.rules;
        let life = events.into_iter().fold(job.life, |life, (event, seconds)| {
            life.apply(&rules, event, &policy, at(seconds)).unwrap()
        });
        let job = Job { life, ..job };
        let runs = vec![
            run(1, 1, Some((at(3), ending)), "first"),
            run(2, 2, None, "one\n\x1b[2Jtwo\n"),
        ];
        JobDetails::new(job, runs, at(6))
    }

    #[test]
    fn programs_see_the_names_they_rely_on() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&sample()).unwrap(), @r#"
        {
          "id": "job1",
          "command": "echo one\necho \u001b[2Jtwo",
          "argv": null,
          "state": "processing",
          "priority": 5,
          "effective_priority": null,
          "timeout": 20,
          "max_retries": 3,
          "backoff_base": 2,
          "attempts": 2,
          "crashes": 0,
          "exit_code": null,
          "exec_time": null,
          "last_error": "Exit code 7: oh no",
          "worker_id": "worker-abc123",
          "shell": null,
          "cwd": "/home/me",
          "created_at": "2025-11-09T10:30:15.000000Z",
          "started_at": "2025-11-09T10:30:20.000000Z",
          "finished_at": null,
          "next_retry_at": null,
          "output": "one\n\u001b[2Jtwo\n",
          "runs": [
            {
              "attempt": 1,
              "started_at": "2025-11-09T10:30:17.000000Z",
              "finished_at": "2025-11-09T10:30:18.000000Z",
              "exec_time": 1.234,
              "outcome": "failed",
              "exit_code": 7,
              "signal": null,
              "error": "Exit code 7: oh no",
              "worker_id": "worker-abc123",
              "stdout": "first",
              "stderr": ""
            },
            {
              "attempt": 2,
              "started_at": "2025-11-09T10:30:20.000000Z",
              "finished_at": null,
              "exec_time": null,
              "outcome": null,
              "exit_code": null,
              "signal": null,
              "error": null,
              "worker_id": "worker-abc123",
              "stdout": "one\n\u001b[2Jtwo\n",
              "stderr": ""
            }
          ]
        }
        "#);
    }

    #[test]
    fn people_see_fields_and_values_and_no_escape_sequence() {
        let mut page = Page::new(false);
        sample().human(&mut page);
        let text = anstream::adapter::strip_str(&page.into_text()).to_string();
        // Times are those of the wall clock here, wherever that is.
        let times = [0, 2, 3, 5].map(|seconds| local(at(seconds)));
        let text = times
            .iter()
            .fold(text, |text, time| text.replace(time, "LOCAL TIME"));
        insta::assert_snapshot!(text, @r"
        Job Details: job1
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        Field                Value
        ───────────────────  ────────────────────────────────────────────────────
        ID                   job1
        Command              echo one
                             echo \x1b[2Jtwo
        State                processing
        Priority             5
        Timeout              20
        Max Retries          3
        Backoff Base         2
        Attempts             2
        Exec Time            -
        Directory            /home/me
        Created              LOCAL TIME
        Started              LOCAL TIME
        Finished             -
        Last Error           Exit code 7: oh no
        Worker               worker-abc123
        Attempt 1            LOCAL TIME  Exit code 7: oh no after 1.234s
        Attempt 2            LOCAL TIME  running on worker-abc123
        Output               one
                             \x1b[2Jtwo
        ");
    }
}
