//! Jobs in and out of the file: the only place that knows how a job is kept.

use queuectl_domain::{
    Command, Event, Job, JobId, Life, Policy, Rules, ShellName, Spec, State, Timeout, WorkerId,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::counters::Counters;
use super::fault::{Fault, Result, damaged};
use super::row::Columns;
use super::session::Change;
use super::sql;
use crate::StoreError;
use crate::records::{Code, Columns as _, Kept, joined, micros, parsed};

/// Lets the lifecycle decide what becomes of a job, and saves that.
pub(super) fn apply(
    change: &mut Change<'_>,
    kept: &mut Kept,
    event: Event,
    policy: &Policy,
) -> Result<()> {
    let life = kept.must(event, policy, change.now)?;
    save(change, kept, life)
}

/// The same for the end of a claim: false, and nothing, if it is lost.
pub(super) fn apply_if_held(
    change: &mut Change<'_>,
    kept: &mut Kept,
    event: Event,
    policy: &Policy,
) -> Result<bool> {
    match kept.if_held(event, policy, change.now)? {
        Some(life) => save(change, kept, life).map(|()| true),
        None => Ok(false),
    }
}

/// Saves what has become of a job.
pub(super) fn save(change: &mut Change<'_>, kept: &mut Kept, life: Life) -> Result<()> {
    write_life(change.conn, kept.number, &kept.rules, &life)?;
    change
        .counters
        .moved(Some(kept.life.state), Some(life.state));
    kept.life = life;
    Ok(())
}

fn write_life(conn: &Connection, number: i64, rules: &Rules, life: &Life) -> Result<()> {
    let mut statement = conn.prepare_cached(sql!("save_job"))?;
    let saved = statement.execute(params![
        number,
        life.state.code(),
        life.sort_key(rules.priority).0,
        life.ready_at.0,
        life.attempts,
        life.crashes,
        life.started_at.map(|at| at.0),
        life.finished_at.map(|at| at.0),
        life.exec_time.map(micros),
        life.exit_code,
        life.claim.as_ref().map(|claim| claim.fence.0),
        life.last_worker.as_ref().map(WorkerId::as_str),
        life.last_error,
        life.stop,
    ])?;
    if saved != 1 {
        return Err(damaged(format!("job number {number} is gone")));
    }
    Ok(())
}

/// Gives a job a new timeout.
pub(super) fn set_timeout(conn: &Connection, number: i64, timeout: Timeout) -> Result<()> {
    let timeout = micros(timeout.limit().unwrap_or_default());
    let mut statement = conn.prepare_cached(sql!("set_timeout"))?;
    statement.execute([number, timeout])?;
    Ok(())
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
    pub(super) fn insert(
        &mut self,
        counters: &mut Counters,
        number: i64,
        spec: &Spec,
        life: &Life,
    ) -> Result<bool> {
        let rules = &spec.rules;
        let inserted = self.job.execute(params![
            number,
            spec.id.as_str(),
            life.state.code(),
            life.sort_key(rules.priority).0,
            life.ready_at.0,
            rules.priority.get(),
            micros(rules.timeout.limit().unwrap_or_default()),
            rules.max_retries.get(),
            rules.backoff_base.get(),
            life.attempts,
            life.crashes,
            spec.created_at.0,
        ])?;
        if inserted == 0 {
            return Ok(false);
        }
        let (line, shell, argv) = match &spec.command {
            Command::Line { line, shell } => (Some(line), shell.as_ref(), None),
            Command::Argv(argv) => (None, None, Some(joined(argv))),
        };
        let shell = shell.map(ShellName::as_str);
        let command = params![number, line, shell, argv, spec.cwd.0];
        self.command.execute(command)?;
        counters.moved(None, Some(life.state));
        Ok(true)
    }
}

/// Adds a job that has come some way already; false, and nothing, if its id is taken.
pub(super) fn insert_with_past(
    change: &mut Change<'_>,
    inserter: &mut Inserter<'_>,
    number: i64,
    job: &Job,
) -> Result<bool> {
    let Job { spec, life } = job;
    if !inserter.insert(&mut change.counters, number, spec, life)? {
        return Ok(false);
    }
    write_life(change.conn, number, &spec.rules, life)?;
    Ok(true)
}

/// How far the job with this number has come, if there is one.
pub(super) fn load(conn: &Connection, number: i64) -> Result<Option<Kept>> {
    let mut statement = conn.prepare_cached(sql!("life"))?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?;
    row.map(|row| Kept::read(&mut Columns::of(row))).transpose()
}

/// How far a job has come that an index says is there.
pub(super) fn load_known(conn: &Connection, number: i64) -> Result<Kept> {
    load(conn, number)?.ok_or_else(|| missing(number))
}

/// The same, with its name.
pub(super) fn load_named(conn: &Connection, number: i64) -> Result<(Kept, JobId)> {
    let mut statement = conn.prepare_cached(sql!("life"))?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?.ok_or_else(|| missing(number))?;
    let row = &mut Columns::of(row);
    Ok((Kept::read(row)?, parsed(row.text()?)?))
}

/// The job with this number, if there is one.
pub(super) fn load_whole(conn: &Connection, number: i64) -> Result<Option<(Kept, Spec)>> {
    let mut statement = conn.prepare_cached(sql!("job"))?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?;
    row.map(|row| Kept::read_whole(&mut Columns::of(row)))
        .transpose()
}

/// A job that is there.
pub(super) fn job(conn: &Connection, number: i64) -> Result<Job> {
    let (kept, spec) = load_whole_known(conn, number)?;
    Ok(kept.into_job(spec))
}

/// A job that an index says is there.
pub(super) fn load_whole_known(conn: &Connection, number: i64) -> Result<(Kept, Spec)> {
    load_whole(conn, number)?.ok_or_else(|| missing(number))
}

fn missing(number: i64) -> Fault {
    damaged(format!("job number {number} is in an index but not there"))
}

/// The number of the job with this name.
pub(super) fn number_of(conn: &Connection, id: &JobId) -> Result<i64> {
    let mut statement = conn.prepare_cached(sql!("find_job"))?;
    let number = statement
        .query_row([id.as_str()], |row| row.get("seq"))
        .optional()?;
    number.ok_or_else(|| StoreError::NoSuchJob(id.clone()).into())
}

/// How far the job with this name has come.
pub(super) fn find(conn: &Connection, id: &JobId) -> Result<Kept> {
    load_known(conn, number_of(conn, id)?)
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
