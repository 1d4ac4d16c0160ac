//! What a worker wants to know that has nothing to tell: one question, and nothing is changed.

use std::time::Duration;

use queuectl_domain::{Fence, Timestamp};

use super::change::settings_of;
use super::fault::Result;
use super::row::Columns;
use super::session::Cached;
use super::sql;
use super::wire::{Wire, params};
use crate::records::{Code, Standing};
use crate::{Reply, StopMode, StoreError, Ticket, Turn};

/// What is left to do in the whole store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    pub(super) pending: u64,
    unfinished: u64,
    next_due: Option<Timestamp>,
}

impl Rest {
    /// Reads the columns of the view of that name.
    pub(super) fn read(row: &mut Columns<'_>) -> Result<Self> {
        let pending: u64 = row.unsigned()?;
        let processing: u64 = row.unsigned()?;
        let failed: u64 = row.unsigned()?;
        Ok(Self {
            pending,
            unfinished: pending + processing + failed,
            next_due: row.optional_timestamp()?,
        })
    }

    /// A reply that says this, and no more.
    pub(super) fn reply(
        &self,
        now: Timestamp,
        stop: Option<StopMode>,
        settings: queuectl_domain::Settings,
    ) -> Reply {
        Reply {
            now,
            claimed: Vec::new(),
            lost: Vec::new(),
            to_end: Vec::new(),
            stop,
            more: self.pending > 0,
            due_in: self.next_due.map(|due| due.since(now)),
            lease: None,
            lapsed: false,
            unfinished: self.unfinished,
            unsynced: false,
            settings,
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.next_due
            .is_some_and(|due| due.since(now) == Duration::ZERO)
    }
}

/// The reply, if nothing has to be changed for it.
pub(super) async fn around(
    wire: &Wire,
    settings: &Cached,
    turn: &Turn<'_>,
) -> Result<Option<Reply>> {
    let (numbers, fences) = columns(turn.held);
    let asked = params![turn.worker.as_str(), numbers, fences];
    let rows = wire.rows(sql!("look"), asked).await?;
    let Some(row) = rows.first() else {
        return Err(StoreError::NoSuchWorker(turn.worker.clone()).into());
    };
    let mut row = Columns::of(row);
    let now = row.timestamp()?;
    let changes = row.next()?;
    let standing = read_standing(&mut row)?;
    let lapsed = row.next()?;
    let rest = Rest::read(&mut row)?;
    let lost: Vec<i64> = row.next()?;
    let to_end: Vec<i64> = row.next()?;
    let can_claim = turn.free > 0 && rest.pending > 0 && standing.stop.is_none();
    if can_claim || rest.is_due(now) || turn.renew || standing.heartbeat_due(now) {
        return Ok(None);
    }
    let settings = settings_of(wire, settings, changes).await?;
    let mut reply = rest.reply(now, standing.stop, settings);
    reply.lost = lost.into_iter().map(Fence).collect();
    reply.to_end = to_end.into_iter().map(Fence).collect();
    reply.lapsed = lapsed;
    Ok(Some(reply))
}

/// Reads when a worker was last heard of and how it is to stop.
pub(super) fn read_standing(row: &mut Columns<'_>) -> Result<Standing> {
    let heartbeat_at = row.timestamp()?;
    let stop: Option<i64> = row.next()?;
    Ok(Standing {
        heartbeat_at,
        stop: stop.map(StopMode::from_code).transpose()?,
    })
}

/// Tickets column by column.
pub(super) fn columns(tickets: &[Ticket]) -> (Vec<i64>, Vec<i64>) {
    let columns = tickets.iter().map(|ticket| (ticket.number, ticket.fence.0));
    columns.unzip()
}
