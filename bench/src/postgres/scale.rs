//! More and more worker processes, whose jobs do nothing but wait.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::modes::SPAWN;
use crate::queue::argv;
use crate::row::{Goal, Row, Unit};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::{Trouble, io, succeeded};

const OF_LINEAR: Goal = Goal::AtLeast(0.9);

const JOBS: Unit = Unit::PerSecond("jobs");
const WORKERS: [usize; 4] = [1, 2, 4, 8];
const SLOTS: usize = 8;
const JOB: [&str; 2] = ["sleep", "0.02"];

#[derive(Default)]
struct Figures {
    /// Jobs a second of the workers, beside those of bare loops.
    of_loops: Pairs,
    /// The same, beside as many times those of one worker.
    of_linear: Pairs,
}

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let mut figures: [Figures; WORKERS.len()] = Default::default();
    for _ in 0..scene.size(3, 1) {
        let mut alone = None;
        for (workers, figures) in WORKERS.into_iter().zip(&mut figures) {
            let count = workers * scene.size(4_000, 400);
            let bare = per_second(count, bare_loops(workers, count)?);
            let ours = drain(scene, workers, count)?;
            let alone = *alone.get_or_insert(ours);
            figures.of_loops.push(ours, bare);
            figures.of_linear.push(ours, alone * workers as f64);
        }
    }
    let all = WORKERS.into_iter().zip(&figures);
    let rows = all.flat_map(|(workers, figures)| {
        let what = format!("jobs of 20 ms, 8 slots each: {workers} workers");
        let linear = (workers > 1).then(|| {
            let reference = format!("{workers} × one worker");
            Row::ratio(&what, JOBS, &figures.of_linear, &reference, OF_LINEAR)
        });
        let reference = "as many bare spawn loops";
        let bare = Row::ratio(&what, JOBS, &figures.of_loops, reference, None);
        linear.into_iter().chain([bare])
    });
    Ok(rows.collect())
}

/// Jobs a second of so many workers.
fn drain(scene: &Scene, workers: usize, count: usize) -> Result<f64, Trouble> {
    let queue = scene.queue_on_server()?;
    queue.fill(&argv(&JOB), count)?;
    scene.server()?.settle_down()?;
    Ok(per_second(count, queue.drain(workers, SLOTS, count)?))
}

/// How long as many processes take that start the same jobs and remember nothing.
fn bare_loops(processes: usize, count: usize) -> Result<Duration, Trouble> {
    let own = std::env::current_exe().map_err(io("find this program"))?;
    let mut command = Command::new(own);
    let each = (count / processes).to_string();
    command.args([SPAWN, &each, &SLOTS.to_string()]).args(JOB);
    command.stdin(Stdio::null());
    let begun = Instant::now();
    let children = (0..processes).map(|_| command.spawn().map_err(io("start this program")));
    let children = children.collect::<Result<Vec<_>, _>>()?;
    for mut child in children {
        succeeded(&command, child.wait().map_err(io("wait for a process"))?)?;
    }
    Ok(begun.elapsed())
}
