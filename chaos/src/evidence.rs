//! What is known in the end, from all sides: the store, the ledger, the storm's record.

use queuectl_domain::{Outcome, State};
use queuectl_store::{Counts, Query, Store};
use rusqlite::{Connection, OpenFlags};

use crate::ledger::{Ledger, Line};
use crate::queue::Queue;
use crate::record::Record;
use crate::trouble::{Trouble, io};

/// A job as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) crashes: u32,
    pub(crate) max_retries: u32,
    /// Its attempts, by their fences.
    pub(crate) runs: Vec<Run>,
}

/// One attempt as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) fence: i64,
    pub(crate) attempt: u32,
    pub(crate) worker: String,
    /// In microseconds of the calendar.
    pub(crate) started: i64,
    /// When it ended and how; none while it runs.
    pub(crate) ended: Option<(i64, Outcome)>,
}

/// All that is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    pub(crate) jobs: Vec<Known>,
    pub(crate) counters: Counts,
    /// What SQLite found wrong with the file; `ok` if nothing is.
    pub(crate) integrity: String,
    pub(crate) crash_limit: u32,
    pub(crate) ledger: Vec<Line>,
    pub(crate) record: Record,
    /// What was left of jobs when none ran any more, and in the very end.
    pub(crate) left: Vec<String>,
    /// Workers and files of theirs that were left when all had been stopped.
    pub(crate) remains: Vec<String>,
    /// Whether the storm was long enough for each fault to happen.
    pub(crate) long: bool,
}

/// Gathers it all, once the last worker has gone.
pub(crate) fn gather(
    queue: &Queue,
    store: &mut dyn Store,
    ledger: Ledger,
    record: Record,
) -> Result<Evidence, Trouble> {
    let remains = remains(queue, store, &record)?;
    Ok(Evidence {
        jobs: jobs(store)?,
        counters: store.counts()?,
        integrity: integrity(queue)?,
        crash_limit: store.settings()?.policy.crash_limit,
        ledger: ledger.lines,
        record,
        left: Vec::new(),
        remains,
        long: true,
    })
}

fn jobs(store: &mut dyn Store) -> Result<Vec<Known>, Trouble> {
    let query = Query {
        state: None,
        limit: u32::MAX as usize,
    };
    let jobs = store.list(&query)?.jobs;
    let known = jobs.into_iter().map(|job| {
        let attempts = store.attempts(&job.spec.id)?;
        let mut runs: Vec<Run> = attempts
            .into_iter()
            .map(|attempt| Run {
                fence: attempt.fence.0,
                attempt: attempt.attempt,
                worker: attempt.worker.to_string(),
                started: attempt.started_at.0,
                ended: attempt.ended.map(|(at, ending)| (at.0, ending.outcome)),
            })
            .collect();
        runs.sort_by_key(|run| run.fence);
        Ok(Known {
            id: job.spec.id.to_string(),
            state: job.life.state,
            attempts: job.life.attempts,
            crashes: job.life.crashes,
            max_retries: job.spec.rules.max_retries.get(),
            runs,
        })
    });
    known.collect()
}

fn integrity(queue: &Queue) -> Result<String, Trouble> {
    let store = Connection::open_with_flags(queue.file(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut check = store.prepare(include_str!("integrity.sql"))?;
    let found = check.query_map([], |row| row.get::<_, String>(0))?;
    let found: Vec<String> = found.collect::<Result<_, _>>()?;
    Ok(found.join("; "))
}

fn remains(queue: &Queue, store: &mut dyn Store, record: &Record) -> Result<Vec<String>, Trouble> {
    let mut remains = Vec::new();
    for info in store.workers()? {
        remains.push(format!("the store knows worker {}", info.worker.id));
    }
    let folder = std::fs::read_dir(queue.workers()).map_err(io("read the workers' folder"))?;
    for entry in folder.flatten() {
        let path = entry.path();
        let is_log = path.extension().is_some_and(|kind| kind == "log");
        let worker = path.file_stem().unwrap_or_default().to_string_lossy();
        // One that was killed after it had been taken for dead is known to nobody who could
        // remove its files.
        let is_excused = record.taken_for_dead.contains(&*worker);
        if !is_log && !is_excused {
            remains.push(format!("there is {}", path.display()));
        }
    }
    Ok(remains)
}
