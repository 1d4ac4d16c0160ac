//! Workers that run as many short jobs as they can.

use queuectl_domain::Command;

use crate::queue::{argv, line};
use crate::reference::spawn::spawn_loop;
use crate::reference::tools;
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{Pairs, per_second};
use crate::scene::Scene;
use crate::trouble::Trouble;

const OF_SPAWN_LOOP: Goal = Goal::AtLeast(0.9);
const OF_XARGS: Goal = Goal::AtLeast(1.1);
const OF_PARALLEL: Goal = Goal::AtLeast(6.0);
const TWO_WORKERS_OF_XARGS: Goal = Goal::AtLeast(0.9);
const ARGV_OF_SPAWN_LOOP: Goal = Goal::AtLeast(0.9);

const JOBS: Unit = Unit::PerSecond("jobs");
/// How many jobs each worker runs at once.
pub(crate) const SLOTS: usize = 4;

#[derive(Default)]
struct Figures {
    of_spawn_loop: Pairs,
    of_xargs: Pairs,
    of_parallel: Pairs,
    two_of_xargs: Pairs,
    argv_of_spawn_loop: Pairs,
}

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let count = scene.size(20_000, 1_000);
    let mut figures = Figures::default();
    for _ in 0..scene.rounds() {
        round(scene, count, &mut figures)?;
    }
    let what = |how: &str| format!("drain {} × {how}", grouped(count as f64));
    let shell = what("`--command true`, 4 slots");
    let two = what("the same, 2 workers");
    let argv = what("the same by argv, 1 worker");
    let spawn = "bare spawn loop";
    Ok(vec![
        Row::ratio(&shell, JOBS, &figures.of_spawn_loop, spawn, OF_SPAWN_LOOP),
        Row::ratio(&shell, JOBS, &figures.of_xargs, "xargs -P2", OF_XARGS),
        Row::ratio(&shell, JOBS, &figures.of_parallel, "parallel", OF_PARALLEL),
        Row::ratio(
            &two,
            JOBS,
            &figures.two_of_xargs,
            "xargs -P2",
            TWO_WORKERS_OF_XARGS,
        ),
        Row::ratio(
            &argv,
            JOBS,
            &figures.argv_of_spawn_loop,
            "bare spawn loop, no shell",
            ARGV_OF_SPAWN_LOOP,
        ),
    ])
}

/// One of each. What is compared with two things is measured between them.
fn round(scene: &Scene, count: usize, figures: &mut Figures) -> Result<(), Trouble> {
    let folder = scene.folder()?;
    let shell = per_second(count, spawn_loop(&["/bin/sh", "-c", "true"], SLOTS, count)?);
    let one = drain(scene, &line("true"), 1, count)?;
    let xargs = per_second(count, tools::xargs(&folder, count)?);
    let two = drain(scene, &line("true"), 2, count)?;
    let bare = per_second(count, spawn_loop(&["true"], SLOTS, count)?);
    let argv = drain(scene, &argv(&["true"]), 1, count)?;
    let fewer = scene.size(count / 10, count / 2);
    let parallel = per_second(fewer, tools::parallel(&folder, fewer)?);
    figures.of_spawn_loop.push(one, shell);
    figures.of_xargs.push(one, xargs);
    figures.of_parallel.push(one, parallel);
    figures.two_of_xargs.push(two, xargs);
    figures.argv_of_spawn_loop.push(argv, bare);
    Ok(())
}

/// Jobs a second, of so many workers with 4 slots each.
fn drain(scene: &Scene, job: &Command, workers: usize, count: usize) -> Result<f64, Trouble> {
    let queue = scene.queue()?;
    queue.fill(job, count)?;
    Ok(per_second(count, queue.drain(workers, SLOTS, count)?))
}
