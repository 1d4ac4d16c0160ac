//! A long run: is it as fast at its end as at its beginning, and if somebody keeps the server from cleaning up?

use std::sync::Mutex;
use std::time::Instant;

use crate::hand::{Hand, together};
use crate::queue::line;
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::Trouble;

const OF_FIRST_TENTH: Goal = Goal::AtLeast(0.9);

const JOBS: Unit = Unit::PerSecond("jobs");
const WORKERS: usize = 8;
const BATCH: usize = 32;

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let count = scene.size(1_000_000, 50_000);
    let what = format!("settle and claim {} jobs, 8 workers", grouped(count as f64));
    let held = format!("{what}, a transaction open all the time");
    let row = |what: &str, pairs: &Pairs| {
        let what = format!("{what}: last tenth");
        Row::ratio(&what, JOBS, pairs, "first tenth", OF_FIRST_TENTH)
    };
    let (mut alone, mut hindered) = (Pairs::default(), Pairs::default());
    // A checkpoint or a vacuum falls into one tenth or another.
    for _ in 0..scene.size(3, 1) {
        run(scene, count, false, &mut alone)?;
        run(scene, count, true, &mut hindered)?;
    }
    Ok(vec![row(&what, &alone), row(&held, &hindered)])
}

/// Adds the last tenth of a run beside the first.
fn run(scene: &Scene, count: usize, hindered: bool, pairs: &mut Pairs) -> Result<(), Trouble> {
    let queue = scene.queue_on_server()?;
    queue.fill(&line("true"), count)?;
    let server = scene.server()?;
    server.settle_down()?;
    let held = hindered.then(|| server.long_transaction()).transpose()?;
    let hands = (0..WORKERS).map(|hand| {
        let name = format!("bench-{hand}");
        Hand::new(queue.store()?, &name, BATCH)
    });
    let hands = hands.collect::<Result<Vec<_>, Trouble>>()?;
    let progress = Mutex::new(Progress::new(count));
    together(hands, |hand| {
        loop {
            let done = hand.turn()?;
            let mut progress = progress.lock().expect("nobody panics with it");
            if progress.made(done) {
                return Ok(());
            }
        }
    })?;
    drop(held);
    let speeds = progress
        .into_inner()
        .expect("nobody panics with it")
        .speeds();
    if let (Some(first), Some(last)) = (speeds.first(), speeds.last()) {
        pairs.push(*last, *first);
    }
    Ok(())
}

/// How far a run is.
struct Progress {
    count: usize,
    done: usize,
    /// When it began, and when each tenth was done.
    marks: Vec<Instant>,
}

impl Progress {
    fn new(count: usize) -> Self {
        Self {
            count,
            done: 0,
            marks: vec![Instant::now()],
        }
    }

    /// So many more are done; says whether all are.
    fn made(&mut self, done: usize) -> bool {
        self.done += done;
        while self.done * 10 >= self.marks.len() * self.count && self.marks.len() <= 10 {
            self.marks.push(Instant::now());
        }
        self.done >= self.count
    }

    /// Jobs a second in each tenth.
    fn speeds(&self) -> Vec<f64> {
        let pairs = self.marks.windows(2);
        pairs
            .map(|pair| per_second(self.count / 10, pair[1] - pair[0]))
            .collect()
    }
}
