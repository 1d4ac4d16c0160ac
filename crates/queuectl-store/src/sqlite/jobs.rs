//! Jobs in and out of the file: the only place that knows how a job is kept.

use queuectl_domain::{
    BackoffBase, Command, Event, Job, JobId, MaxRetries, NativeString, Policy, Priority, Rules,
    ShellName, State, Timeout, TransitionError, WorkerId,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::counters::Counters;
use super::fault::{Result, damaged};
use super::row::Columns;
use super::session::Change;
use super::sql;
use crate::StoreError;
use crate::records::{self, Code, joined, micros, parsed, split};

/// A job and its number.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) seq: i64,
    pub(super) job: Job,
}

impl Kept {
    /// Lets the lifecycle decide what becomes of the job, and saves that.
    pub(super) fn apply(
        &mut self,
        change: &mut Change<'_>,
        event: Event,
        policy: &Policy,
    ) -> Result<()> {
        let job = self.job.apply(event, policy, change.now)?;
        self.save(change, job)
    }

    /// The same, but tells a lost claim from the rest: false if it was lost.
    pub(super) fn apply_if_held(
        &mut self,
        change: &mut Change<'_>,
        event: Event,
        policy: &Policy,
    ) -> Result<bool> {
        match self.job.apply(event, policy, change.now) {
            Ok(job) => self.save(change, job).map(|()| true),
            Err(TransitionError::StaleFence { .. }) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    fn save(&mut self, change: &mut Change<'_>, job: Job) -> Result<()> {
        let mut statement = change.conn.prepare_cached(sql!("save_job"))?;
        let saved = statement.execute(params![
            self.seq,
            job.state.code(),
            job.sort_key().0,
            job.ready_at.0,
            micros(job.rules.timeout.limit().unwrap_or_default()),
            job.attempts,
            job.crashes,
            job.started_at.map(|at| at.0),
            job.finished_at.map(|at| at.0),
            job.exec_time.map(micros),
            job.exit_code,
            job.claim.as_ref().map(|claim| claim.fence.0),
            job.last_worker.as_ref().map(WorkerId::as_str),
            job.last_error,
            job.stop,
        ])?;
        if saved != 1 {
            return Err(damaged(format!("job {} is gone", self.seq)));
        }
        change.counters.moved(Some(self.job.state), Some(job.state));
        self.job = job;
        Ok(())
    }

    /// Deletes the job and all that is known of it.
    pub(super) fn delete(self, change: &mut Change<'_>) -> Result<()> {
        delete(change, self.seq, self.job.state)
    }
}

/// Deletes the job with this number, which is in `state`, and all that is known of it.
pub(super) fn delete(change: &mut Change<'_>, seq: i64, state: State) -> Result<()> {
    for sql in [
        sql!("delete_output_of_job"),
        sql!("delete_attempts_of_job"),
        sql!("delete_command"),
        sql!("delete_job"),
    ] {
        change.conn.prepare_cached(sql)?.execute([seq])?;
    }
    change.counters.moved(Some(state), None);
    Ok(())
}

/// Adds jobs, one after the other; the statements are looked up once for all.
pub(super) struct Inserter<'c> {
    job: CachedStatement<'c>,
    command: CachedStatement<'c>,
}

impl<'c> Inserter<'c> {
    pub(super) fn new(conn: &'c Connection) -> Result<Self> {
        Ok(Self {
            job: conn.prepare_cached(sql!("insert_job"))?,
            command: conn.prepare_cached(sql!("insert_command"))?,
        })
    }

    /// Adds a job; false, and nothing, if its id is taken.
    pub(super) fn insert(&mut self, counters: &mut Counters, seq: i64, job: &Job) -> Result<bool> {
        let inserted = self.job.execute(params![
            seq,
            job.id.as_str(),
            job.state.code(),
            job.sort_key().0,
            job.ready_at.0,
            job.rules.priority.get(),
            micros(job.rules.timeout.limit().unwrap_or_default()),
            job.rules.max_retries.get(),
            job.rules.backoff_base.get(),
            job.attempts,
            job.crashes,
            job.created_at.0,
        ])?;
        if inserted == 0 {
            return Ok(false);
        }
        let (line, shell, argv) = match &job.command {
            Command::Line { line, shell } => (Some(line), shell.as_ref(), None),
            Command::Argv(argv) => (None, None, Some(joined(argv))),
        };
        let shell = shell.map(ShellName::as_str);
        let command = params![seq, line, shell, argv, job.cwd.0];
        self.command.execute(command)?;
        counters.moved(None, Some(job.state));
        Ok(true)
    }
}

/// Adds a job that has come some way already; nothing if its id is taken.
pub(super) fn insert_with_past(
    change: &mut Change<'_>,
    inserter: &mut Inserter<'_>,
    seq: i64,
    job: Job,
) -> Result<Option<Kept>> {
    if !inserter.insert(&mut change.counters, seq, &job)? {
        return Ok(None);
    }
    let mut kept = Kept {
        seq,
        job: job.clone(),
    };
    kept.save(change, job)?;
    Ok(Some(kept))
}

/// The job with this number, if there is one.
pub(super) fn load(conn: &Connection, seq: i64) -> Result<Option<Kept>> {
    let mut statement = conn.prepare_cached(sql!("job"))?;
    let mut rows = statement.query([seq])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let job = read(&mut Columns::of(row))?;
    Ok(Some(Kept { seq, job }))
}

/// The job with this number, which an index says is there.
pub(super) fn load_known(conn: &Connection, seq: i64) -> Result<Kept> {
    load(conn, seq)?.ok_or_else(|| damaged(format!("job {seq} is in an index but not there")))
}

/// The job with this name.
pub(super) fn find(conn: &Connection, id: &JobId) -> Result<Kept> {
    let mut statement = conn.prepare_cached(sql!("find_job"))?;
    let seq = statement
        .query_row([id.as_str()], |row| row.get("seq"))
        .optional()?;
    match seq {
        Some(seq) => load_known(conn, seq),
        None => Err(StoreError::NoSuchJob(id.clone()).into()),
    }
}

/// Which of these names are taken.
pub(super) fn taken(conn: &Connection, ids: &[JobId]) -> Result<Vec<JobId>> {
    let mut statement = conn.prepare_cached(sql!("find_job"))?;
    let mut taken = Vec::new();
    for id in ids {
        if statement.exists([id.as_str()])? {
            taken.push(id.clone());
        }
    }
    Ok(taken)
}

/// The numbers of jobs that a statement finds.
pub(super) fn numbers(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement.query_map(params, |row| row.get("seq"))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Reads the columns in the order in which `job.sql` names them.
fn read(row: &mut Columns<'_>) -> Result<Job> {
    let id: JobId = parsed(row.text()?)?;
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
    let last_worker: Option<WorkerId> = row.optional_text()?.map(parsed).transpose()?;
    let last_error = row.next()?;
    let stop = row.next()?;
    let claim = records::claim(&id, state, fence, last_worker.as_ref())?;
    Ok(Job {
        id,
        command: command(row)?,
        cwd: NativeString(row.next()?),
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

/// The command is taken as it is: it was checked when it came in.
fn command(row: &mut Columns<'_>) -> Result<Command> {
    let line: Option<String> = row.next()?;
    let shell = row.optional_text()?.map(parsed).transpose()?;
    let argv: Option<Vec<u8>> = row.next()?;
    match (line, argv) {
        (Some(line), None) => Ok(Command::Line { line, shell }),
        (None, Some(argv)) => Ok(Command::Argv(split(&argv))),
        _ => Err(damaged("a job has no command, or two".into())),
    }
}
