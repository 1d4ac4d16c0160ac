//! Two things that are looked at in the calm after the storm, where nothing else gets in
//! the way: how soon a dead worker's job runs again when another is idle, and whether a
//! worker that was replaced can harm the job that another runs now.

use std::time::{Duration, Instant};

use crate::enqueuer::Job;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::ledger::{self, Line};
use crate::plan::Step;
use crate::process::Process;
use crate::record::{Enqueued, Probe};
use crate::storm::{Storm, over};
use crate::trouble::Trouble;

/// How often each is done.
const PROBES: u32 = 4;
/// How long to wait for what should take a second at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does both, as often as it takes to be sure.
pub(crate) fn probe(storm: &mut Storm<'_, '_>) -> Result<(), Trouble> {
    for number in 0..2 * PROBES {
        if !storm.all_have_come()? {
            storm.scribe.odd("new workers don't come".to_owned());
            return Ok(());
        }
        // A new worker would rescue at its start what the others have overlooked.
        storm.hold_new_workers();
        if let Some(line) = begin(storm, number)? {
            let mut others = storm.crew().known();
            let runner = others.iter().position(|(_, name)| *name == line.worker);
            let Some(runner) = runner.map(|at| others.swap_remove(at)) else {
                let wrong = format!("nobody knows who runs {}", line.job);
                return Err(Trouble::Wrong(wrong));
            };
            if number < PROBES {
                let with_frozen = number % 2 == 1;
                kill(storm, &line, runner, with_frozen.then_some(others))?;
            } else {
                storm.take_for_dead(&step(Fault::Replace), runner.0, &runner.1)?;
                begun(storm, &line.job, line.fence)?;
            }
        }
        storm.thaw_all();
        // All are idle again before the next.
        storm.drain()?;
        storm.let_new_workers_come();
    }
    Ok(())
}

/// Enqueues a job that lasts a while, and waits for it to begin.
fn begin(storm: &mut Storm<'_, '_>, number: u32) -> Result<Option<Line>, Trouble> {
    let job = Job {
        id: format!("probe-{number}"),
        kind: Kind::Slow,
        length: 1500,
        priority: 5,
        how: 0,
    };
    let output = job.command(storm.queue).output();
    let answered = output.is_ok_and(|output| output.status.success());
    storm.scribe.record().enqueued.push(Enqueued {
        id: job.id.clone(),
        kind: job.kind,
        answered,
    });
    let line = begun(storm, &job.id, 0)?;
    if line.is_none() {
        let id = job.id;
        storm
            .scribe
            .odd(format!("{id} wasn't begun in {PATIENCE:?}"));
    }
    Ok(line)
}

/// Kills the one that runs a job, and measures how long it takes until that runs again. One of the
/// others may be frozen meanwhile, and must not matter.
fn kill(
    storm: &mut Storm<'_, '_>,
    line: &Line,
    (runner, name): (Process, String),
    others: Option<Vec<(Process, String)>>,
) -> Result<(), Trouble> {
    if let Some(others) = others {
        freeze_a_bystander(storm, others, &name)?;
    }
    let Some(killed_at) = storm.kill(runner, &name) else {
        return Ok(());
    };
    let again = begun(storm, &line.job, line.fence)?;
    // On a slow machine it may have been done by then.
    let finished_at = storm.ledger.finished_at(&line.job, line.fence);
    if finished_at.is_none_or(|at| at > killed_at) {
        // If it didn't begin again, this is how long it took at least.
        let begun_at = again.map_or_else(ledger::now, |line| line.at);
        storm.scribe.record().probes.push(Probe {
            killed_at,
            begun_at,
        });
    }
    Ok(())
}

/// Not one that runs something: that could be about to write, and hold up all others then. Of
/// the rest, the one before the runner in the ring is the first to look after it.
fn freeze_a_bystander(
    storm: &mut Storm<'_, '_>,
    mut others: Vec<(Process, String)>,
    runner: &str,
) -> Result<(), Trouble> {
    let busy = storm.running()?;
    others.retain(|(_, name)| busy.iter().all(|(worker, ..)| worker != name));
    others.sort_by(|a, b| a.1.cmp(&b.1));
    let before = others.iter().rev().find(|(_, other)| **other < *runner);
    if let Some((bystander, name)) = before.or(others.last()) {
        storm.freeze(&step(Fault::FreezeWorker), *bystander, name);
    }
    Ok(())
}

fn step(fault: Fault) -> Step {
    Step {
        at: Duration::ZERO,
        fault,
        pick: 0,
        length: PATIENCE,
    }
}

/// The line by which a run of a job with a later fence begins, if that comes in time.
fn begun(storm: &mut Storm<'_, '_>, job: &str, after: i64) -> Result<Option<Line>, Trouble> {
    let deadline = Instant::now() + PATIENCE;
    let mut found = None;
    storm.until(|storm| {
        found = storm.ledger.begun_after(job, after).cloned();
        Ok(over(found.is_some() || Instant::now() > deadline))
    })?;
    Ok(found)
}
