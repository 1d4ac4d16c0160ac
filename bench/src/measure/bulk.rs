//! Many jobs from a file, in one command.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::procfs;
use crate::queue::Queue;
use crate::reference::rows;
use crate::row::{Goal, Row, Unit, grouped};
use crate::sample::{Pairs, median, per_second};
use crate::scene::Scene;
use crate::trouble::{Trouble, io, succeeded};

const OF_BARE_INSERTS: Goal = Goal::AtLeast(0.6);
const MEMORY: Goal = Goal::AtMost(64.0);

const ROWS: Unit = Unit::PerSecond("jobs");
/// A line of the file: a plain job.
pub(crate) const PLAIN: &str = r#"{"command": "true"}"#;
/// How often the memory of a command that runs is looked at.
const GLANCE: Duration = Duration::from_millis(5);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let count = scene.size(1_000_000, 50_000);
    let what = format!("`enqueue --from`, {} jobs", grouped(count as f64));
    let memory = format!("{what}: memory");
    if !scene.queue()?.knows("enqueue", "--from")? {
        let why = "not there yet";
        return Ok(vec![
            Row::missing(&what, Unit::Ratio, OF_BARE_INSERTS, why),
            Row::missing(&memory, Unit::Mebibytes, MEMORY, why),
        ]);
    }
    let folder = scene.folder()?;
    let file = folder.join("jobs.jsonl");
    write_lines(&file, PLAIN, count)?;
    let mut pairs = Pairs::default();
    let mut peaks = Vec::new();
    for _ in 0..scene.rounds() {
        let bare = per_second(count, rows::insert(&scene.queue()?, count)?);
        let (length, peak) = enqueue(&scene.queue()?, &file, count)?;
        pairs.push(per_second(count, length), bare);
        peaks.extend(peak);
    }
    let peak = (!peaks.is_empty()).then(|| median(&peaks));
    Ok(vec![
        Row::ratio(&what, ROWS, &pairs, "bare inserts", OF_BARE_INSERTS),
        Row::if_seen(&memory, Unit::Mebibytes, peak, MEMORY),
    ])
}

/// Writes a file with the same job on `count` lines.
pub(crate) fn write_lines(path: &Path, job: &str, count: usize) -> Result<(), Trouble> {
    let written = (|| {
        let mut file = BufWriter::new(File::create(path)?);
        for _ in 0..count {
            writeln!(file, "{job}")?;
        }
        file.into_inner()?.sync_all()
    })();
    written.map_err(io("write a file"))
}

/// How long it took, and the most memory seen meanwhile.
pub(crate) fn enqueue(
    queue: &Queue,
    file: &Path,
    count: usize,
) -> Result<(Duration, Option<f64>), Trouble> {
    // It is measured with the store as it is found, not with its making.
    drop(queue.store()?);
    let mut command = queue.command(&["enqueue", "--quiet", "--from"]);
    command.arg(file);
    let begun = Instant::now();
    let mut child = command.spawn().map_err(io("start queuectl"))?;
    let peak = std::thread::scope(|scope| {
        let pid = child.id();
        let watch = scope.spawn(move || watch(pid));
        let status = wait(&mut child)?;
        let length = begun.elapsed();
        succeeded(&command, status)?;
        Ok::<_, Trouble>((length, watch.join().unwrap_or_default()))
    })?;
    let added = queue.store()?.counts()?.total();
    if added != count as u64 {
        return Err(Trouble::Wrong(format!(
            "of {count} jobs {added} were added"
        )));
    }
    Ok(peak)
}

fn wait(child: &mut Child) -> Result<std::process::ExitStatus, Trouble> {
    child.wait().map_err(io("wait for queuectl"))
}

/// The most memory that a process has had, as long as it could be seen.
fn watch(pid: u32) -> Option<f64> {
    let mut most = None;
    while let Some(peak) = procfs::peak(pid) {
        most = Some(peak);
        std::thread::sleep(GLANCE);
    }
    most
}
