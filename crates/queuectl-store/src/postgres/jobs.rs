//! Jobs out of the tables: the only place that knows how a job is read.

use std::collections::HashSet;

use queuectl_domain::{
    BackoffBase, Command, Fence, Job, JobId, MaxRetries, NativeString, Priority, Rules, State,
    Timeout, WorkerId,
};
use tokio_postgres::Row;

use super::fault::Result;
use super::row::Columns;
use super::session::Moment;
use super::wire::{Wire, params};
use super::{counts, sql};
use crate::records::{self, Code, damaged, made_up_to, parsed, signed, split};
use crate::{Page, Query, StoreError};

/// A job, its number, and how it was when it was loaded.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) seq: i64,
    pub(super) job: Job,
    pub(super) was: State,
    pub(super) was_under: Option<Fence>,
    pub(super) was_to_stop: bool,
}

/// Reads a job whole.
pub(super) fn read(row: &Row) -> Result<Kept> {
    let row = &mut Columns::of(row);
    let mut kept = read_outline(row)?;
    read_command(row, &mut kept.job)?;
    Ok(kept)
}

/// Reads a job without what it runs.
pub(super) fn read_without_command(row: &Row) -> Result<Kept> {
    read_outline(&mut Columns::of(row))
}

/// Reads the columns that come first in each statement that loads jobs, in their order.
pub(super) fn read_outline(row: &mut Columns<'_>) -> Result<Kept> {
    let seq = row.next()?;
    let id: JobId = parsed(row.next()?)?;
    let state = State::from_code(row.next()?)?;
    let ready_at = row.timestamp()?;
    let rules = rules(row)?;
    let attempts = row.unsigned()?;
    let crashes = row.unsigned()?;
    let created_at = row.timestamp()?;
    let started_at = row.optional_timestamp()?;
    let finished_at = row.optional_timestamp()?;
    let exec_time = row.optional_duration()?;
    let exit_code = row.next()?;
    let fence: Option<i64> = row.next()?;
    let last_worker: Option<&str> = row.next()?;
    let last_worker: Option<WorkerId> = last_worker.map(parsed).transpose()?;
    let last_error = row.optional_text()?;
    let stop = row.optional_text()?;
    let claim = records::claim(&id, state, fence, last_worker.as_ref())?;
    let job = Job {
        id,
        command: Command::Argv(Vec::new()),
        cwd: NativeString(Vec::new()),
        rules,
        state,
        attempts,
        crashes,
        created_at,
        ready_at,
        started_at,
        finished_at,
        exec_time,
        exit_code,
        last_error,
        last_worker,
        claim,
        stop,
    };
    Ok(Kept {
        seq,
        was_to_stop: job.stop.is_some(),
        job,
        was: state,
        was_under: fence.map(Fence),
    })
}

fn rules(row: &mut Columns<'_>) -> Result<Rules> {
    let outside = |error: queuectl_domain::InvalidValue| damaged(error.to_string());
    Ok(Rules {
        priority: Priority::new(row.next()?).map_err(outside)?,
        timeout: Timeout::from(row.duration()?),
        max_retries: MaxRetries::new(row.next()?).map_err(outside)?,
        backoff_base: BackoffBase::new(row.next()?).map_err(outside)?,
    })
}

/// Reads what a job runs. The command is taken as it is: it was checked when it came in.
pub(super) fn read_command(row: &mut Columns<'_>, job: &mut Job) -> Result<()> {
    let line: Option<String> = row.next()?;
    let shell: Option<&str> = row.next()?;
    let shell = shell.map(parsed).transpose()?;
    let argv: Option<&[u8]> = row.next()?;
    job.command = match (line, argv) {
        (Some(line), None) => Command::Line { line, shell },
        (None, Some(argv)) => Command::Argv(split(argv)),
        _ => return Err(damaged("a job has no command, or two".into()).into()),
    };
    job.cwd = NativeString(row.next()?);
    Ok(())
}

/// The job with this name.
pub(super) async fn find(wire: &Wire, id: &JobId) -> Result<Kept> {
    let rows = wire.rows(sql!("find_job"), params![id.as_str()]).await?;
    found(&rows, id)
}

/// The job that `find_job.sql` was to find.
pub(super) fn found(rows: &[Row], id: &JobId) -> Result<Kept> {
    match rows.first() {
        Some(row) => read(row),
        None => Err(StoreError::NoSuchJob(id.clone()).into()),
    }
}

/// Which of these names are taken.
pub(super) async fn taken(wire: &Wire, ids: &[JobId]) -> Result<HashSet<JobId>> {
    let ids: Vec<_> = ids.iter().map(JobId::as_str).collect();
    let rows = wire.rows(sql!("taken"), params![ids]).await?;
    let taken = rows.iter().map(|row| {
        let id: &str = Columns::of(row).next()?;
        Ok(parsed(id)?)
    });
    taken.collect()
}

/// The number of which an id was made last.
pub(super) async fn last_name(wire: &Wire) -> Result<u64> {
    let rows = wire.rows(sql!("last_name"), Vec::new()).await?;
    Columns::of_one(&rows, "names")?.unsigned()
}

/// Makes no id of a number up to this one any more.
pub(super) async fn make_ids_after(wire: &Wire, last: u64) -> Result<()> {
    let last = made_up_to(last);
    wire.rows(sql!("make_ids_after"), params![last]).await?;
    Ok(())
}

/// The newest jobs that fit, newest first.
pub(super) async fn list(wire: &Wire, query: &Query) -> Result<Page> {
    let limit = signed(query.limit as u64);
    let mut moment = Moment::begin(wire);
    let jobs = match query.state {
        None => moment.pipeline.add(sql!("list_all"), params![limit]),
        Some(state) => {
            let statement = match state {
                State::Pending | State::Processing | State::Failed => sql!("list_in_state"),
                State::Completed | State::Dead => sql!("list_finished"),
            };
            moment.pipeline.add(statement, params![limit, state.code()])
        }
    };
    let counted = moment.pipeline.add(sql!("counts"), Vec::new());
    let answers = moment.see().await?;
    let counts = counts::read(&answers[counted])?;
    let jobs = answers[jobs].iter().map(|row| Ok(read(row)?.job));
    Ok(Page {
        jobs: jobs.collect::<Result<_>>()?,
        total: query
            .state
            .map_or_else(|| counts.total(), |state| counts.of(state)),
    })
}
