//! Many jobs from a file, in one command, beside COPY of the very rows that they become.

use std::time::{Duration, Instant};

use crate::measure::bulk;
use crate::queue::Queue;
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::Trouble;

const OF_COPY: Goal = Goal::AtLeast(0.5);

const ROWS: Unit = Unit::PerSecond("jobs");
/// The tables that have a row for each job that waits.
const TABLES: [&str; 2] = ["specs", "jobs"];

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let count = scene.size(1_000_000, 50_000);
    let file = scene.folder()?.join("jobs.jsonl");
    bulk::write_lines(&file, bulk::PLAIN, count)?;
    let mut pairs = Pairs::default();
    for _ in 0..scene.size(3, 3) {
        let queue = scene.queue_on_server()?;
        scene.server()?.settle_down()?;
        let (ours, _) = bulk::enqueue(&queue, &file, count)?;
        let copied = copy(scene, &queue)?;
        pairs.push(per_second(count, ours), per_second(count, copied));
    }
    let what = format!("`enqueue --from`, {} jobs", grouped(count as f64));
    Ok(vec![Row::ratio(&what, ROWS, &pairs, "COPY", OF_COPY)])
}

/// How long the server takes to copy the rows of a queue into the empty tables of another, from files of its own.
fn copy(scene: &Scene, from: &Queue) -> Result<Duration, Trouble> {
    let server = scene.server()?;
    let to = scene.queue_on_server()?;
    drop(to.store()?);
    let folder = server.folder();
    let file = |table: &str| folder.join(table).display().to_string();
    for table in TABLES {
        let schema = from.schema();
        let file = file(table);
        server.sql(&format!(
            "COPY {schema}.{table} TO '{file}' (FORMAT binary)"
        ))?;
    }
    let copies = TABLES.map(|table| {
        let schema = to.schema();
        let file = file(table);
        format!("COPY {schema}.{table} FROM '{file}' (FORMAT binary);")
    });
    let copies = format!("BEGIN; {} COMMIT", copies.concat());
    server.settle_down()?;
    let begun = Instant::now();
    server.sql(&copies)?;
    Ok(begun.elapsed())
}
