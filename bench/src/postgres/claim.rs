//! The store by itself, as several workers use it at once: results go in, jobs come out, nothing is run.

use crate::hand::{Hand, together};
use crate::queue::{Queue, line};
use crate::reference::pgbench;
use crate::row::{Goal, Row, Unit};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::Trouble;

const OF_PGBENCH: Goal = Goal::AtLeast(0.8);

const JOBS: Unit = Unit::PerSecond("jobs");
const WORKERS: usize = 4;
/// How many results and jobs go in and out at once.
const BATCH: usize = 32;

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let turns = scene.size(600, 100);
    let mut pairs = Pairs::default();
    for _ in 0..scene.rounds() {
        let reference = filled(scene, turns)?;
        let reference = pgbench::turns(scene, &reference, WORKERS, BATCH, turns)?;
        let ours = filled(scene, turns)?;
        let ours = settle_and_claim(scene, &ours, turns)?;
        pairs.push(ours, reference);
    }
    let what = "settle and claim, 4 workers, 32 at once";
    let reference = "pgbench, the same statements";
    Ok(vec![Row::ratio(what, JOBS, &pairs, reference, OF_PGBENCH)])
}

/// A queue in which more jobs wait than so many turns of each worker take.
fn filled(scene: &Scene, turns: usize) -> Result<Queue, Trouble> {
    let queue = scene.queue_on_server()?;
    queue.fill(&line("true"), WORKERS * BATCH * (turns + 8))?;
    Ok(queue)
}

/// Jobs a second of so many turns of each worker.
fn settle_and_claim(scene: &Scene, queue: &Queue, turns: usize) -> Result<f64, Trouble> {
    let hands = (0..WORKERS).map(|hand| {
        let name = format!("bench-{hand}");
        Hand::new(queue.store()?, &name, BATCH)
    });
    let hands = hands.collect::<Result<Vec<_>, Trouble>>()?;
    scene.server()?.settle_down()?;
    let length = together(hands, |hand| {
        (0..turns).try_for_each(|_| hand.turn().map(|_| ()))
    })?;
    Ok(per_second(WORKERS * BATCH * turns, length))
}
