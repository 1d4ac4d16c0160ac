//! The store by itself: results go in, jobs come out, nothing is run.

use std::time::{Duration, Instant};

use queuectl_domain::{Chunk, Ending, Stream};
use queuectl_store::{Settled, Store, Turn, Worker};

use crate::queue::line;
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
    let mut deep_store = deep.store()?;
    let mut pairs = Pairs::default();
    for _ in 0..scene.size(15, 5) {
        let shallow = scene.queue()?;
        shallow.fill(&line("true"), FEW)?;
        let shallow = settle_and_claim(shallow.store()?.as_mut(), FEW)?;
        let deep = settle_and_claim(deep_store.as_mut(), FEW)?;
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
fn settle_and_claim(store: &mut dyn Store, count: usize) -> Result<f64, Trouble> {
    let worker = Worker {
        id: "bench-1".parse().expect("that is a worker's name"),
        pid: std::process::id(),
        pid_started: 0,
        host: "here".into(),
        machine: "machine".into(),
        version: "0.0.0".into(),
        slots: BATCH as u32,
        life: "/nowhere".into(),
    };
    store.register(&worker)?;
    let mut settled: Vec<Settled> = Vec::new();
    let mut done = 0;
    let begun = Instant::now();
    while done < count {
        let turn = Turn {
            worker: &worker.id,
            settled: &settled,
            released: &[],
            output: &[],
            free: BATCH.min(count - done - settled.len()),
            held: &[],
            renew: false,
        };
        let reply = store.turn(&turn)?;
        done += settled.len();
        let claimed = reply.claimed.into_iter();
        settled = claimed
            .map(|claimed| settled_well(claimed.ticket))
            .collect();
        if settled.is_empty() && done < count {
            return Err(Trouble::Wrong(format!("only {done} jobs were waiting")));
        }
    }
    store.sync()?;
    let length = begun.elapsed();
    store.unregister(&worker.id)?;
    Ok(per_second(done, length))
}

fn settled_well(ticket: queuectl_store::Ticket) -> Settled {
    Settled {
        ticket,
        ending: Ending::exited(0, None, Duration::from_millis(1)),
        output: vec![Chunk {
            offset: 0,
            stream: Stream::Stdout,
            bytes: b"hello\n".to_vec(),
        }],
    }
}
