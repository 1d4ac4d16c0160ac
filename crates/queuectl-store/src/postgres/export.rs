//! Jobs on their way into another store, with their past.

use std::collections::HashMap;

use queuectl_domain::{Attempt, Chunk, History, Run, Stream};

use super::fault::Result;
use super::row::Columns;
use super::wire::{Wire, params};
use super::{attempts, jobs, sql};
use crate::records::{Code, running, signed};

/// Some jobs with all that is known of them, in the order of their numbers.
pub(super) async fn some(wire: &Wire, after: i64, most: usize) -> Result<Vec<(i64, History)>> {
    let asked = params![after, signed(most as u64)];
    let rows = wire.rows(sql!("every_job"), asked).await?;
    let kept = rows.iter().map(jobs::read).collect::<Result<Vec<_>>>()?;
    let numbers: Vec<i64> = kept.iter().map(|kept| kept.seq).collect();
    let mut past = past_of(wire, numbers).await?;
    for kept in &kept {
        let running = running(&kept.job);
        past.entry(kept.seq).or_default().extend(running);
    }
    let all = past.values().flatten();
    let mut printed = printed(wire, all.map(|attempt| attempt.fence.0).collect()).await?;
    let histories = kept.into_iter().map(|kept| {
        let mut attempts = past.remove(&kept.seq).unwrap_or_default();
        attempts.sort_by_key(|attempt| attempt.fence);
        let runs = attempts.into_iter().map(|attempt| Run {
            output: printed.remove(&attempt.fence.0).unwrap_or_default(),
            attempt,
        });
        let runs = runs.collect();
        (
            kept.seq,
            History {
                job: kept.job,
                runs,
            },
        )
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
        past.entry(seq).or_default().push(attempts::read(&mut row)?);
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
