//! Puts right what a check has found, as far as nothing gets lost by it. Each looks at the tables anew.

use queuectl_domain::{Event, Priority, SortKey, WorkerId};

use super::change::Change;
use super::edit::read_counts;
use super::fault::Result;
use super::jobs::Tracked;
use super::row::Columns;
use super::wire::{Pipeline, params};
use super::{sql, workers};
use crate::records::Gone;

/// How many jobs are put right at a time.
const AT_ONCE: i64 = 5_000;

/// Counts what there is, and goes on after the highest numbers that are in use.
pub(super) async fn recount(change: &mut Change<'_>) -> Result<()> {
    let wire = change.wire;
    let mut pipeline = Pipeline::on(wire);
    // Nobody changes any count meanwhile.
    pipeline.add(sql!("lock_counts"), Vec::new());
    pipeline.add(sql!("mend_numbers"), Vec::new());
    pipeline.add(sql!("delete_count_changes"), Vec::new());
    let counted = pipeline.add(sql!("check_counts"), Vec::new());
    let answers = pipeline.run().await?;
    for (state, count) in read_counts(&answers[counted])? {
        change.count(state, count);
    }
    Ok(())
}

/// Puts back what a worker holds that isn't known; nothing if it is known by now.
pub(super) async fn put_back(change: &mut Change<'_>, owner: &WorkerId) -> Result<()> {
    let asked = params![owner.as_str()];
    if change.wire.rows(sql!("worker"), asked).await?.is_empty() {
        workers::give_back_all(change, owner, Gone::Died(None)).await?;
    }
    Ok(())
}

/// Removes what is left of jobs that are gone.
pub(super) async fn sweep(change: &mut Change<'_>) -> Result<()> {
    let mut pipeline = Pipeline::on(change.wire);
    // The output goes last: whose it was is seen from the attempts.
    pipeline.add(sql!("mend_attempts"), Vec::new());
    pipeline.add(sql!("mend_specs"), Vec::new());
    pipeline.add(sql!("mend_output"), Vec::new());
    pipeline.run().await?;
    Ok(())
}

/// Lets jobs wait as from now if their wait begins in the future, and leases last as long from now as they did then: the clock was
/// set back since.
pub(super) async fn wait_as_from_now(change: &mut Change<'_>) -> Result<()> {
    let policy = change.settings().await?.policy;
    let now = change.now;
    let asked = params![now.0];
    change
        .wire
        .rows(sql!("workers_from_the_future"), asked)
        .await?;
    // The order goes with the time, so the index finds them.
    let earliest = SortKey::new(now, Priority::HIGHEST);
    let mut after = i64::MIN;
    loop {
        let asked = params![now.0, earliest.0, after, AT_ONCE];
        let rows = change
            .wire
            .rows(sql!("waiting_from_the_future"), asked)
            .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Columns::of(last).next()?;
        for row in &rows {
            let mut job = Tracked::read(row)?;
            change.apply(&mut job.kept, Event::ClockSetBack, &policy)?;
            change.put(&job);
        }
        change.flush().await?;
    }
}
