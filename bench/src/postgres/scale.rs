//! More and more worker processes, whose jobs do nothing but wait.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::modes::SPAWN;
use crate::queue::argv;
use crate::reference::nap;
use crate::row::{Goal, Row, Unit};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::{Trouble, io, succeeded};

const OF_LINEAR: Goal = Goal::AtLeast(0.9);

const JOBS: Unit = Unit::PerSecond("jobs");
const WORKERS: [usize; 4] = [1, 2, 4, 8];
const SLOTS: usize = 8;
/// The system's own program that waits as long. Its start alone costs much more.
const HEAVY: [&str; 2] = ["sleep", "0.02"];
const OF_HEAVY: usize = 8;
const BARE: &str = "as many bare spawn loops";

#[derive(Default)]
struct Figures {
    /// Jobs a second of the workers, beside those of bare loops.
    of_loops: Pairs,
    /// The same, beside as many times those of one worker.
    of_linear: Pairs,
}

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let nap = nap::build(&scene.folder()?)?;
    let nap = nap.as_deref().and_then(Path::to_str);
    let light = nap.map_or(HEAVY.to_vec(), |nap| vec![nap]);
    let mut figures: [Figures; WORKERS.len()] = Default::default();
    let mut heavy = Pairs::default();
    for _ in 0..scene.size(3, 1) {
        let mut alone = None;
        for (workers, figures) in WORKERS.into_iter().zip(&mut figures) {
            let count = workers * scene.size(4_000, 400);
            let bare = bare_loops(&light, workers, count)?;
            let ours = drain(scene, &light, workers, count)?;
            let alone = *alone.get_or_insert(ours);
            figures.of_loops.push(ours, bare);
            figures.of_linear.push(ours, alone * workers as f64);
        }
        let count = scene.size(16_000, 1_600);
        let bare = bare_loops(&HEAVY, OF_HEAVY, count)?;
        heavy.push(drain(scene, &HEAVY, OF_HEAVY, count)?, bare);
    }
    let all = WORKERS.into_iter().zip(&figures);
    let rows = all.flat_map(|(workers, figures)| {
        let what = format!("jobs of 20 ms, 8 slots each: {workers} workers");
        let linear = (workers > 1).then(|| {
            let reference = format!("{workers} × one worker");
            Row::ratio(&what, JOBS, &figures.of_linear, &reference, OF_LINEAR)
        });
        let bare = Row::ratio(&what, JOBS, &figures.of_loops, BARE, None);
        linear.into_iter().chain([bare])
    });
    let what = format!("`sleep 0.02`, 8 slots each: {OF_HEAVY} workers");
    let heavy = Row::ratio(&what, JOBS, &heavy, BARE, None);
    Ok(rows.chain([heavy]).collect())
}

/// Jobs a second of so many workers.
fn drain(scene: &Scene, job: &[&str], workers: usize, count: usize) -> Result<f64, Trouble> {
    let queue = scene.queue_on_server()?;
    queue.fill(&argv(job), count)?;
    scene.server()?.settle_down()?;
    Ok(per_second(count, queue.drain(workers, SLOTS, count)?))
}

/// Jobs a second of as many processes that start the same jobs and remember nothing.
fn bare_loops(job: &[&str], processes: usize, count: usize) -> Result<f64, Trouble> {
    let own = std::env::current_exe().map_err(io("find this program"))?;
    let mut command = Command::new(own);
    let each = (count / processes).to_string();
    command.args([SPAWN, &each, &SLOTS.to_string()]).args(job);
    command.stdin(Stdio::null());
    let begun = Instant::now();
    let children = (0..processes).map(|_| command.spawn().map_err(io("start this program")));
    let children = children.collect::<Result<Vec<_>, _>>()?;
    for mut child in children {
        succeeded(&command, child.wait().map_err(io("wait for a process"))?)?;
    }
    Ok(per_second(count, begun.elapsed()))
}
