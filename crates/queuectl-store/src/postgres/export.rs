//! Jobs on their way into another store, with their past.

use std::collections::HashMap;

use queuectl_domain::{Attempt, Chunk, History, Run, Stream};

use super::fault::Result;
use super::row::Columns;
use super::wire::{Wire, params};
use super::{jobs, sql};
use crate::records::{Code, Columns as _, read_attempt, running, signed};

/// Some jobs with all that is known of them, in the order of their numbers.
pub(super) async fn some(wire: &Wire, after: i64, most: usize) -> Result<Vec<(i64, History)>> {
    let asked = params![after, signed(most as u64)];
    let rows = wire.rows(sql!("every_job"), asked).await?;
    let jobs = rows.iter().map(jobs::read).collect::<Result<Vec<_>>>()?;
    let numbers: Vec<i64> = jobs.iter().map(|(number, _)| *number).collect();
    let mut past = past_of(wire, numbers).await?;
    for (number, job) in &jobs {
        let running = running(&job.life);
        past.entry(*number).or_default().extend(running);
    }
    let all = past.values().flatten();
    let mut printed = printed(wire, all.map(|attempt| attempt.fence.0).collect()).await?;
    let histories = jobs.into_iter().map(|(number, job)| {
        let mut attempts = past.remove(&number).unwrap_or_default();
        attempts.sort_by_key(|attempt| attempt.fence);
        let runs = attempts.into_iter().map(|attempt| Run {
            output: printed.remove(&attempt.fence.0).unwrap_or_default(),
            attempt,
        });
        let runs = runs.collect();
        (number, History { job, runs })
    });
    Ok(histories.collect())
}

/// The attempts that have ended, by the numbers of their jobs.
async fn past_of(wire: &Wire, numbers: Vec<i64>) -> Result<HashMap<i64, Vec<Attempt>>> {
    let mut past = HashMap::<_, Vec<_>>::new();
    let rows = wire.rows(sql!("attempts_of_many"), params![numbers]);
    for row in rows.await? {
        let mut row = Columns::of(&row);
        let seq: i64 = row.next()?;
        past.entry(seq).or_default().push(read_attempt(&mut row)?);
    }
    Ok(past)
}

/// What was printed, by fences.
async fn printed(wire: &Wire, fences: Vec<i64>) -> Result<HashMap<i64, Vec<Chunk>>> {
    let mut printed = HashMap::<_, Vec<_>>::new();
    for row in wire.rows(sql!("output_of_many"), params![fences]).await? {
        let mut row = Columns::of(&row);
        let fence: i64 = row.next()?;
        printed.entry(fence).or_default().push(Chunk {
            offset: row.unsigned()?,
            stream: Stream::from_code(row.next()?)?,
            bytes: row.next()?,
        });
    }
    Ok(printed)
}
