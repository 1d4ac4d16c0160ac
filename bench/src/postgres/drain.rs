//! A worker that runs as many short jobs as it can, beside the same on a file.

use crate::measure::drain::SLOTS;
use crate::queue::{Queue, line};
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::Trouble;

const OF_SQLITE: Goal = Goal::AtLeast(0.85);

const JOBS: Unit = Unit::PerSecond("jobs");

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let count = scene.size(20_000, 1_000);
    let mut pairs = Pairs::default();
    for _ in 0..scene.rounds() {
        let reference = drain(scene, &scene.queue()?, count)?;
        let ours = drain(scene, &scene.queue_on_server()?, count)?;
        pairs.push(ours, reference);
    }
    let what = format!("drain {} × `true`, 4 slots", grouped(count as f64));
    Ok(vec![Row::ratio(&what, JOBS, &pairs, "SQLite", OF_SQLITE)])
}

/// Jobs a second of one worker.
fn drain(scene: &Scene, queue: &Queue, count: usize) -> Result<f64, Trouble> {
    queue.fill(&line("true"), count)?;
    scene.server()?.settle_down()?;
    Ok(per_second(count, queue.drain(1, SLOTS, count)?))
}
