//! A queue that neither grows nor empties, for minutes: does what jobs leave behind in the tables of those that wait pile up?

use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::hand::{Hand, together};
use crate::queue::line;
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::Trouble;

const OF_FIRST_QUARTER: Goal = Goal::AtLeast(0.9);
const NO_LARGER: Goal = Goal::AtMost(1.2);

const JOBS: Unit = Unit::PerSecond("jobs");
const WORKERS: usize = 8;
const BATCH: usize = 32;
/// How many jobs wait.
const DEPTH: usize = 10_000;
const QUARTERS: usize = 4;

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    // The server looks once a minute whether there is something to vacuum.
    let quarter = Duration::from_secs(scene.size(90, 5));
    let schema = Rc::new(scene.server()?.schema());
    let queue = scene.queue()?.on(Rc::clone(&schema));
    let command = line("true");
    queue.fill(&command, DEPTH)?;
    scene.server()?.settle_down()?;
    let job = queue.job(&command);
    let hands = (0..WORKERS).map(|hand| {
        let name = format!("bench-{hand}");
        Hand::new(queue.store()?, &name, BATCH)
    });
    let hands = hands.collect::<Result<Vec<_>, Trouble>>()?;
    let done = Mutex::new(0);
    let begun = Instant::now();
    let work = |hand: &mut Hand| {
        while begun.elapsed() < quarter * QUARTERS as u32 {
            let settled = hand.turn()?;
            hand.store.enqueue(vec![job.clone(); settled])?;
            *done.lock().expect("nobody panics with it") += settled;
        }
        Ok(())
    };
    let (ended, looked) = std::thread::scope(|scope| {
        let working = scope.spawn(|| together(hands, work).map(drop));
        let looked = (1..=QUARTERS as u32).map(|quarters| {
            let left = (begun + quarter * quarters).saturating_duration_since(Instant::now());
            std::thread::sleep(left);
            let jobs = *done.lock().expect("nobody panics with it");
            let (table, indexes) = schema.bytes_of("jobs")?;
            Ok(Look {
                jobs,
                table,
                indexes,
            })
        });
        let looked: Result<Vec<_>, Trouble> = looked.collect();
        let ended = working.join();
        (
            ended.unwrap_or_else(|_| Err(Trouble::Wrong("a worker panicked".to_owned()))),
            looked,
        )
    });
    ended?;
    let what = format!("a queue of {}, 8 workers", grouped(DEPTH as f64));
    let row = |unit, of: &str, figures: Vec<f64>, goal| {
        let mut pairs = Pairs::default();
        if let (Some(first), Some(last)) = (figures.first(), figures.last()) {
            pairs.push(*last, *first);
        }
        let what = format!("{what}: {of}");
        Row::ratio(&what, unit, &pairs, "first quarter", goal)
    };
    let looked = looked?;
    let before = std::iter::once(0).chain(looked.iter().map(|look| look.jobs));
    let speeds = looked.iter().zip(before);
    let speeds = speeds.map(|(look, before)| per_second(look.jobs - before, quarter));
    let of = |bytes: fn(&Look) -> f64| looked.iter().map(bytes).map(mebibytes).collect();
    Ok(vec![
        row(JOBS, "last quarter", speeds.collect(), OF_FIRST_QUARTER),
        row(
            Unit::Mebibytes,
            "table of those that wait and run, with its indexes",
            of(|look| look.table),
            NO_LARGER,
        ),
        row(
            Unit::Mebibytes,
            "the indexes of that",
            of(|look| look.indexes),
            NO_LARGER,
        ),
    ])
}

/// How far it is at the end of a quarter.
struct Look {
    /// How many jobs have been done since the beginning.
    jobs: usize,
    /// The size of the table of jobs and its indexes, in bytes.
    table: f64,
    /// The size of its indexes.
    indexes: f64,
}

fn mebibytes(bytes: f64) -> f64 {
    bytes / (1024.0 * 1024.0)
}
