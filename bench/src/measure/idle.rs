//! What a worker costs that has nothing to do.

use std::time::Duration;

use crate::procfs;
use crate::row::{Goal, Row, Unit, WAKE_UPS};
use crate::scene::Scene;
use crate::trouble::Trouble;

const CPU: Goal = Goal::AtMost(0.1);
const WAKES: Goal = Goal::AtMost(2.0);
const MEMORY: Goal = Goal::AtMost(12.0);

/// After this it has begun.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let length = Duration::from_secs(scene.size(20, 6));
    let queue = scene.queue()?;
    let workers = queue.workers(1, 4)?;
    let pid = workers.pid();
    std::thread::sleep(SETTLE);
    let look = || Some((procfs::on_cpu(pid)?, procfs::switches(pid)?));
    let before = look();
    std::thread::sleep(length);
    let after = look();
    let memory = procfs::resident(pid);
    workers.stop()?;
    let seconds = length.as_secs_f64();
    let both = before.zip(after);
    let cpu = both.map(|(before, after)| (after.0 - before.0).as_secs_f64() / seconds * 100.0);
    let wakes = both.map(|(before, after)| after.1.abs_diff(before.1) as f64 / seconds);
    Ok(vec![
        Row::if_seen("idle worker: processor", Unit::Percent, cpu, CPU),
        Row::if_seen(
            "idle worker: wake-ups",
            Unit::PerSecond(WAKE_UPS),
            wakes,
            WAKES,
        ),
        Row::if_seen("idle worker: memory", Unit::Mebibytes, memory, MEMORY),
    ])
}
