//! What storm is wanted, from its beginning to the verdict.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use clap::Parser;
use fastrand::Rng;

use crate::checks;
use crate::commands::Commands;
use crate::crew::Crew;
use crate::enqueuer::{Enqueuer, Tap};
use crate::evidence::{Evidence, gather};
use crate::ledger::{Ledger, Line};
use crate::meter;
use crate::plan::plan;
use crate::probe::probe;
use crate::queue::Queue;
use crate::record::Scribe;
use crate::report;
use crate::storm::Storm;
use crate::trouble::{Trouble, io};

/// How many enqueue at the same time.
const ENQUEUERS: usize = 3;
/// From this length on, a fault that never happened is a failure.
const LONG: Duration = Duration::from_secs(60);

/// Kills workers, jobs and commands at random, and checks what the queue promises
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How long the storm lasts; then all has to drain
    #[arg(long, default_value_t = 2.0, value_name = "M", value_parser = minutes)]
    minutes: f64,

    /// Bring the storm that this number stands for [default: another each time]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,

    /// The build of queuectl that it goes over [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    queuectl: Option<PathBuf>,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..=1440.0).contains(&minutes) {
        Ok(minutes)
    } else {
        Err("a storm lasts up to 1440 minutes".to_owned())
    }
}

pub(crate) fn run() -> ExitCode {
    match weathered(&Args::parse()) {
        Ok(code) => code,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            let interrupted = matches!(trouble, Trouble::Interrupted);
            ExitCode::from(if interrupted { 130 } else { 1 })
        }
    }
}

fn weathered(args: &Args) -> Result<ExitCode, Trouble> {
    let program = match &args.queuectl {
        Some(path) => path.clone(),
        None => beside()?,
    };
    // A new one each time goes where no run has been; what it finds can be
    // brought again by its number.
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let length = Duration::from_secs_f64(args.minutes * 60.0);
    let again = format!("cargo xtask chaos --minutes {} --seed {seed}", args.minutes);
    println!("seed {seed}; the same storm again: {again}");

    let (stop, interrupt) = channel();
    let told = ctrlc::set_handler(move || {
        // Whoever listened has come to the end already.
        let _ = stop.send(());
    });
    told.map_err(|error| Trouble::Wrong(format!("can't hear Ctrl+C: {error}")))?;
    let folder = tempfile::Builder::new().prefix("queuectl-chaos-").tempdir();
    let folder = folder.map_err(io("make a temporary folder"))?;
    let begun = Instant::now();
    let weathered = weather(seed, length, program, folder.path().to_owned(), &interrupt);
    let evidence = match weathered {
        Ok(evidence) => evidence,
        Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
        Err(trouble) => {
            eprintln!("kept for you to look into: {}", folder.keep().display());
            eprintln!("the same storm again: {again}");
            return Err(trouble);
        }
    };
    let verdicts = checks::all(&evidence);
    print!("{}", report::text(&evidence, &verdicts, begun.elapsed()));
    if verdicts.iter().all(checks::Verdict::is_well) {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nkept for you to look into: {}", folder.keep().display());
    println!("the same storm again: {again}");
    Ok(ExitCode::FAILURE)
}

fn beside() -> Result<PathBuf, Trouble> {
    let own = std::env::current_exe().map_err(io("find this program"))?;
    Ok(own.with_file_name("queuectl"))
}

/// The storm, the calm after it, and what is known then. No process of it is left.
fn weather(
    seed: u64,
    length: Duration,
    program: PathBuf,
    folder: PathBuf,
    interrupt: &Receiver<()>,
) -> Result<Evidence, Trouble> {
    let scribe = Scribe::new(&folder)?;
    let queue = Queue::new(folder, program)?;
    let tap = Tap::default();
    let crew = Mutex::new(Crew::new(&queue, &scribe));
    let (store, ledger) = (queue.store()?, Ledger::default());
    let mut evidence = std::thread::scope(|scope| {
        let mut storm = Storm {
            scope,
            queue: &queue,
            scribe: &scribe,
            tap: &tap,
            interrupt,
            commands: Commands::default(),
            crew: &crew,
            enqueuers: Vec::new(),
            store,
            ledger,
            frozen: Vec::new(),
            not_before: Instant::now(),
            started: 0,
        };
        for number in 1..=ENQUEUERS {
            let enqueuer = Enqueuer {
                name: format!("e{number}"),
                random: Rng::with_seed(seed.wrapping_add(number as u64)),
                queue: &queue,
                scribe: &scribe,
                tap: &tap,
            };
            let working = scope.spawn(|| enqueuer.work());
            storm.enqueuers.push(working);
        }
        scope.spawn(|| meter::watch(&queue, &scribe, &tap));
        let evidence = go_through(&mut storm, seed, length);
        tap.over.store(true, Ordering::Relaxed);
        // If that failed, threads may wait for processes that wouldn't end by themselves.
        tap.closed.store(true, Ordering::Relaxed);
        while evidence.is_err() && !storm.are_threads_done() {
            queue.end_all()?;
            std::thread::sleep(Duration::from_millis(10));
        }
        evidence
    })?;
    evidence.long = length >= LONG;
    while let count @ 1.. = queue.end_all()? {
        evidence
            .left
            .push(format!("{count} processes of the run in the end"));
    }
    Ok(evidence)
}

fn go_through(storm: &mut Storm<'_, '_>, seed: u64, length: Duration) -> Result<Evidence, Trouble> {
    storm.rage(&plan(seed, length))?;
    storm.tap.closed.store(true, Ordering::Relaxed);
    storm.thaw_all();
    storm.until_threads_are_done()?;
    storm.drain()?;
    probe(storm)?;
    let left: Vec<String> = storm
        .ledger
        .left()
        .into_iter()
        .map(Line::to_string)
        .collect();
    storm.hold_new_workers();
    storm.crew().stop_begins(false);
    if let Err(trouble) = storm.queue.must(&["worker", "stop"]) {
        storm.scribe.odd(trouble.to_string());
    }
    storm.until_none_is_there()?;
    let ledger = std::mem::take(&mut storm.ledger);
    let record = storm.scribe.record().clone();
    let mut evidence = gather(storm.queue, &mut *storm.store, ledger, record)?;
    evidence.left = left;
    Ok(evidence)
}
