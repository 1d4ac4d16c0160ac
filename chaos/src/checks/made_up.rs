//! Evidence that was made up, for the tests of the checks.

use queuectl_domain::{Outcome, State};
use queuectl_store::Counts;

use crate::evidence::{Evidence, Known, Run};
use crate::kind::Kind;
use crate::ledger::{Line, What};
use crate::process::Process;
use crate::record::{Enqueued, Record};

/// An attempt of worker `w`; those with larger fences come later.
pub(super) fn run(fence: i64, attempt: u32, outcome: Outcome) -> Run {
    Run {
        fence,
        attempt,
        worker: "w".to_owned(),
        started: fence * 10,
        ended: Some((fence * 10 + 5, outcome)),
    }
}

pub(super) fn job(id: &str, state: State, attempts: u32, runs: Vec<Run>) -> Known {
    Known {
        id: id.to_owned(),
        state,
        attempts,
        crashes: 0,
        max_retries: 3,
        runs,
    }
}

/// A job that ran once and well, with fence 1.
pub(super) fn completed(id: &str) -> Known {
    let runs = vec![run(1, 1, Outcome::Completed)];
    job(id, State::Completed, 1, runs)
}

pub(super) fn begin(job: &str, fence: i64) -> Line {
    Line {
        what: What::Begin,
        at: fence.unsigned_abs() * 10,
        job: job.to_owned(),
        fence,
        attempt: 1,
        worker: "w".to_owned(),
        process: Process { pid: 7, start: 8 },
    }
}

pub(super) fn finish(job: &str, fence: i64, code: u8) -> Line {
    Line {
        what: What::Finish(code),
        ..begin(job, fence)
    }
}

/// These jobs, enqueued and answered; those with results have written into the ledger.
pub(super) fn evidence(jobs: Vec<Known>) -> Evidence {
    let mut counters = Counts::default();
    let mut ledger = Vec::new();
    let mut record = Record::default();
    for job in &jobs {
        *counters.of_mut(job.state) += 1;
        record.enqueued.push(Enqueued {
            id: job.id.clone(),
            kind: Kind::Quick,
            answered: true,
        });
        for run in &job.runs {
            ledger.push(begin(&job.id, run.fence));
            if let Some((_, Outcome::Completed)) = run.ended {
                ledger.push(finish(&job.id, run.fence, 0));
            }
        }
    }
    Evidence {
        jobs,
        counters,
        integrity: "ok".to_owned(),
        crash_limit: 3,
        ledger,
        record,
        left: Vec::new(),
        remains: Vec::new(),
        long: false,
    }
}
