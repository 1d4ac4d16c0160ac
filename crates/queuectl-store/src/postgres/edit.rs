//! What users do to jobs: retry, bury, withdraw, remove, clear.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use queuectl_domain::{Event, Fence, JobId, Life, State, Timeout};
use tokio_postgres::Row;

use super::change::Change;
use super::fault::Result;
use super::jobs::{self, Tracked};
use super::row::Columns;
use super::sql;
use super::wire::{Pipeline, params};
use crate::records::{Code, damaged, micros};
use crate::{Clear, Selection, StoreError};

/// How many dead jobs are loaded at a time.
const AT_ONCE: i64 = 5_000;

/// Takes dead jobs out of the dead letter queue, all or none.
pub(super) async fn retry(
    change: &mut Change<'_>,
    which: &Selection,
    timeout: Option<Timeout>,
) -> Result<Vec<JobId>> {
    let policy = change.settings().await?.policy;
    let mut ids = Vec::new();
    let mut start_over = |change: &mut Change<'_>, mut dead: Tracked, id: &JobId| -> Result<i64> {
        let life = dead.kept.apply(Event::Retry, &policy, change.now);
        dead.kept.life = life.map_err(StoreError::refused_by(id))?;
        change.put(&dead);
        ids.push(id.clone());
        Ok(dead.kept.number)
    };
    let mut numbers = Vec::new();
    match which {
        Selection::Jobs(wanted) => {
            let mut seen = HashSet::new();
            for id in wanted.iter().filter(|id| seen.insert(*id)) {
                let dead = jobs::find(change.wire, id).await?;
                numbers.push(start_over(change, dead, id)?);
            }
            set_timeout(change, numbers, timeout);
        }
        Selection::AllDead => {
            let mut after = i64::MIN;
            loop {
                let asked = params![after, AT_ONCE];
                let rows = change.wire.rows(sql!("dead"), asked).await?;
                if rows.is_empty() {
                    break;
                }
                for row in &rows {
                    let (dead, id) = Tracked::read_named(row)?;
                    after = start_over(change, dead, &id)?;
                    numbers.push(after);
                }
                set_timeout(change, std::mem::take(&mut numbers), timeout);
                change.flush().await?;
            }
        }
    }
    if !ids.is_empty() {
        change.ring();
    }
    Ok(ids)
}

/// Gives jobs a new timeout, if there is one.
fn set_timeout(change: &mut Change<'_>, numbers: Vec<i64>, timeout: Option<Timeout>) {
    if let Some(timeout) = timeout {
        let timeout = micros(timeout.limit().unwrap_or_default());
        change.later(sql!("set_timeout"), params![numbers, timeout]);
    }
}

/// Puts a waiting job into the dead letter queue.
pub(super) async fn bury(
    change: &mut Change<'_>,
    id: &JobId,
    reason: Option<String>,
) -> Result<()> {
    change_by_hand(change, id, Event::Bury { reason }).await?;
    Ok(())
}

/// Asks for the end of a job's run; returns the claim it runs under.
pub(super) async fn stop(
    change: &mut Change<'_>,
    id: &JobId,
    reason: Option<String>,
) -> Result<Fence> {
    let life = change_by_hand(change, id, Event::Stop { reason }).await?;
    let claim = life.claim.map(|claim| claim.fence);
    Ok(claim.ok_or_else(|| damaged(format!("nobody processes job {id}")))?)
}

/// Has something happen to the job with this name, if the job allows it.
async fn change_by_hand(change: &mut Change<'_>, id: &JobId, event: Event) -> Result<Life> {
    let policy = change.settings().await?.policy;
    let mut job = jobs::find(change.wire, id).await?;
    let life = job.kept.apply(event, &policy, change.now);
    job.kept.life = life.map_err(StoreError::refused_by(id))?;
    change.put(&job);
    Ok(job.kept.life)
}

/// Takes back those jobs that nobody has begun to run.
pub(super) async fn withdraw(
    change: &mut Change<'_>,
    numbers: &RangeInclusive<i64>,
) -> Result<u64> {
    let asked = params![*numbers.start(), *numbers.end()];
    let rows = change.wire.rows(sql!("untouched"), asked).await?;
    let mut untouched = Vec::with_capacity(rows.len());
    for row in &rows {
        let job = Tracked::read(row)?;
        if job.kept.life.is_untouched() {
            untouched.push(job);
        }
    }
    delete(change, &untouched).await?;
    Ok(untouched.len() as u64)
}

/// Deletes one job.
pub(super) async fn remove(change: &mut Change<'_>, id: &JobId) -> Result<()> {
    let job = jobs::find(change.wire, id).await?;
    let removable = job.kept.life.check_removable();
    removable.map_err(StoreError::refused_by(id))?;
    delete(change, &[job]).await
}

/// Deletes jobs and all that is known of them, if they are still as they were loaded.
async fn delete(change: &mut Change<'_>, gone: &[Tracked]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let numbers = gone.iter().map(|job| job.kept.number).collect();
    let states = gone.iter().map(|job| job.was.state).collect();
    delete_all(change, numbers, states).await
}

/// Deletes jobs by their numbers, if they are still in these states.
pub(super) async fn delete_all(
    change: &mut Change<'_>,
    numbers: Vec<i64>,
    states: Vec<State>,
) -> Result<()> {
    let codes: Vec<i64> = states.iter().map(|state| state.code()).collect();
    let mut pipeline = Pipeline::on(change.wire);
    pipeline.add(sql!("delete_jobs"), params![numbers.clone(), codes]);
    pipeline.add(sql!("delete_output"), params![numbers.clone()]);
    pipeline.add(sql!("delete_attempts"), params![numbers.clone()]);
    pipeline.add(sql!("delete_specs"), params![numbers]);
    pipeline.run().await?;
    for state in states {
        change.moved(Some(state), None);
    }
    Ok(())
}

/// Deletes jobs; returns how many.
pub(super) async fn clear(change: &mut Change<'_>, what: Clear) -> Result<u64> {
    match what {
        Clear::Dead => clear_dead(change).await,
        Clear::All { force } => clear_all(change, force).await,
    }
}

async fn clear_dead(change: &mut Change<'_>) -> Result<u64> {
    let deleted = change.wire.rows(sql!("delete_dead"), Vec::new()).await?;
    let dead: i64 = Columns::of_one(&deleted, "dead")?.next()?;
    change.count(State::Dead, -dead);
    Ok(dead.unsigned_abs())
}

async fn clear_all(change: &mut Change<'_>, force: bool) -> Result<u64> {
    // Nobody adds, changes or ends any meanwhile.
    change.wire.rows(sql!("lock_jobs"), Vec::new()).await?;
    let rows = change.wire.rows(sql!("check_counts"), Vec::new()).await?;
    let mut total = 0;
    for (state, count) in read_counts(&rows)? {
        if state == State::Processing && count > 0 && !force {
            return Err(StoreError::BeingProcessed(count.unsigned_abs()).into());
        }
        change.count(state, -count);
        total += count;
    }
    if total > 0 {
        let mut pipeline = Pipeline::on(change.wire);
        for sql in [
            sql!("delete_all_output"),
            sql!("delete_all_attempts"),
            sql!("delete_all_specs"),
            sql!("delete_all_jobs"),
            sql!("delete_all_finished"),
        ] {
            pipeline.add(sql, Vec::new());
        }
        pipeline.run().await?;
    }
    Ok(total.unsigned_abs())
}

/// Reads how many jobs there are in each state. Those in a state that doesn't exist aren't counted.
pub(super) fn read_counts(rows: &[Row]) -> Result<Vec<(State, i64)>> {
    let mut counts = Vec::new();
    for row in rows {
        let mut row = Columns::of(row);
        if let Ok(state) = State::from_code(row.next()?) {
            counts.push((state, row.next()?));
        }
    }
    Ok(counts)
}
