//! Puts right what a check has found, as far as nothing gets lost by it. Each looks at the tables anew.

use queuectl_domain::WorkerId;

use super::change::Change;
use super::edit::read_counts;
use super::fault::Result;
use super::row::Columns;
use super::wire::{Pipeline, params};
use super::{sql, workers};
use crate::records::Gone;

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

/// Lets jobs wait as from now if their wait begins in the future: the clock was set back since.
pub(super) async fn wait_as_from_now(change: &mut Change<'_>) -> Result<()> {
    let now = change.now.0;
    for row in change.wire.rows(sql!("mend_pending"), params![now]).await? {
        change.waits_at(Columns::of(&row).next()?);
    }
    for row in change.wire.rows(sql!("mend_failed"), params![now]).await? {
        change.is_due_at(Columns::of(&row).next()?);
    }
    Ok(())
}
