//! What a worker wants to know that has nothing to tell: one question, and nothing is changed but that it was heard of.

use std::time::{Duration, Instant};

use queuectl_domain::{Fence, Timestamp};
use tokio_postgres::Row;

use super::change::settings_of;
use super::fault::Result;
use super::row::Columns;
use super::session::Cached;
use super::sql;
use super::wire::{Pipeline, Wire, params};
use crate::records::{Code, Columns as _, Standing};
use crate::{Reply, StopMode, StoreError, Ticket, Turn};

/// How many of each state are counted at most, by the function `rest`.
const COUNTED: u64 = 1_000;

/// How long more than can be counted are taken to be still there.
const REMEMBERED: Duration = Duration::from_millis(250);

/// What is left to do in the whole store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    seen: Instant,
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
            seen: Instant::now(),
            pending,
            unfinished: pending + processing + failed,
            next_due: row.optional_timestamp()?,
        })
    }

    /// Whether more than can be counted were pending, just now: then it needn't be counted again, which is what costs most
    /// of a turn.
    pub(super) fn will_do(&self) -> bool {
        self.pending >= COUNTED && self.seen.elapsed() < REMEMBERED
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
            settled: Vec::new(),
            lost: Vec::new(),
            to_end: Vec::new(),
            stop,
            more: self.pending > 0,
            due_in: self.next_due.map(|due| due.since(now)),
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
    let mut pipeline = Pipeline::on(wire);
    let looked = pipeline.add(sql!("look"), params![turn.worker.as_str()]);
    let checked = add_check(&mut pipeline, turn.held);
    let answers = pipeline.run().await?;
    let unknown = || StoreError::NoSuchWorker(turn.worker.clone());
    let row = answers[looked].first().ok_or_else(unknown)?;
    let mut row = Columns::of(row);
    let now = row.timestamp()?;
    let changes = row.next()?;
    let standing = read_standing(&mut row)?;
    let lapsed = row.next()?;
    let rest = Rest::read(&mut row)?;
    let can_claim = turn.free > 0 && rest.pending > 0 && standing.stop.is_none();
    if can_claim || rest.is_due(now) || standing.clock_was_set_back(now) {
        return Ok(None);
    }
    let settings = settings_of(wire, settings, changes).await?;
    if standing.heartbeat_due(now) {
        heartbeat(wire, turn, now).await?;
    }
    let mut reply = rest.reply(now, standing.stop, settings);
    if let Some(checked) = checked {
        (reply.lost, reply.to_end) = read_checked(&answers[checked])?;
    }
    reply.lapsed = lapsed;
    Ok(Some(reply))
}

/// The worker is heard of.
pub(super) async fn heartbeat(wire: &Wire, turn: &Turn<'_>, now: Timestamp) -> Result<()> {
    let said = params![turn.worker.as_str(), now.0];
    let heard = wire.rows(sql!("heartbeat"), said).await?;
    if heard.is_empty() {
        return Err(StoreError::NoSuchWorker(turn.worker.clone()).into());
    }
    Ok(())
}

/// Asks which claims are lost, and which are of runs that are to end; where the answer comes, if there are any.
pub(super) fn add_check(pipeline: &mut Pipeline<'_>, held: &[Ticket]) -> Option<usize> {
    let (numbers, fences) = columns(held);
    (!held.is_empty()).then(|| pipeline.add(sql!("check_held"), params![numbers, fences]))
}

/// Which claims are lost, and which are of runs that are to end.
pub(super) fn read_checked(rows: &[Row]) -> Result<(Vec<Fence>, Vec<Fence>)> {
    let (mut lost, mut to_end) = (Vec::new(), Vec::new());
    for row in rows {
        let mut row = Columns::of(row);
        let fence = Fence(row.next()?);
        if row.next()? {
            lost.push(fence);
        } else {
            to_end.push(fence);
        }
    }
    Ok((lost, to_end))
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
