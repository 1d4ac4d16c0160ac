//! How soon a dead worker's job runs again when another is idle: measured in the
//! calm after the storm, where nothing else can be the reason for a delay.

use std::time::{Duration, Instant};

use crate::enqueuer::Job;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::ledger::{self, Line};
use crate::plan::Step;
use crate::record::{Enqueued, Probe};
use crate::storm::{Storm, over};
use crate::trouble::Trouble;

/// How often it is measured.
const PROBES: u32 = 6;
/// How long to wait for what should take a second at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures it so often. Every second time one more of the others is frozen, and must not matter.
pub(crate) fn probe(storm: &mut Storm<'_, '_>) -> Result<(), Trouble> {
    for number in 0..PROBES {
        if !storm.all_have_come()? {
            storm.scribe.odd("new workers don't come".to_owned());
            return Ok(());
        }
        // A new worker would rescue at its start what the others have overlooked.
        storm.hold_new_workers();
        measure(storm, number)?;
        storm.thaw_all();
        storm.let_new_workers_come();
    }
    Ok(())
}

fn measure(storm: &mut Storm<'_, '_>, number: u32) -> Result<(), Trouble> {
    let job = Job {
        id: format!("probe-{number}"),
        kind: Kind::Slow,
        length: 3000,
        priority: 5,
        how: 0,
    };
    let output = job.command(storm.queue).output();
    let answered = output.is_ok_and(|output| output.status.success());
    let id = job.id.clone();
    storm.scribe.record().enqueued.push(Enqueued {
        id: id.clone(),
        kind: job.kind,
        answered,
    });
    let Some(first) = begun(storm, &id, 0)? else {
        storm
            .scribe
            .odd(format!("{id} wasn't begun within {PATIENCE:?}"));
        return Ok(());
    };
    let mut others = storm.crew().known();
    let runner = others.iter().position(|(_, name)| *name == first.worker);
    let Some((runner, name)) = runner.map(|at| others.swap_remove(at)) else {
        return Err(Trouble::Wrong(format!("nobody knows who runs {id}")));
    };
    // One that runs something could be about to write, and hold up all others then. Of the
    // rest, the one before it in the ring is the first to look after it.
    let busy = storm.running()?;
    others.retain(|(_, name)| busy.iter().all(|(worker, ..)| worker != name));
    others.sort_by(|a, b| a.1.cmp(&b.1));
    let before = others.iter().rev().find(|(_, other)| *other < name);
    if number % 2 == 1
        && let Some((bystander, name)) = before.or(others.last())
    {
        let step = Step {
            at: Duration::ZERO,
            fault: Fault::FreezeWorker,
            pick: 0,
            length: PATIENCE,
        };
        storm.freeze(&step, *bystander, name);
    }
    let killed_at = storm.kill(runner, &name);
    let again = begun(storm, &id, first.fence)?;
    let was_done = storm.ledger.has_finished(&id, first.fence);
    if let Some(killed_at) = killed_at.filter(|_| !was_done) {
        // If it didn't begin again, this is how long it took at least.
        let begun_at = again.map_or_else(ledger::now, |line| line.at);
        storm.scribe.record().probes.push(Probe {
            killed_at,
            begun_at,
        });
    }
    Ok(())
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
