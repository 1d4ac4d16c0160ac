//! How many jobs there are in each state: the sum of all changes that were written down.

use queuectl_domain::State;
use tokio_postgres::Row;

use super::fault::Result;
use super::row::Columns;
use super::sql;
use super::wire::Wire;
use crate::Counts;

/// The states in the order of their columns.
const STATES: [State; 5] = [
    State::Pending,
    State::Processing,
    State::Completed,
    State::Failed,
    State::Dead,
];

pub(super) async fn load(wire: &Wire) -> Result<Counts> {
    read(&wire.rows(sql!("counts"), Vec::new()).await?)
}

/// Reads what `counts.sql` found.
pub(super) fn read(rows: &[Row]) -> Result<Counts> {
    let mut row = Columns::of_one(rows, "counts")?;
    let mut counts = Counts::default();
    for state in STATES {
        // Fewer than none can only be counted by who has been told wrong; a check finds it.
        let count: i64 = row.next()?;
        *counts.of_mut(state) = count.max(0).unsigned_abs();
    }
    Ok(counts)
}
