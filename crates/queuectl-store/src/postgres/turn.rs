//! One turn of a worker: what has happened goes in, what to do next comes out, in one transaction of two questions.

use std::collections::{HashMap, HashSet};

use queuectl_domain::{Claim, Event, Fence, Life, Settings, Spec, State};
use tokio_postgres::Row;

use super::change::Change;
use super::doubt::Doubt;
use super::fault::Result;
use super::jobs::Tracked;
use super::look::{Rest, add_check, columns, heartbeat, read_checked, read_standing};
use super::mend;
use super::row::Columns;
use super::session::{Cached, Effort, Session};
use super::sql;
use super::wire::{Wire, params};
use crate::records::{Columns as _, Kept, damaged, running, signed, spec};
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
    jobs: HashMap<i64, Tracked>,
    /// Those of them that must be saved.
    changed: HashSet<i64>,
    /// Those that can be claimed.
    ready: Vec<i64>,
    /// What those are that were pending: nobody needs to know what the others run, unless they are claimed, too.
    specs: HashMap<i64, Spec>,
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
    let told = tell(&mut change, &mut loaded, turn, doubt, &settings).await?;
    lost.extend(told.lost);
    lost.sort_unstable();
    lost.dedup();
    let free = if standing.stop.is_none() { most } else { 0 };
    if free > 0 {
        loaded.read_first(rows(first))?;
    }
    let claimed = claim(&mut change, &mut loaded, turn, free, &settings).await?;
    attempted.claimed(&claimed);
    attempted.told(turn, &told.settled);
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
    reply.settled = told.settled;
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
            let mut job = Tracked::read(row)?;
            // The clock went on between the questions.
            if job.kept.life.ready_at > change.now {
                continue;
            }
            change.apply(&mut job.kept, Event::Due, &settings.policy)?;
            let number = job.kept.number;
            self.changed.insert(number);
            self.ready.push(number);
            self.jobs.insert(number, job);
        }
        Ok(())
    }

    /// Reads what the worker holds.
    fn read_held(&mut self, held: &[Row]) -> Result<()> {
        for row in held {
            let job = Tracked::read(row)?;
            self.jobs.insert(job.kept.number, job);
        }
        Ok(())
    }

    /// Reads the most urgent of those that are pending.
    fn read_first(&mut self, first: &[Row]) -> Result<()> {
        for row in first {
            let mut row = Columns::of(row);
            let (kept, spec) = Kept::read_whole(&mut row)?;
            self.fences.push(Fence(row.next()?));
            self.ready.push(kept.number);
            self.specs.insert(kept.number, spec);
            self.jobs.insert(kept.number, Tracked::loaded(kept));
        }
        Ok(())
    }

    /// The job that is held under this claim.
    fn held(&mut self, ticket: Ticket) -> Option<&mut Kept> {
        let kept = &mut self.jobs.get_mut(&ticket.number)?.kept;
        let claim = kept.life.claim.as_ref()?;
        (claim.fence == ticket.fence).then_some(kept)
    }

    /// A job has changed, and can be claimed if it has gone back to the queue.
    fn has_changed(&mut self, seq: i64) {
        self.changed.insert(seq);
        if self.jobs[&seq].kept.life.state == State::Pending {
            self.ready.push(seq);
        }
    }
}

/// What has become of what a worker told.
struct Told {
    settled: Vec<(Fence, Life)>,
    lost: Vec<Fence>,
}

/// Takes in what the worker tells.
async fn tell(
    change: &mut Change<'_>,
    loaded: &mut Loaded,
    turn: &Turn<'_>,
    doubt: &Doubt,
    settings: &Settings,
) -> Result<Told> {
    let (mut settled, mut lost) = (Vec::new(), Vec::new());
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
    for ended in turn.settled {
        match settle(change, loaded, ended, settings)? {
            Some(life) => settled.push((ended.ticket.fence, life)),
            None => unknown.push(ended),
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
    let mut known = doubt.done(change.wire, &unknown).await?;
    for fence in unknown.iter().map(|ended| ended.ticket.fence) {
        match known.remove(&fence) {
            Some(life) => settled.push((fence, life)),
            None => lost.push(fence),
        }
    }
    Ok(Told { settled, lost })
}

/// Takes in how an attempt ended; returns what has become of its job: none, and nothing is done, if its claim is lost.
fn settle(
    change: &mut Change<'_>,
    loaded: &mut Loaded,
    settled: &Settled,
    settings: &Settings,
) -> Result<Option<Life>> {
    let Ticket { number, fence } = settled.ticket;
    let Some(kept) = loaded.held(settled.ticket) else {
        return Ok(None);
    };
    let attempt = running(&kept.life);
    let ending = settled.ending.clone();
    if !change.apply_if_held(kept, Event::Settle { fence, ending }, &settings.policy)? {
        return Ok(None);
    }
    let life = kept.life.clone();
    if let Some(attempt) = attempt {
        let now = change.now;
        change.ended.record(number, &attempt, now, &settled.ending);
    }
    let limit = settings.output_limit;
    change.pieces.append(fence, &settled.output, limit);
    loaded.has_changed(number);
    Ok(Some(life))
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
        specs,
        fences,
    } = loaded;
    ready.sort_unstable_by_key(|number| (jobs[number].kept.sort_key(), *number));
    let wanted = &ready[..free.min(ready.len())];
    let unknown = wanted.iter().copied();
    let unknown: Vec<i64> = unknown
        .filter(|number| !specs.contains_key(number))
        .collect();
    if !unknown.is_empty() {
        for row in change.wire.rows(sql!("specs"), params![unknown]).await? {
            let mut row = Columns::of(&row);
            let number = row.integer()?;
            let Some(job) = jobs.get(&number) else {
                continue;
            };
            specs.insert(number, spec(&mut row, job.kept.rules)?);
            fences.push(Fence(row.integer()?));
        }
    }
    fences.sort_unstable();
    let mut claimed = Vec::with_capacity(wanted.len());
    for (&number, &fence) in wanted.iter().zip(&*fences) {
        let kept = &mut jobs.get_mut(&number).expect("what is ready is loaded").kept;
        let claim = Claim {
            worker: turn.worker.clone(),
            fence,
        };
        change.apply(kept, Event::Claim(claim), &settings.policy)?;
        changed.insert(number);
        let spec = specs
            .remove(&number)
            .ok_or_else(|| damaged(format!("nothing is known of what job number {number} runs")))?;
        claimed.push(Claimed {
            ticket: Ticket { number, fence },
            job: kept.clone().into_job(spec),
        });
    }
    Ok(claimed)
}
