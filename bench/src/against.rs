//! Compares the program with another build of it, such as that of an older commit, in pairs of measurements.
//!
//! The two may not understand each other's stores, so each fills and reads its own by its commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::measure::bulk::{PLAIN, write_lines};
use crate::measure::drain::SLOTS;
use crate::procfs;
use crate::queue::{Queue, until};
use crate::reference::tools::timed;
use crate::row::{Goal, Row, Unit, WAKE_UPS, grouped};
use crate::sample::{Pairs, median, milliseconds, per_second};
use crate::scene::Scene;
use crate::trouble::{Trouble, io};

const JOBS: Unit = Unit::PerSecond("jobs");
const ROUNDS: (usize, usize) = (25, 3);
/// The least ratio to the other program for what should be large.
const AS_FAST: Goal = Goal::AtLeast(0.98);
/// The largest ratio for what should be small.
const AS_LITTLE: Goal = Goal::AtMost(1.0 / 0.98);
/// The largest ratio for what is counted, and so has no noise.
const NO_MORE: Goal = Goal::AtMost(1.0);

/// One measurement that is made of both programs.
pub(crate) struct Comparison {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    unit: Unit,
    goal: Option<Goal>,
    rounds: (usize, usize),
    measure: fn(&Scene, &Queue) -> Result<f64, Trouble>,
}

/// All of them, in the order of the table.
pub(crate) const COMPARISONS: [Comparison; 11] = [
    Comparison {
        name: "drain",
        what: "drain `--command true`, 4 slots",
        unit: JOBS,
        goal: Some(AS_FAST),
        rounds: ROUNDS,
        measure: |scene, queue| drain(scene, queue, PLAIN, 1),
    },
    Comparison {
        name: "argv",
        what: "drain the same by argv",
        unit: JOBS,
        goal: Some(AS_FAST),
        rounds: ROUNDS,
        measure: |scene, queue| drain(scene, queue, ARGV, 1),
    },
    Comparison {
        name: "workers",
        what: "drain `--command true`, 2 workers",
        unit: JOBS,
        goal: Some(AS_FAST),
        rounds: ROUNDS,
        measure: |scene, queue| drain(scene, queue, PLAIN, 2),
    },
    Comparison {
        name: "enqueue",
        what: "one `enqueue`, process and all",
        unit: Unit::Milliseconds,
        goal: Some(AS_LITTLE),
        rounds: ROUNDS,
        measure: enqueue,
    },
    Comparison {
        name: "instructions",
        what: "one `enqueue`, instructions",
        unit: Unit::Thousands("instructions"),
        goal: Some(NO_MORE),
        rounds: (3, 1),
        measure: |_, queue| instructions(queue, &["enqueue", "--command", "true"]),
    },
    Comparison {
        name: "instructions",
        what: "one `status`, instructions",
        unit: Unit::Thousands("instructions"),
        goal: Some(NO_MORE),
        rounds: (3, 1),
        measure: |_, queue| instructions(queue, &["status"]),
    },
    Comparison {
        name: "instructions",
        what: "one `list`, instructions",
        unit: Unit::Thousands("instructions"),
        goal: Some(NO_MORE),
        rounds: (3, 1),
        measure: |_, queue| instructions(queue, &["list"]),
    },
    Comparison {
        name: "instructions",
        what: "one `show`, instructions",
        unit: Unit::Thousands("instructions"),
        goal: Some(NO_MORE),
        rounds: (3, 1),
        measure: |_, queue| instructions(queue, &["show", "it"]),
    },
    Comparison {
        name: "bulk",
        what: "`enqueue --from`",
        unit: JOBS,
        goal: Some(AS_FAST),
        rounds: (15, 3),
        measure: bulk,
    },
    Comparison {
        name: "wake-ups",
        what: "idle worker: wake-ups",
        unit: Unit::PerSecond(WAKE_UPS),
        goal: None,
        rounds: (5, 1),
        measure: wake_ups,
    },
    Comparison {
        name: "memory",
        what: "idle worker: memory",
        unit: Unit::Mebibytes,
        goal: None,
        rounds: (5, 1),
        measure: memory,
    },
];

/// How many jobs a worker runs before it idles, and how long it idles before it is measured.
const JOBS_BEFORE: usize = 100;
const SETTLE: Duration = Duration::from_secs(2);

const ARGV: &str = r#"{"argv": ["true"]}"#;

/// Makes one comparison. Which of the two programs comes first changes from round to round.
pub(crate) fn measure(
    scene: &Scene,
    one: &Comparison,
    other: &Path,
    on_server: bool,
) -> Result<Row, Trouble> {
    let mut pairs = Pairs::default();
    let ours = || (one.measure)(scene, &queue(scene, None, on_server)?);
    let theirs = || (one.measure)(scene, &queue(scene, Some(other), on_server)?);
    for round in 0..scene.size(one.rounds.0, one.rounds.1) {
        if round % 2 == 0 {
            let ours = ours()?;
            pairs.push(ours, theirs()?);
        } else {
            let theirs = theirs()?;
            pairs.push(ours()?, theirs);
        }
    }
    let reference = "the other program";
    Ok(Row::compared(
        one.what, one.unit, &pairs, reference, one.goal,
    ))
}

/// An empty queue of `program`, or of this build if none is given.
fn queue(scene: &Scene, program: Option<&Path>, on_server: bool) -> Result<Queue, Trouble> {
    let queue = if on_server {
        scene.queue_on_server()?
    } else {
        scene.queue()?
    };
    Ok(match program {
        Some(program) => queue.of(program.to_owned()),
        None => queue,
    })
}

fn drain(scene: &Scene, queue: &Queue, job: &str, workers: usize) -> Result<f64, Trouble> {
    let count = scene.size(4_000, 400);
    let file = lines(queue, job, count)?;
    add(queue, &file)?;
    Ok(per_second(count, queue.drain(workers, SLOTS, count)?))
}

fn enqueue(scene: &Scene, queue: &Queue) -> Result<f64, Trouble> {
    let mut command = queue.command(&["enqueue", "--command", "true"]);
    // The first one makes the store.
    timed(&mut command)?;
    let times: Result<Vec<_>, _> = (0..scene.size(20, 5))
        .map(|_| timed(&mut command).map(milliseconds))
        .collect();
    Ok(median(&times?))
}

fn bulk(scene: &Scene, queue: &Queue) -> Result<f64, Trouble> {
    let count = scene.size(100_000, 5_000);
    // Making the store isn't measured.
    add(queue, &lines(queue, PLAIN, 1)?)?;
    let file = lines(queue, PLAIN, count)?;
    Ok(per_second(count, add(queue, &file)?))
}

/// How many instructions a command of the program takes in a store with a few jobs, in user space.
fn instructions(queue: &Queue, args: &[&str]) -> Result<f64, Trouble> {
    add(queue, &lines(queue, PLAIN, JOBS_BEFORE)?)?;
    timed(&mut queue.command(&["enqueue", "--id", "it", "--command", "true"]))?;
    let mut counted = Command::new("valgrind");
    counted.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let command = queue.command(args);
    counted.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => counted.env(name, value),
            None => counted.env_remove(name),
        };
    }
    counted.stdin(Stdio::null()).stdout(Stdio::null());
    let output = counted.output().map_err(io("start valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1))
        .and_then(|count| count.trim().parse().ok());
    let wrong = || Trouble::Wrong(format!("valgrind counted nothing: {said}"));
    collected
        .filter(|_| output.status.success())
        .ok_or_else(wrong)
}

fn wake_ups(scene: &Scene, queue: &Queue) -> Result<f64, Trouble> {
    idle(scene, queue, |pid, length| {
        let before = procfs::switches(pid)?;
        std::thread::sleep(length);
        let after = procfs::switches(pid)?;
        Some(after.abs_diff(before) as f64 / length.as_secs_f64())
    })
}

fn memory(scene: &Scene, queue: &Queue) -> Result<f64, Trouble> {
    idle(scene, queue, |pid, _| procfs::resident(pid))
}

/// Measures a worker that has begun and has nothing to do, by `look`, which gets its pid and for how long to look.
fn idle(
    scene: &Scene,
    queue: &Queue,
    look: impl Fn(u32, Duration) -> Option<f64>,
) -> Result<f64, Trouble> {
    add(queue, &lines(queue, PLAIN, JOBS_BEFORE)?)?;
    let started = queue.answer(&["worker", "start", "--json"])?;
    until("the jobs are completed", || {
        Ok(queue.completed()? == JOBS_BEFORE)
    })?;
    std::thread::sleep(SETTLE);
    let pid = started["pids"][0].as_u64().unwrap_or_default();
    let pid = u32::try_from(pid).unwrap_or_default();
    let seen = look(pid, Duration::from_secs(scene.size(10, 3)));
    timed(&mut queue.command(&["worker", "stop"]))?;
    seen.ok_or_else(|| Trouble::Wrong("a process can only be measured on Linux".to_owned()))
}

/// A file with `count` jobs of this kind, one JSON object on a line.
fn lines(queue: &Queue, job: &str, count: usize) -> Result<PathBuf, Trouble> {
    let file = queue
        .folder
        .join(format!("jobs-{}.jsonl", grouped(count as f64)));
    write_lines(&file, job, count)?;
    Ok(file)
}

/// Enqueues them by the program, and says how long that took.
fn add(queue: &Queue, file: &Path) -> Result<Duration, Trouble> {
    let mut command = queue.command(&["enqueue", "--quiet", "--from"]);
    timed(command.arg(file))
}
