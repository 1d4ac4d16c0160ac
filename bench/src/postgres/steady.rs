//! A queue that neither grows nor empties, for minutes: does what jobs leave behind in the tables of those that wait pile up?

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::server::Size;
use crate::hand::{Hand, together};
use crate::queue::line;
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::Pairs;
use crate::scene::Scene;
use crate::trouble::Trouble;

const NO_LARGER: Goal = Goal::AtMost(1.2);

const WORKERS: usize = 8;
const BATCH: usize = 32;
/// How many jobs wait.
const DEPTH: usize = 10_000;
const QUARTERS: u32 = 4;

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
    let begun = Instant::now();
    let work = |hand: &mut Hand| {
        while begun.elapsed() < quarter * QUARTERS {
            let settled = hand.turn()?;
            hand.store.enqueue(vec![job.clone(); settled])?;
        }
        Ok(())
    };
    let (ended, sizes) = std::thread::scope(|scope| {
        let working = scope.spawn(|| together(hands, work).map(drop));
        let sizes = (1..=QUARTERS).map(|quarters| {
            let left = (begun + quarter * quarters).saturating_duration_since(Instant::now());
            std::thread::sleep(left);
            schema.size_of("jobs")
        });
        let sizes: Result<Vec<_>, Trouble> = sizes.collect();
        let ended = working.join();
        let panicked = || Trouble::Wrong("a worker panicked".to_owned());
        (ended.unwrap_or_else(|_| Err(panicked())), sizes)
    });
    ended?;
    let sizes = sizes?;
    let depth = grouped(DEPTH as f64);
    // The quick run is over before the server has vacuumed for the first time.
    let goal = (!scene.quick).then_some(NO_LARGER);
    let row = |of: &str, size: fn(&Size) -> f64| {
        let mut pairs = Pairs::default();
        if let (Some(first), Some(last)) = (sizes.first(), sizes.last()) {
            pairs.push(mebibytes(size(last)), mebibytes(size(first)));
        }
        let what = format!("a queue of {depth}, 8 workers: {of}");
        Row::ratio(
            &what,
            Unit::Mebibytes,
            &pairs,
            "a quarter of the time",
            goal,
        )
    };
    Ok(vec![
        row("its table with the indexes", |size| size.whole),
        row("its indexes", |size| size.indexes),
    ])
}

fn mebibytes(bytes: f64) -> f64 {
    bytes / (1024.0 * 1024.0)
}
