//! One turn of a worker: what has happened goes in, what to do next comes out, in one transaction of two questions.

use std::collections::{HashMap, HashSet};

use queuectl_domain::{Claim, Event, Fence, Settings, SortKey, State};
use tokio_postgres::Row;

use super::change::Change;
use super::doubt::Doubt;
use super::fault::Result;
use super::jobs::{self, Kept};
use super::look::{Rest, add_check, columns, heartbeat, read_checked, read_standing};
use super::mend;
use super::row::Columns;
use super::session::{Cached, Effort, Session};
use super::sql;
use super::wire::{Wire, params};
use crate::records::{running, signed};
use crate::{Claimed, Reply, Settled, StoreError, Ticket, Turn};

/// How many jobs a turn claims at most, however much room there is.
const MOST_CLAIMS: usize = 10_000;

/// Takes a turn. `doubt` is what this handle did in transactions of which it never heard how they ended, `known` what it
/// last saw to be left.
pub(super) fn take(
    session: &mut Session,
    turn: &Turn<'_>,
    doubt: &mut Doubt,
    known: &mut Option<Rest>,
) -> std::result::Result<Reply, StoreError> {
    let tells = !(turn.settled.is_empty() && turn.released.is_empty() && turn.output.is_empty());
    if !tells && !turn.rung && !doubt.is_any() {
        let seen = session.with_settings(Effort::Small, async |wire, settings| {
            super::look::around(wire, settings, turn).await
        })?;
        if let Some(reply) = seen {
            return Ok(reply);
        }
    }
    let mut attempted = Doubt::default();
    let taken = session.with_settings(Effort::Small, async |wire, settings| {
        loop {
            attempted.clear();
            if let Some(reply) = act(wire, settings, turn, doubt, &mut attempted, known).await? {
                return Ok(reply);
            }
        }
    });
    match taken {
        Ok(reply) => {
            doubt.clear();
            Ok(reply)
        }
        Err(error) => {
            doubt.add(attempted);
            Err(error)
        }
    }
}

/// All that a turn has loaded, and what becomes of it.
#[derive(Default)]
struct Loaded {
    /// Jobs by number.
    jobs: HashMap<i64, Kept>,
    /// Those of them that must be saved.
    changed: HashSet<i64>,
    /// Those that can be claimed.
    ready: Vec<i64>,
    /// Those whose commands aren't loaded.
    without_command: HashSet<i64>,
    /// Fences that are still free.
    fences: Vec<Fence>,
}

/// Does all of a turn; nothing, if it has to be begun anew since the clock was set back.
async fn act(
    wire: &Wire,
    settings: &Cached,
    turn: &Turn<'_>,
    doubt: &Doubt,
    attempted: &mut Doubt,
    known: &mut Option<Rest>,
) -> Result<Option<Reply>> {
    let told: Vec<Ticket> = ended_in(turn).chain(doubt.claims()).collect();
    let printing: Vec<Ticket> = turn.output.iter().map(|printed| printed.ticket).collect();
    let mut pipeline = Change::beginning(wire);
    if doubt.is_any() {
        // A COMMIT that is still on its way mustn't arrive after what it did was looked for.
        pipeline.add(sql!("alone"), params![turn.worker.as_str()]);
    }
    let begun = pipeline.add(sql!("begin_turn"), params![turn.worker.as_str()]);
    let (numbers, fences) = columns(&told);
    let held = (!told.is_empty()).then(|| pipeline.add(sql!("held"), params![numbers, fences]));
    let (numbers, fences) = columns(&printing);
    let printing =
        (!printing.is_empty()).then(|| pipeline.add(sql!("printing"), params![numbers, fences]));
    let checked = add_check(&mut pipeline, turn.held);
    let most = turn.free.min(MOST_CLAIMS);
    let first = (most > 0).then(|| pipeline.add(sql!("to_claim"), params![signed(most as u64)]));
    let answers = pipeline.run().await?;
    let none = Vec::new();
    let rows = |place: Option<usize>| place.map_or(&none, |place| &answers[place]);

    let Some(row) = answers[begun].first() else {
        return Err(StoreError::NoSuchWorker(turn.worker.clone()).into());
    };
    let mut row = Columns::of(row);
    let mut change = Change::begun(wire, settings, &mut row)?;
    let standing = read_standing(&mut row)?;
    let lapsed = row.next()?;
    let next_due = row.optional_timestamp()?;
    let settings = change.settings().await?;
    if standing.clock_was_set_back(change.now) {
        mend::wait_as_from_now(&mut change).await?;
        change.commit().await?;
        return Ok(None);
    }
    let mut loaded = Loaded::default();
    if next_due.is_some_and(|due| due <= change.now) {
        let due = wire.rows(sql!("due"), Vec::new()).await?;
        loaded.read_due(&due, &change, &settings)?;
    }
    loaded.read_held(rows(printing))?;
    loaded.read_held(rows(held))?;
    let (mut lost, to_end) = read_checked(rows(checked))?;
    lost.extend(tell(&mut change, &mut loaded, turn, doubt, &settings).await?);
    lost.sort_unstable();
    lost.dedup();
    let free = if standing.stop.is_none() { most } else { 0 };
    if free > 0 {
        loaded.read_first(rows(first))?;
    }
    let claimed = claim(&mut change, &mut loaded, turn, free, &settings).await?;
    attempted.claimed(&claimed);
    attempted.told(turn);
    let left = loaded.ready.len() > claimed.len();
    let is_short = claimed.len() < free;
    for seq in &loaded.changed {
        change.put(&loaded.jobs[seq]);
    }
    if standing.heartbeat_due(change.now) {
        heartbeat(wire, turn, change.now).await?;
    }
    let now = change.now;
    // A worker that got all it asked for will ask again soon; only one that came up short needs the counts.
    let rest = match known.filter(|rest| rest.will_do() && free > 0 && !is_short) {
        Some(rest) => {
            change.commit().await?;
            rest
        }
        None => {
            let answers = change.commit_with(&[sql!("rest")]).await?;
            Rest::read(&mut Columns::of_one(&answers[0], "rest")?)?
        }
    };
    *known = Some(rest);
    let mut reply = rest.reply(now, standing.stop, settings);
    // What others are about to claim is pending as long as they haven't; it isn't there for this worker.
    reply.more = left || (reply.more && !is_short);
    reply.claimed = claimed;
    reply.lost = lost;
    reply.to_end = to_end;
    reply.lapsed = lapsed;
    Ok(Some(reply))
}

/// The claims that the turn ends.
fn ended_in<'t>(turn: &'t Turn<'_>) -> impl Iterator<Item = Ticket> + 't {
    let settled = turn.settled.iter().map(|settled| settled.ticket);
    settled.chain(turn.released.iter().copied())
}

impl Loaded {
    /// Makes claimable what is due.
    fn read_due(&mut self, due: &[Row], change: &Change<'_>, settings: &Settings) -> Result<()> {
        for row in due {
            let mut kept = jobs::read_without_command(row)?;
            // The clock went on between the questions.
            if kept.job.ready_at > change.now {
                continue;
            }
            change.apply(&mut kept, Event::Due, &settings.policy)?;
            self.without_command.insert(kept.seq);
            self.changed.insert(kept.seq);
            self.ready.push(kept.seq);
            self.jobs.insert(kept.seq, kept);
        }
        Ok(())
    }

    /// Reads what the worker holds.
    fn read_held(&mut self, held: &[Row]) -> Result<()> {
        for row in held {
            let kept = jobs::read_without_command(row)?;
            self.without_command.insert(kept.seq);
            self.jobs.insert(kept.seq, kept);
        }
        Ok(())
    }

    /// Reads the most urgent of those that are pending.
    fn read_first(&mut self, first: &[Row]) -> Result<()> {
        for row in first {
            let mut row = Columns::of(row);
            let mut kept = jobs::read_outline(&mut row)?;
            jobs::read_command(&mut row, &mut kept.job)?;
            self.fences.push(Fence(row.next()?));
            self.ready.push(kept.seq);
            self.jobs.insert(kept.seq, kept);
        }
        Ok(())
    }

    /// The job that is held under this claim.
    fn held(&mut self, ticket: Ticket) -> Option<&mut Kept> {
        let kept = self.jobs.get_mut(&ticket.number)?;
        let claim = kept.job.claim.as_ref()?;
        (claim.fence == ticket.fence).then_some(kept)
    }

    /// A job has changed, and can be claimed if it has gone back to the queue.
    fn has_changed(&mut self, seq: i64) {
        self.changed.insert(seq);
        if self.jobs[&seq].job.state == State::Pending {
            self.ready.push(seq);
        }
    }
}

/// Takes in what the worker tells; returns which of its claims are lost.
async fn tell(
    change: &mut Change<'_>,
    loaded: &mut Loaded,
    turn: &Turn<'_>,
    doubt: &Doubt,
    settings: &Settings,
) -> Result<Vec<Fence>> {
    let mut lost = Vec::new();
    for printed in turn.output {
        let fence = printed.ticket.fence;
        if loaded.held(printed.ticket).is_some() {
            let limit = settings.output_limit;
            change.pieces.append(fence, &printed.chunks, limit);
        } else {
            lost.push(fence);
        }
    }
    let mut unknown = Vec::new();
    for settled in turn.settled {
        if !settle(change, loaded, settled, settings)? {
            unknown.push(settled);
        }
    }
    for ticket in turn.released.iter().copied() {
        if !release(change, loaded, ticket, settings)? && !doubt.was_released(ticket) {
            lost.push(ticket.fence);
        }
    }
    for ticket in doubt.claims() {
        release(change, loaded, ticket, settings)?;
    }
    let known = doubt.done(change.wire, &unknown).await?;
    let fences = unknown.iter().map(|settled| settled.ticket.fence);
    lost.extend(fences.filter(|fence| !known.contains(fence)));
    Ok(lost)
}

/// Takes in how an attempt ended; false, and nothing, if its claim is lost.
fn settle(
    change: &mut Change<'_>,
    loaded: &mut Loaded,
    settled: &Settled,
    settings: &Settings,
) -> Result<bool> {
    let Ticket { number, fence } = settled.ticket;
    let Some(kept) = loaded.held(settled.ticket) else {
        return Ok(false);
    };
    let attempt = running(&kept.job);
    let ending = settled.ending.clone();
    if !change.apply_if_held(kept, Event::Settle { fence, ending }, &settings.policy)? {
        return Ok(false);
    }
    if let Some(attempt) = attempt {
        let now = change.now;
        change.ended.record(number, &attempt, now, &settled.ending);
    }
    let limit = settings.output_limit;
    change.pieces.append(fence, &settled.output, limit);
    loaded.has_changed(number);
    Ok(true)
}

/// Puts back a job that wasn't begun; false, and nothing, if its claim is lost.
fn release(
    change: &Change<'_>,
    loaded: &mut Loaded,
    ticket: Ticket,
    settings: &Settings,
) -> Result<bool> {
    let Ticket { number, fence } = ticket;
    let Some(kept) = loaded.held(ticket) else {
        return Ok(false);
    };
    if !change.apply_if_held(kept, Event::Release { fence }, &settings.policy)? {
        return Ok(false);
    }
    loaded.has_changed(number);
    Ok(true)
}

/// Claims up to `free` jobs, most urgent first.
async fn claim(
    change: &mut Change<'_>,
    loaded: &mut Loaded,
    turn: &Turn<'_>,
    free: usize,
    settings: &Settings,
) -> Result<Vec<Claimed>> {
    let Loaded {
        jobs,
        changed,
        ready,
        without_command,
        fences,
    } = loaded;
    let key = |seq: &i64| -> (SortKey, i64) { (jobs[seq].job.sort_key(), *seq) };
    ready.sort_unstable_by_key(key);
    let wanted = &ready[..free.min(ready.len())];
    let bare: Vec<i64> = wanted
        .iter()
        .copied()
        .filter(|seq| without_command.contains(seq))
        .collect();
    if !bare.is_empty() {
        for row in change.wire.rows(sql!("commands"), params![bare]).await? {
            let mut row = Columns::of(&row);
            let seq: i64 = row.next()?;
            if let Some(kept) = jobs.get_mut(&seq) {
                jobs::read_command(&mut row, &mut kept.job)?;
            }
            fences.push(Fence(row.next()?));
        }
    }
    fences.sort_unstable();
    let mut claimed = Vec::with_capacity(wanted.len());
    for (seq, fence) in wanted.iter().zip(fences.iter().copied()) {
        let kept = jobs.get_mut(seq).expect("what is ready is loaded");
        let claim = Claim {
            worker: turn.worker.clone(),
            fence,
        };
        change.apply(kept, Event::Claim(claim), &settings.policy)?;
        changed.insert(*seq);
        claimed.push(Claimed {
            ticket: Ticket {
                number: *seq,
                fence,
            },
            job: kept.job.clone(),
        });
    }
    Ok(claimed)
}
