//! The store by itself: results go in, jobs come out, nothing is run.

use std::time::Instant;

use crate::hand::Hand;
use crate::queue::{Queue, line};
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::Trouble;

const SHALLOW: Goal = Goal::AtLeast(40_000.0);
const DEEP_OF_SHALLOW: Goal = Goal::AtLeast(0.7);

const JOBS: Unit = Unit::PerSecond("jobs");
/// How many results and jobs go in and out at once.
const BATCH: usize = 64;
/// How many jobs are waiting where few are, and how many are taken each time.
const FEW: usize = 10_000;

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let deep = scene.deep()?;
    let mut pairs = Pairs::default();
    for _ in 0..scene.size(15, 5) {
        let shallow = scene.queue()?;
        shallow.fill(&line("true"), FEW)?;
        let shallow = settle_and_claim(&shallow, FEW)?;
        let deep = settle_and_claim(deep, FEW)?;
        pairs.push(deep, shallow);
    }
    let few = format!(
        "settle and claim, 64 at once, {} waiting",
        grouped(FEW as f64)
    );
    let many = format!("the same, {} waiting", grouped(scene.depth() as f64));
    Ok(vec![
        Row::absolute(&few, JOBS, pairs.reference(), SHALLOW),
        Row::ratio(&many, JOBS, &pairs, "10,000 waiting", DEEP_OF_SHALLOW),
    ])
}

/// Jobs a second, until so many have been claimed and settled and are on disk.
fn settle_and_claim(queue: &Queue, count: usize) -> Result<f64, Trouble> {
    let mut hand = Hand::new(queue.store()?, "bench-1", BATCH)?;
    let begun = Instant::now();
    hand.settle(count)?;
    let length = begun.elapsed();
    hand.leave()?;
    Ok(per_second(count, length))
}
