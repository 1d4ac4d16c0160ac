//! Deletes completed jobs that are old.

use std::time::{Duration, Instant};

use queuectl_domain::{State, Timestamp};

use super::change::Change;
use super::edit::delete_all;
use super::fault::Result;
use super::row::Columns;
use super::sql;
use super::wire::params;
use crate::records::signed;

/// After so long a handle looks from the beginning again.
const ANEW: Duration = Duration::from_secs(3600);

/// How far a handle has deleted: it needn't look below that. As long as some session holds a transaction open, all
/// that was deleted is still in the index, and whoever looks for the first of it would walk over all of that.
///
/// Some may have been left there: what another was about to delete and didn't, and what came from another store.
pub(super) struct Swept {
    to: i64,
    begun: Instant,
}

impl Swept {
    pub(super) fn nothing() -> Self {
        Self {
            to: i64::MIN,
            begun: Instant::now(),
        }
    }

    /// From where on to look, once more from the beginning now and then.
    pub(super) fn from(&mut self) -> i64 {
        if self.begun.elapsed() >= ANEW {
            *self = Self::nothing();
        }
        self.to
    }

    /// All up to there is deleted, and that was committed.
    pub(super) fn done(&mut self, to: Option<i64>) {
        self.to = to.unwrap_or(self.to);
    }
}

/// Deletes completed jobs that ended before a moment, those that ended first, from a moment on; returns how many, and when the last of
/// them ended.
pub(super) async fn completed(
    change: &mut Change<'_>,
    from: i64,
    before: Timestamp,
    most: usize,
) -> Result<(u64, Option<i64>)> {
    let values = params![from, before.0, signed(most as u64)];
    let rows = change.wire.rows(sql!("completed_before"), values).await?;
    let mut numbers = Vec::with_capacity(rows.len());
    let mut last = None;
    for row in &rows {
        let row = &mut Columns::of(row);
        numbers.push(row.next()?);
        last = row.next()?;
    }
    let count = numbers.len();
    if count > 0 {
        delete_all(change, numbers, vec![State::Completed; count]).await?;
    }
    Ok((count as u64, last))
}
