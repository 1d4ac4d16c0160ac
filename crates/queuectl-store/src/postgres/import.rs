//! Jobs of another store, with their past.

use std::collections::HashSet;

use queuectl_domain::{Attempt, Fence, History, Job, State};

use super::change::Change;
use super::fault::Result;
use super::jobs::{self, Tracked, Was};
use super::row::Columns;
use super::wire::{Pipeline, Wire, params};
use super::{enqueue, sql};
use crate::records::{Kept, ended, last_made};
use crate::{Batch, Existing, StoreError};

/// Adds jobs with all that is known of them, all or none, or all but those whose names are taken.
pub(super) async fn add(
    change: &mut Change<'_>,
    histories: &[History],
    existing: Existing,
) -> Result<Batch> {
    let settings = change.settings().await?;
    let new = new_ones(change.wire, histories, existing).await?;
    let block = draw_block(change.wire, &new).await?;
    let numbers = block + 1..;
    let jobs: Vec<(i64, Job)> = numbers
        .zip(&new)
        .map(|(number, history)| {
            let job = history.job.clone();
            (number, job.taken_over(&settings.policy, change.now))
        })
        .collect();
    // They come as if they were new, and are then what they are.
    enqueue::insert(change, &jobs).await?;
    change.count(State::Pending, jobs.len() as i64);
    let runs = new.iter().map(|history| history.runs.len()).sum();
    let mut fences = fences(change.wire, runs).await?.into_iter();
    for ((seq, job), history) in jobs.iter().zip(&new) {
        for run in &history.runs {
            let fence = fences.next().ok_or_else(too_few)?;
            let attempt = Attempt {
                fence,
                ..run.attempt.clone()
            };
            let (ended_at, ending) = ended(&attempt, change.now);
            change.ended.record(*seq, &attempt, ended_at, &ending);
            let limit = settings.output_limit;
            change.pieces.append(fence, &run.output, limit);
        }
        change.put(&Tracked {
            kept: Kept {
                number: *seq,
                life: job.life.clone(),
                rules: job.spec.rules,
            },
            was: Was {
                state: State::Pending,
                fence: None,
                to_stop: false,
            },
        });
    }
    if !jobs.is_empty() {
        change.ring();
    }
    let last = block + jobs.len() as i64;
    Ok(Batch {
        ids: jobs.iter().map(|(_, job)| job.spec.id.clone()).collect(),
        numbers: block + 1..=last,
    })
}

/// Draws a block of numbers. Ids that are made from now on come after those that were made elsewhere.
async fn draw_block(wire: &Wire, new: &[&History]) -> Result<i64> {
    let last = last_made(new.iter().map(|history| &history.job.spec.id));
    let mut pipeline = Pipeline::on(wire);
    pipeline.add(sql!("make_ids_after"), params![last]);
    let drawn = pipeline.add(sql!("draw_numbers"), params![0_i64]);
    let answers = pipeline.run().await?;
    let (block, _) = enqueue::read_drawn(&answers[drawn])?;
    Ok(block)
}

/// Those whose names aren't taken, neither in the store nor by one before them.
async fn new_ones<'h>(
    wire: &Wire,
    histories: &'h [History],
    existing: Existing,
) -> Result<Vec<&'h History>> {
    let ids: Vec<_> = histories
        .iter()
        .map(|history| history.job.spec.id.clone())
        .collect();
    let taken = jobs::taken(wire, &ids).await?;
    let mut seen = HashSet::new();
    let mut new = Vec::with_capacity(histories.len());
    for history in histories {
        let id = &history.job.spec.id;
        if !taken.contains(id) && seen.insert(id) {
            new.push(history);
        } else if existing == Existing::Refused {
            return Err(StoreError::JobExists(id.clone()).into());
        }
    }
    Ok(new)
}

async fn fences(wire: &Wire, count: usize) -> Result<Vec<Fence>> {
    let rows = wire
        .rows(sql!("draw_fences"), params![count as i64])
        .await?;
    let fences = rows.iter().map(|row| Ok(Fence(Columns::of(row).next()?)));
    fences.collect()
}

fn too_few() -> StoreError {
    StoreError::Internal("the server gave fewer numbers than were asked for".into())
}
