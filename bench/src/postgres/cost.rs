//! What a job costs the server, from its enqueueing to its end: for sizing.

use std::rc::Rc;

use super::Server;
use crate::hand::Hand;
use crate::queue::line;
use crate::row::{Row, Unit};
use crate::sample::milliseconds;
use crate::scene::Scene;
use crate::trouble::Trouble;

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let mut rows = Vec::new();
    for (batch, count) in [
        (1, scene.size(5_000, 500)),
        (32, scene.size(100_000, 5_000)),
    ] {
        rows.extend(of_batches(scene, batch, count)?);
    }
    Ok(rows)
}

/// Jobs that are enqueued, claimed and settled so many at once.
fn of_batches(scene: &Scene, batch: usize, count: usize) -> Result<Vec<Row>, Trouble> {
    let server = scene.server()?;
    let schema = Rc::new(server.schema());
    let queue = scene.queue()?.on(Rc::clone(&schema));
    let mut store = queue.store()?;
    let mut hand = Hand::new(queue.store()?, "bench-1", batch)?;
    let empty = schema.bytes()?;
    let job = queue.job(&line("true"));
    server.settle_down()?;
    let before = Cost::now(server)?;
    for _ in 0..count / batch {
        store.enqueue(vec![job.clone(); batch])?;
    }
    let between = Cost::now(server)?;
    hand.settle(count / batch * batch)?;
    let after = Cost::now(server)?;
    hand.leave()?;
    let (enqueued, ended) = (between.since(before), after.since(between));
    let of = |cost: f64| cost / count as f64;
    let what = |what: &str| format!("{what}, {batch} at once");
    server.sql(&format!(
        "VACUUM {0}.jobs, {0}.specs, {0}.finished",
        schema.name()
    ))?;
    let bytes = schema.bytes()? - empty;
    Ok(vec![
        Row::told(
            &what("enqueue a job: the server's processor"),
            Unit::Milliseconds,
            of(enqueued.milliseconds),
        ),
        Row::told(&what("enqueue a job: log"), Unit::Bytes, of(enqueued.log)),
        Row::told(
            &what("claim and settle a job: the server's processor"),
            Unit::Milliseconds,
            of(ended.milliseconds),
        ),
        Row::told(
            &what("claim and settle a job: log"),
            Unit::Bytes,
            of(ended.log),
        ),
        Row::told(&what("a completed job: disk"), Unit::Bytes, of(bytes)),
    ])
}

/// What the server has spent.
#[derive(Debug, Clone, Copy)]
struct Cost {
    milliseconds: f64,
    log: f64,
}

impl Cost {
    fn now(server: &Server) -> Result<Self, Trouble> {
        Ok(Self {
            milliseconds: milliseconds(server.on_cpu()?),
            log: server.log_bytes()?,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            milliseconds: self.milliseconds - before.milliseconds,
            log: self.log - before.log,
        }
    }
}
