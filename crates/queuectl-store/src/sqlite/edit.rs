//! What users do to jobs: add, retry, bury, remove, clear.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use queuectl_domain::{Event, Fence, JobId, Life, NewJob, Spec, State, Timeout, Timestamp};
use rusqlite::Connection;

use super::counters::Counters;
use super::fault::{Result, damaged};
use super::jobs::{self, Inserter};
use super::row::Columns;
use super::session::Change;
use super::sql;
use crate::records::{Columns as _, parsed, signed};
use crate::{Batch, Clear, Counts, Existing, Selection, StoreError};

/// Adds jobs, all or none, or all but those whose names are taken.
pub(super) fn enqueue(
    change: &mut Change<'_>,
    new: Vec<NewJob>,
    existing: Existing,
) -> Result<Batch> {
    let named: HashSet<JobId> = if new.iter().any(|job| job.id.is_none()) {
        new.iter().filter_map(|job| job.id.clone()).collect()
    } else {
        HashSet::new()
    };
    let first = change.counters.last_job + 1;
    let mut inserter = Inserter::new(change.conn)?;
    let mut ids = Vec::with_capacity(new.len());
    for mut job in new {
        match job.id.take() {
            Some(id) => ids.extend(insert_named(change, &mut inserter, id, job, existing)?),
            None => ids.push(insert_nameless(change, &mut inserter, &named, job)?),
        }
    }
    Ok(Batch {
        ids,
        numbers: first..=change.counters.last_job,
    })
}

/// Adds a job under its own name; nothing if that is taken and may be.
fn insert_named(
    change: &mut Change<'_>,
    inserter: &mut Inserter<'_>,
    id: JobId,
    new: NewJob,
    existing: Existing,
) -> Result<Option<JobId>> {
    let life = Life::new(change.now);
    let spec = Spec::new(id, new, change.now);
    let seq = next_number(&mut change.counters);
    if inserter.insert(&mut change.counters, seq, &spec, &life)? {
        return Ok(Some(spec.id));
    }
    match existing {
        Existing::Refused => Err(StoreError::JobExists(spec.id).into()),
        Existing::Skipped => Ok(None),
    }
}

/// Adds a job under a name made of its number. Numbers whose name a user has taken are passed over.
fn insert_nameless(
    change: &mut Change<'_>,
    inserter: &mut Inserter<'_>,
    named: &HashSet<JobId>,
    new: NewJob,
) -> Result<JobId> {
    let life = Life::new(change.now);
    let mut spec = Spec::new(JobId::generated(0), new, change.now);
    loop {
        let seq = next_number(&mut change.counters);
        spec.id = JobId::generated(seq.unsigned_abs());
        let is_given = named.contains(&spec.id);
        if !is_given && inserter.insert(&mut change.counters, seq, &spec, &life)? {
            return Ok(spec.id);
        }
    }
}

pub(super) fn next_number(counters: &mut Counters) -> i64 {
    counters.last_job += 1;
    counters.last_job
}

/// Takes back those jobs that nobody has begun to run.
pub(super) fn withdraw(change: &mut Change<'_>, numbers: RangeInclusive<i64>) -> Result<u64> {
    let mut withdrawn = 0;
    for seq in numbers {
        let Some(kept) = jobs::load(change.conn, seq)? else {
            continue;
        };
        if kept.life.is_untouched() {
            jobs::delete(change, seq, kept.life.state)?;
            withdrawn += 1;
        }
    }
    Ok(withdrawn)
}

/// Takes dead jobs out of the dead letter queue, all or none.
pub(super) fn retry(
    change: &mut Change<'_>,
    which: &Selection,
    timeout: Option<Timeout>,
) -> Result<Vec<JobId>> {
    let policy = change.settings()?.policy;
    let mut ids = Vec::new();
    let mut start_over = |change: &mut Change<'_>, id: JobId| -> Result<()> {
        let mut kept = jobs::find(change.conn, &id)?;
        let life = kept.apply(Event::Retry, &policy, change.now);
        let life = life.map_err(StoreError::refused_by(&id))?;
        jobs::save(change, &mut kept, life)?;
        if let Some(timeout) = timeout {
            jobs::set_timeout(change.conn, kept.number, timeout)?;
        }
        ids.push(id);
        Ok(())
    };
    match which {
        Selection::Jobs(wanted) => {
            let mut seen = HashSet::new();
            for id in wanted.iter().filter(|id| seen.insert(*id)) {
                start_over(change, id.clone())?;
            }
        }
        Selection::AllDead => {
            for id in dead(change.conn)? {
                start_over(change, id)?;
            }
        }
    }
    Ok(ids)
}

/// The names of all dead jobs.
fn dead(conn: &Connection) -> Result<Vec<JobId>> {
    let mut statement = conn.prepare_cached(sql!("dead"))?;
    let mut rows = statement.query([])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(parsed(Columns::of(row).text()?)?);
    }
    Ok(ids)
}

/// Puts a waiting job into the dead letter queue.
pub(super) fn bury(change: &mut Change<'_>, id: &JobId, reason: Option<String>) -> Result<()> {
    change_by_hand(change, id, Event::Bury { reason })?;
    Ok(())
}

/// Asks for the end of a job's run; returns the claim it runs under.
pub(super) fn stop(change: &mut Change<'_>, id: &JobId, reason: Option<String>) -> Result<Fence> {
    let life = change_by_hand(change, id, Event::Stop { reason })?;
    let claim = life.claim.map(|claim| claim.fence);
    claim.ok_or_else(|| damaged(format!("nobody processes job {id}")))
}

/// Has something happen to the job with this name, if the job allows it.
fn change_by_hand(change: &mut Change<'_>, id: &JobId, event: Event) -> Result<Life> {
    let policy = change.settings()?.policy;
    let mut kept = jobs::find(change.conn, id)?;
    let life = kept.apply(event, &policy, change.now);
    let life = life.map_err(StoreError::refused_by(id))?;
    jobs::save(change, &mut kept, life)?;
    Ok(kept.life)
}

/// Deletes one job.
pub(super) fn remove(change: &mut Change<'_>, id: &JobId) -> Result<()> {
    let kept = jobs::find(change.conn, id)?;
    let removable = kept.life.check_removable();
    removable.map_err(StoreError::refused_by(id))?;
    jobs::delete(change, kept.number, kept.life.state)
}

/// Deletes jobs; returns how many.
pub(super) fn clear(change: &mut Change<'_>, what: Clear) -> Result<u64> {
    match what {
        Clear::Dead => clear_dead(change),
        Clear::All { force } => clear_all(change, force),
    }
}

/// The numbers of completed jobs that ended before a moment, those that ended first.
pub(super) fn completed_before(
    conn: &Connection,
    before: Timestamp,
    most: usize,
) -> Result<Vec<i64>> {
    jobs::numbers(
        conn,
        sql!("completed_before"),
        [before.0, signed(most as u64)],
    )
}

/// Deletes them; returns how many.
pub(super) fn forget_completed(
    change: &mut Change<'_>,
    before: Timestamp,
    most: usize,
) -> Result<u64> {
    let old = completed_before(change.conn, before, most)?;
    for seq in &old {
        jobs::delete(change, *seq, State::Completed)?;
    }
    Ok(old.len() as u64)
}

fn clear_dead(change: &mut Change<'_>) -> Result<u64> {
    let dead = change.counters.jobs.of(State::Dead);
    if dead > 0 {
        for sql in [
            sql!("delete_dead_output"),
            sql!("delete_dead_attempts"),
            sql!("delete_dead_commands"),
            sql!("delete_dead_jobs"),
        ] {
            change.conn.prepare_cached(sql)?.execute([])?;
        }
        *change.counters.jobs.of_mut(State::Dead) = 0;
    }
    Ok(dead)
}

fn clear_all(change: &mut Change<'_>, force: bool) -> Result<u64> {
    let running = change.counters.jobs.of(State::Processing);
    if running > 0 && !force {
        return Err(StoreError::BeingProcessed(running).into());
    }
    let total = change.counters.jobs.total();
    if total > 0 {
        for sql in [
            sql!("delete_all_output"),
            sql!("delete_all_attempts"),
            sql!("delete_all_commands"),
            sql!("delete_all_jobs"),
        ] {
            change.conn.prepare_cached(sql)?.execute([])?;
        }
        change.counters.jobs = Counts::default();
    }
    Ok(total)
}
