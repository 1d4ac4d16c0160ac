//! One turn of a worker: what has happened goes in, what to do next comes out, in one transaction.

use std::time::Duration;

use queuectl_domain::{Claim, Event, Fence, Life, Settings, State, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::counters::Counters;
use super::fault::Result;
use super::jobs;
use super::session::{Change, Durability, Look, Session};
use super::workers::Hold;
use super::{attempts, mend, output, sql, workers};
use crate::records::{running, signed};
use crate::{Claimed, Printed, Reply, Settled, StoreError, Ticket, Turn};

/// How many retries that have come due one turn takes in; the next turn takes the rest.
const DUE_AT_ONCE: i64 = 1000;

/// How long results may be without a sync.
const SYNC_EVERY: Duration = Duration::from_millis(50);

/// Takes a turn. `unsynced` says whether there are results that aren't safe yet; it is kept up to
/// date.
pub(super) fn take(
    session: &mut Session,
    turn: &Turn<'_>,
    unsynced: &mut bool,
) -> std::result::Result<Reply, StoreError> {
    if turn.settled.is_empty() && turn.released.is_empty() && turn.output.is_empty() {
        let seen = session.read(|look| look_around(look, turn))?;
        if let Some(mut reply) = seen {
            reply.unsynced = *unsynced;
            return Ok(reply);
        }
    }
    let results = *unsynced || !turn.settled.is_empty();
    let mut durability = if results && session.since_sync() >= SYNC_EVERY {
        Durability::Full
    } else {
        Durability::Normal
    };
    let mut reply = loop {
        match session.write(durability, |change| act(change, turn, durability))? {
            Some(reply) => break reply,
            None => durability = Durability::Full,
        }
    };
    *unsynced = results && durability == Durability::Normal;
    reply.unsynced = *unsynced;
    Ok(reply)
}

/// The reply, if nothing has to be changed for it.
fn look_around(look: &mut Look<'_>, turn: &Turn<'_>) -> Result<Option<Reply>> {
    let standing = workers::standing(look.conn, turn.worker)?;
    let counters = Counters::load(look.conn)?;
    let next_due = next_due(look.conn)?;
    let can_claim =
        turn.free > 0 && counters.jobs.of(State::Pending) > 0 && standing.stop.is_none();
    let is_due = next_due.is_some_and(|due| due <= look.now);
    if can_claim || is_due || standing.heartbeat_due(look.now) {
        return Ok(None);
    }
    let (lost, to_end) = check_held(look.conn, turn.held)?;
    Ok(Some(Reply {
        now: look.now,
        claimed: Vec::new(),
        settled: Vec::new(),
        lost,
        to_end,
        stop: standing.stop,
        more: counters.jobs.of(State::Pending) > 0,
        due_in: next_due.map(|due| due.since(look.now)),
        lapsed: false,
        unfinished: counters.jobs.unfinished(),
        unsynced: false,
        settings: look.settings(&counters)?,
    }))
}

/// Does all of a turn; nothing, if that has to be on disk at once and wouldn't be.
fn act(change: &mut Change<'_>, turn: &Turn<'_>, durability: Durability) -> Result<Option<Reply>> {
    let standing = workers::standing(change.conn, turn.worker)?;
    let most = most_claims(change, turn);
    if !change.counters.has_fences(most) {
        if durability == Durability::Normal {
            return Ok(None);
        }
        change.counters.reserve_fences(most);
    }
    let settings = change.settings()?;
    let (mut lost, to_end) = check_held(change.conn, turn.held)?;
    for printed in turn.output {
        if !take_output(change, printed, settings.output_limit)? {
            lost.push(printed.ticket.fence);
        }
    }
    let mut became = Vec::with_capacity(turn.settled.len());
    for settled in turn.settled {
        let fence = settled.ticket.fence;
        match settle(change, settled, &settings)? {
            Some(life) => became.push((fence, life)),
            None => lost.push(fence),
        }
    }
    for ticket in turn.released {
        if !release(change, *ticket, &settings)? {
            lost.push(ticket.fence);
        }
    }
    lost.sort_unstable();
    lost.dedup();
    if standing.clock_was_set_back(change.now) {
        mend::wait_as_from_now(change)?;
    }
    take_due(change, &settings)?;
    let free = if standing.stop.is_none() {
        turn.free
    } else {
        0
    };
    let claimed = claim(change, turn, free, &settings)?;
    if standing.heartbeat_due(change.now) {
        workers::heartbeat(change, turn.worker)?;
    }
    Ok(Some(Reply {
        now: change.now,
        claimed,
        settled: became,
        lost,
        to_end,
        stop: standing.stop,
        more: change.counters.jobs.of(State::Pending) > 0,
        due_in: next_due(change.conn)?.map(|due| due.since(change.now)),
        lapsed: false,
        unfinished: change.counters.jobs.unfinished(),
        unsynced: false,
        settings,
    }))
}

/// How many jobs the turn can claim at most.
fn most_claims(change: &Change<'_>, turn: &Turn<'_>) -> u64 {
    let jobs = &change.counters.jobs;
    let back = turn.settled.len() + turn.released.len();
    let there = jobs.of(State::Pending) + jobs.of(State::Failed) + back as u64;
    there.min(turn.free as u64)
}

/// Which of these claims are lost, and which are of jobs whose runs are to end.
fn check_held(conn: &Connection, held: &[Ticket]) -> Result<(Vec<Fence>, Vec<Fence>)> {
    let (mut lost, mut to_end) = (Vec::new(), Vec::new());
    for Ticket { number, fence } in held {
        match workers::hold(conn, *number, *fence)? {
            Hold::Good => {}
            Hold::ToEnd => to_end.push(*fence),
            Hold::Lost => lost.push(*fence),
        }
    }
    Ok((lost, to_end))
}

/// Keeps what a running attempt has printed; false, and nothing, if its claim is lost.
fn take_output(change: &Change<'_>, printed: &Printed, limit: u64) -> Result<bool> {
    let Ticket { number, fence } = printed.ticket;
    if workers::hold(change.conn, number, fence)? == Hold::Lost {
        return Ok(false);
    }
    output::append(change.conn, fence, &printed.chunks, limit)?;
    Ok(true)
}

/// Takes in how an attempt ended; returns what has become of its job: none, and nothing is done, if its claim is lost.
fn settle(change: &mut Change<'_>, settled: &Settled, settings: &Settings) -> Result<Option<Life>> {
    let Ticket { number, fence } = settled.ticket;
    let Some(mut kept) = jobs::load(change.conn, number)? else {
        return Ok(None);
    };
    let attempt = running(&kept.life);
    let ending = settled.ending.clone();
    let event = Event::Settle { fence, ending };
    if !jobs::apply_if_held(change, &mut kept, event, &settings.policy)? {
        return Ok(None);
    }
    if let Some(attempt) = attempt {
        attempts::record(change.conn, number, &attempt, change.now, &settled.ending)?;
    }
    output::append(change.conn, fence, &settled.output, settings.output_limit)?;
    Ok(Some(kept.life))
}

/// Puts back a job that wasn't begun; false, and nothing, if its claim is lost.
fn release(change: &mut Change<'_>, ticket: Ticket, settings: &Settings) -> Result<bool> {
    let Ticket { number, fence } = ticket;
    let Some(mut kept) = jobs::load(change.conn, number)? else {
        return Ok(false);
    };
    let event = Event::Release { fence };
    jobs::apply_if_held(change, &mut kept, event, &settings.policy)
}

/// Makes failed jobs claimable whose time has come.
fn take_due(change: &mut Change<'_>, settings: &Settings) -> Result<()> {
    if change.counters.jobs.of(State::Failed) == 0 {
        return Ok(());
    }
    let due = jobs::numbers(change.conn, sql!("due"), [change.now.0, DUE_AT_ONCE])?;
    for seq in due {
        let mut kept = jobs::load_known(change.conn, seq)?;
        jobs::apply(change, &mut kept, Event::Due, &settings.policy)?;
    }
    Ok(())
}

/// Claims up to `free` jobs, most urgent first.
fn claim(
    change: &mut Change<'_>,
    turn: &Turn<'_>,
    free: usize,
    settings: &Settings,
) -> Result<Vec<Claimed>> {
    if free == 0 || change.counters.jobs.of(State::Pending) == 0 {
        return Ok(Vec::new());
    }
    let urgent = jobs::numbers(change.conn, sql!("to_claim"), [signed(free as u64)])?;
    let mut claimed = Vec::with_capacity(urgent.len());
    for seq in urgent {
        let (mut kept, spec) = jobs::load_whole_known(change.conn, seq)?;
        let fence = change.counters.next_fence();
        let claim = Claim {
            worker: turn.worker.clone(),
            fence,
        };
        jobs::apply(change, &mut kept, Event::Claim(claim), &settings.policy)?;
        let ticket = Ticket {
            number: kept.number,
            fence,
        };
        let job = kept.into_job(spec);
        claimed.push(Claimed { ticket, job });
    }
    Ok(claimed)
}

fn next_due(conn: &Connection) -> Result<Option<Timestamp>> {
    let mut statement = conn.prepare_cached(sql!("next_due"))?;
    let due = statement
        .query_row([], |row| row.get("ready_at"))
        .optional()?;
    Ok(due.map(Timestamp))
}
