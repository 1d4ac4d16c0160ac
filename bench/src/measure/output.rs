//! A job that prints far more than is kept.

use std::process::Command;
use std::time::Duration;

use queuectl_domain::{JobId, Outcome};
use queuectl_store::Store;

use crate::modes::PRINT;
use crate::procfs;
use crate::queue::{argv, until};
use crate::reference::spawn::read_all;
use crate::row::{Goal, Row, Unit};
use crate::sample::{Pairs, median};
use crate::scene::Scene;
use crate::trouble::{Trouble, io};

const MEMORY: Goal = Goal::AtMost(8.0);
const SPEED: Goal = Goal::AtLeast(1.0);

const GIGABYTE: u64 = 1_000_000_000;
/// After this a worker has begun, and an ended job has been told.
const SETTLE: Duration = Duration::from_secs(1);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let gigabytes = scene.size(10, 1);
    let bytes = (gigabytes * GIGABYTE).to_string();
    let own = std::env::current_exe().map_err(io("find this program"))?;
    let words = [&own.to_string_lossy(), PRINT, &bytes];
    let per_second = |length: Duration| gigabytes as f64 / length.as_secs_f64();
    let mut speeds = Pairs::default();
    let mut added = Vec::new();
    for _ in 0..scene.rounds() {
        let bare = read_all(Command::new(&own).args([PRINT, &bytes]))?;
        let (length, memory) = run(scene, &words)?;
        speeds.push(per_second(length), per_second(bare));
        added.extend(memory);
    }
    let added = (!added.is_empty()).then(|| median(&added));
    let what = format!("a job that prints {gigabytes} GB");
    let memory = format!("{what}: worker's memory beyond idle");
    let unit = Unit::GigabytesPerSecond;
    let bare = format!("bare read: {}", unit.text(speeds.reference()));
    Ok(vec![
        Row::if_seen(&memory, Unit::Mebibytes, added, MEMORY),
        Row::absolute(&what, unit, speeds.ours(), SPEED).beside(bare, speeds.ratio()),
    ])
}

/// How long the job ran, and what it added to the worker's peak of memory.
fn run(scene: &Scene, words: &[&str]) -> Result<(Duration, Option<f64>), Trouble> {
    let queue = scene.queue()?;
    let workers = queue.workers(1, 4)?;
    std::thread::sleep(SETTLE);
    let idle = procfs::peak(workers.pid());
    let mut store = queue.store()?;
    let ids = store.enqueue(vec![queue.job(&argv(words))])?;
    until(
        "the job has ended",
        || Ok(store.counts()?.unfinished() == 0),
    )?;
    std::thread::sleep(SETTLE);
    let after = procfs::peak(workers.pid());
    workers.stop()?;
    let length = match ids.first() {
        Some(id) => length_of(store.as_mut(), id)?,
        None => return Err(Trouble::Wrong("the job has no name".to_owned())),
    };
    Ok((length, idle.zip(after).map(|(idle, after)| after - idle)))
}

fn length_of(store: &mut dyn Store, id: &JobId) -> Result<Duration, Trouble> {
    let attempts = store.attempts(id)?;
    let endings = attempts.into_iter().filter_map(|attempt| attempt.ended);
    let mut well = endings.filter(|(_, ending)| ending.outcome == Outcome::Completed);
    match well.next() {
        Some((_, ending)) => Ok(ending.exec_time),
        None => Err(Trouble::Wrong("the job didn't go well".to_owned())),
    }
}
