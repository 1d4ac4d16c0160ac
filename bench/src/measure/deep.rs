//! A queue in which very many jobs wait: what a busy worker and a look cost there.

use std::time::Duration;

use queuectl_domain::State;

use crate::procfs;
use crate::queue::{Queue, argv, until};
use crate::reference::tools::timed;
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{median, milliseconds};
use crate::scene::Scene;
use crate::trouble::Trouble;

const MEMORY: Goal = Goal::AtMost(32.0);
const LOOK: Goal = Goal::AtMost(20.0);

/// How many jobs run at once.
const RUNNING: usize = 64;
/// How long they have run when the memory is looked at.
const A_WHILE: Duration = Duration::from_secs(3);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let queue = scene.deep()?;
    let depth = grouped(scene.depth() as f64);
    let memory = busy(queue)?;
    let rounds = scene.size(41, 11);
    let (mut status, mut list) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        status.push(milliseconds(timed(&mut queue.command(&["status"]))?));
        list.push(milliseconds(timed(&mut queue.command(&["list"]))?));
    }
    let busy = format!("{RUNNING} running jobs, {depth} waiting: memory");
    let look = |name: &str, lengths: &[f64]| {
        let what = format!("`{name}`, {depth} jobs");
        Row::absolute(&what, Unit::Milliseconds, median(lengths), LOOK)
    };
    Ok(vec![
        Row::if_seen(&busy, Unit::Mebibytes, memory, MEMORY),
        look("status", &status),
        look("list", &list),
    ])
}

/// The memory of a worker that has much to do.
fn busy(queue: &Queue) -> Result<Option<f64>, Trouble> {
    queue.fill_first(&argv(&["sleep", "60"]), RUNNING)?;
    let workers = queue.workers(1, RUNNING)?;
    let mut store = queue.store()?;
    until("all slots run something", || {
        Ok(store.counts()?.of(State::Processing) == RUNNING as u64)
    })?;
    std::thread::sleep(A_WHILE);
    let memory = procfs::resident(workers.pid());
    workers.stop()?;
    Ok(memory)
}
