//! How soon an idle worker has started what was enqueued.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::modes::{STAMP, monotonic};
use crate::queue::{Queue, argv};
use crate::row::{Goal, Row, Unit};
use crate::sample::percentile;
use crate::scene::Scene;
use crate::trouble::{Trouble, io, succeeded};

const HALF: Goal = Goal::AtMost(2.0);
const NEARLY_ALL: Goal = Goal::AtMost(10.0);

/// After this the worker has stored the last result and is idle again.
const PAUSE: Duration = Duration::from_millis(80);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let latencies = of_many(&scene.queue()?, scene.size(400, 100))?;
    let latencies: Vec<_> = latencies.iter().map(Latency::since_its_end).collect();
    let row = |percent: f64, goal| {
        let what = format!("from enqueued to started, idle worker: p{percent}");
        let value = percentile(&latencies, percent);
        Row::absolute(&what, Unit::Milliseconds, value, goal)
    };
    Ok(vec![row(50.0, HALF), row(99.0, NEARLY_ALL)])
}

/// When one job was enqueued, and when it was started: nanoseconds of the clock that all processes share.
pub(crate) struct Latency {
    begun: i64,
    enqueued: i64,
    started: i64,
}

impl Latency {
    /// Milliseconds since it was known to be enqueued.
    fn since_its_end(&self) -> f64 {
        (self.started - self.enqueued) as f64 / 1e6
    }

    /// Milliseconds since somebody began to enqueue it.
    pub(crate) fn since_its_begin(&self) -> f64 {
        (self.started - self.begun) as f64 / 1e6
    }
}

/// Enqueues so many jobs, one after the other, each when a worker is idle.
pub(crate) fn of_many(queue: &Queue, count: usize) -> Result<Vec<Latency>, Trouble> {
    let path = queue.folder.join("pipe");
    let mut pipe = make_pipe(&path)?;
    let own = std::env::current_exe().map_err(io("find this program"))?;
    let words = [&own.to_string_lossy(), STAMP, &path.to_string_lossy()];
    let job = queue.job(&argv(&words));
    let mut store = queue.store()?;
    let workers = queue.workers(1, 4)?;
    let mut latencies = Vec::new();
    for _ in 0..count {
        std::thread::sleep(PAUSE);
        let begun = monotonic();
        store.enqueue(vec![job.clone()])?;
        let enqueued = monotonic();
        let mut stamp = [0; 8];
        pipe.read_exact(&mut stamp)
            .map_err(io("read from a pipe"))?;
        latencies.push(Latency {
            begun,
            enqueued,
            started: i64::from_ne_bytes(stamp),
        });
    }
    workers.stop()?;
    Ok(latencies)
}

/// A pipe with a name. It is open for both ways, so it never ends.
fn make_pipe(path: &Path) -> Result<File, Trouble> {
    let mut command = Command::new("mkfifo");
    command.arg(path);
    let status = command.status().map_err(io("start mkfifo"))?;
    succeeded(&command, status)?;
    let pipe = File::options().read(true).write(true).open(path);
    pipe.map_err(io("open a pipe"))
}
