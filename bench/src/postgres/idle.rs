//! What many workers cost the server that have nothing to do. They are real ones, each a process of its own.

use std::time::Duration;

use crate::row::{Goal, Row, Unit};
use crate::scene::Scene;
use crate::trouble::Trouble;

const CPU: Goal = Goal::AtMost(5.0);

const WORKERS: usize = 200;
/// After this all have begun.
const SETTLE: Duration = Duration::from_secs(10);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let length = Duration::from_secs(scene.size(60, 20));
    let queue = scene.queue_on_server()?;
    let server = scene.server()?;
    let workers = queue.workers(WORKERS, 4)?;
    std::thread::sleep(SETTLE);
    let connections = server.connections()? / WORKERS as f64;
    let before = server.on_cpu()?;
    std::thread::sleep(length);
    let spent = server.on_cpu()?.saturating_sub(before);
    workers.stop()?;
    let share = spent.as_secs_f64() / length.as_secs_f64() * 100.0;
    let what = format!("{WORKERS} idle workers: the server's processor, of one core");
    Ok(vec![
        Row::absolute(&what, Unit::Percent, share, CPU),
        Row::told("a worker's connections", Unit::Connections, connections),
    ])
}
