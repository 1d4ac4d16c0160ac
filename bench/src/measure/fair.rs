//! Several worker processes on one queue: does each get its share?

use std::collections::HashMap;

use queuectl_store::Query;

use crate::queue::{line, until};
use crate::row::{Goal, Row, Unit};
use crate::sample::median;
use crate::scene::Scene;
use crate::trouble::Trouble;

const SLOWEST_OF_MEAN: Goal = Goal::AtLeast(0.7);

const WORKERS: usize = 8;

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let count = scene.size(4_000, 800);
    let mut shares = Vec::new();
    for _ in 0..scene.rounds() {
        shares.push(round(scene, count)?);
    }
    let what = "8 worker processes: jobs of the slowest ÷ the mean";
    let share = median(&shares);
    Ok(vec![Row::absolute(
        what,
        Unit::Ratio,
        share,
        SLOWEST_OF_MEAN,
    )])
}

fn round(scene: &Scene, count: usize) -> Result<f64, Trouble> {
    let queue = scene.queue()?;
    let workers = queue.workers(WORKERS, 1)?;
    queue.fill(&line("true"), count)?;
    let mut store = queue.store()?;
    until(
        "all jobs have run",
        || Ok(store.counts()?.unfinished() == 0),
    )?;
    workers.stop()?;
    let all = Query {
        state: None,
        limit: count,
    };
    let mut run_by: HashMap<String, usize> = HashMap::new();
    for job in store.list(&all)?.jobs {
        for attempt in store.attempts(&job.spec.id)? {
            *run_by.entry(attempt.worker.to_string()).or_default() += 1;
        }
    }
    let slowest = match run_by.len() {
        WORKERS => run_by.values().min().copied().unwrap_or(0),
        // One that has run nothing isn't in the attempts.
        _ => 0,
    };
    let mean = run_by.values().sum::<usize>() as f64 / WORKERS as f64;
    Ok(slowest as f64 / mean)
}
