//! A copy of the whole store, as it is at one moment, in an SQLite file: it can be put to use wherever there is no
//! server. What is processed is in it as if stopped.

use std::collections::HashMap;

use queuectl_domain::{Chunk, Ending, Fence, Job, Policy, Stream, Timestamp};

use super::fault::Result;
use super::row::Columns;
use super::wire::{Wire, params};
use super::{jobs, settings, sql};
use crate::Progress;
use crate::records::{Code, Columns as _, Gone, Whole, damaged, read_attempt, running};
use crate::sqlite::Draft;

/// How many jobs are read at a time.
const JOBS_AT_ONCE: i64 = 500;

/// How much output is read at a time, in bytes.
const OUTPUT_AT_ONCE: i64 = 8 << 20;

/// Copies all there is into a draft.
pub(super) async fn copy(
    wire: &Wire,
    draft: &mut Draft,
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    wire.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    // It locks nothing that anybody else needs, and the disk that it is written to may be slow.
    wire.client
        .batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        .await?;
    let rows = wire.rows(sql!("backup_facts"), Vec::new()).await?;
    let mut row = Columns::of_one(&rows, "sequences")?;
    let now = row.timestamp()?;
    let (last_name, last_fence): (i64, i64) = (row.next()?, row.next()?);
    let (count, bytes): (u64, u64) = (row.unsigned()?, row.unsigned()?);
    let settings = settings::load(wire).await?;
    let mut after = i64::MIN;
    let mut done = 0;
    loop {
        let asked = params![after, JOBS_AT_ONCE];
        let rows = wire.rows(sql!("every_job"), asked).await?;
        let Some(last) = rows.last() else {
            break;
        };
        after = Columns::of(last).next()?;
        let (mut numbers, mut wholes) = (Vec::new(), Vec::new());
        for row in &rows {
            let (number, job) = jobs::read(row)?;
            numbers.push(number);
            wholes.push(stopped(job, now, &settings.policy)?);
        }
        add_attempts(wire, &numbers, &mut wholes).await?;
        copy_with_output(wire, draft, wholes).await?;
        done += rows.len() as u64;
        let share = done as f64 / count.max(done) as f64;
        progress(Progress {
            done: (bytes as f64 * share) as u64,
            total: bytes,
        });
    }
    draft.finish(&settings, last_name, last_fence)?;
    wire.commit().await?;
    Ok(())
}

/// The job as if its worker had been stopped by the user, if one runs it.
fn stopped(mut job: Job, now: Timestamp, policy: &Policy) -> Result<Whole> {
    let mut attempts = Vec::new();
    if let Some(attempt) = running(&job.life) {
        let (event, ended) = Gone::Ended.parts_with(&attempt, now);
        let life = job.life.apply(&job.spec.rules, event, policy, now);
        job.life = life.map_err(|error| damaged(format!("job '{}' {error}", job.spec.id)))?;
        attempts.extend(ended.map(|ending| (attempt, now, ending)));
    }
    Ok(Whole {
        job,
        attempts,
        output: Vec::new(),
    })
}

/// Adds the attempts that have ended.
async fn add_attempts(wire: &Wire, numbers: &[i64], wholes: &mut [Whole]) -> Result<()> {
    let places: HashMap<i64, usize> = numbers.iter().copied().zip(0..).collect();
    let asked = params![numbers.to_vec()];
    for row in wire.rows(sql!("attempts_of_many"), asked).await? {
        let mut columns = Columns::of(&row);
        let seq: i64 = columns.next()?;
        let attempt = read_attempt(&mut columns)?;
        let ended: (Timestamp, Ending) = attempt
            .ended
            .clone()
            .ok_or_else(|| damaged("an attempt that was written down hasn't ended".into()))?;
        if let Some(&place) = places.get(&seq) {
            wholes[place].attempts.push((attempt, ended.0, ended.1));
        }
    }
    for whole in wholes {
        whole.attempts.sort_by_key(|(attempt, ..)| attempt.fence);
    }
    Ok(())
}

/// Adds jobs to the draft with what they printed, as many at a time as there is room for.
async fn copy_with_output(wire: &Wire, draft: &mut Draft, wholes: Vec<Whole>) -> Result<()> {
    let fences: Vec<i64> = wholes.iter().flat_map(fences_of).collect();
    let mut sizes = HashMap::new();
    for row in wire.rows(sql!("output_sizes"), params![fences]).await? {
        let mut row = Columns::of(&row);
        let (fence, size): (i64, i64) = (row.next()?, row.next()?);
        sizes.insert(fence, size);
    }
    let mut ready = Vec::new();
    let mut size = 0;
    for whole in wholes {
        size += fences_of(&whole)
            .filter_map(|fence| sizes.get(&fence))
            .sum::<i64>();
        ready.push(whole);
        if size >= OUTPUT_AT_ONCE {
            add_output(wire, &mut ready, &sizes).await?;
            draft.add(&ready)?;
            ready.clear();
            size = 0;
        }
    }
    add_output(wire, &mut ready, &sizes).await?;
    draft.add(&ready)?;
    Ok(())
}

fn fences_of(whole: &Whole) -> impl Iterator<Item = i64> {
    whole.attempts.iter().map(|(attempt, ..)| attempt.fence.0)
}

async fn add_output(wire: &Wire, wholes: &mut [Whole], sizes: &HashMap<i64, i64>) -> Result<()> {
    let mut places = HashMap::new();
    for (place, whole) in wholes.iter().enumerate() {
        let printed = fences_of(whole).filter(|fence| sizes.contains_key(fence));
        places.extend(printed.map(|fence| (fence, place)));
    }
    if places.is_empty() {
        return Ok(());
    }
    let fences: Vec<i64> = places.keys().copied().collect();
    for row in wire.rows(sql!("output_of_many"), params![fences]).await? {
        let mut row = Columns::of(&row);
        let fence: i64 = row.next()?;
        let chunk = Chunk {
            offset: row.unsigned()?,
            stream: Stream::from_code(row.next()?)?,
            bytes: row.next()?,
        };
        if let Some(&place) = places.get(&fence) {
            wholes[place].output.push((Fence(fence), chunk));
        }
    }
    Ok(())
}
