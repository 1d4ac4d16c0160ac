//! How soon an idle worker of one host has started what was enqueued on another.
//!
//! The hosts are two processes with homes of their own that share nothing but the server, which they reach over the
//! loopback interface. The time begins before the job is sent, so the server's commit is in it.

use crate::measure::latency::{Latency, of_many};
use crate::row::{Goal, Row, Unit};
use crate::sample::percentile;
use crate::scene::Scene;
use crate::trouble::Trouble;

const HALF: Goal = Goal::AtMost(5.0);
const NEARLY_ALL: Goal = Goal::AtMost(25.0);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let latencies = of_many(&scene.queue_on_server()?, scene.size(400, 100))?;
    let latencies: Vec<_> = latencies.iter().map(Latency::since_its_begin).collect();
    let row = |percent: f64, goal| {
        let what = format!("from `enqueue` on one host to started on another: p{percent}");
        let value = percentile(&latencies, percent);
        Row::absolute(&what, Unit::Milliseconds, value, goal)
    };
    Ok(vec![row(50.0, HALF), row(99.0, NEARLY_ALL)])
}
