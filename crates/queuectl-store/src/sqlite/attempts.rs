//! Attempts in and out of the file. The running one isn't written before it ends: its job tells
//! of it.

use queuectl_domain::{Attempt, Ending, Fence, Outcome, Timestamp, WorkerId};
use rusqlite::{Connection, params};

use super::fault::Result;
use super::jobs::Kept;
use super::row::Columns;
use super::sql;
use crate::records::{Code, micros, parsed, running};

/// Writes down how an attempt ended.
pub(super) fn record(
    conn: &Connection,
    seq: i64,
    attempt: &Attempt,
    ended_at: Timestamp,
    ending: &Ending,
) -> Result<()> {
    let mut statement = conn.prepare_cached(sql!("insert_attempt"))?;
    statement.execute(params![
        seq,
        attempt.fence.0,
        attempt.attempt,
        attempt.worker.as_str(),
        attempt.started_at.0,
        ended_at.0,
        ending.outcome.code(),
        ending.exit_code,
        ending.signal,
        ending.error,
        micros(ending.exec_time),
    ])?;
    Ok(())
}

/// All attempts of a job, oldest first.
pub(super) fn of(conn: &Connection, kept: &Kept) -> Result<Vec<Attempt>> {
    let mut statement = conn.prepare_cached(sql!("attempts"))?;
    let mut rows = statement.query([kept.seq])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.push(read(&mut Columns::of(row))?);
    }
    attempts.extend(running(&kept.job));
    Ok(attempts)
}

fn read(row: &mut Columns<'_>) -> Result<Attempt> {
    let fence = Fence(row.next()?);
    let attempt = row.unsigned()?;
    let worker: WorkerId = parsed(row.text()?)?;
    let started_at = row.timestamp()?;
    let ended_at = row.timestamp()?;
    let ending = Ending {
        outcome: Outcome::from_code(row.next()?)?,
        exit_code: row.next()?,
        signal: row.next()?,
        error: row.next()?,
        exec_time: row.duration()?,
    };
    Ok(Attempt {
        fence,
        attempt,
        worker,
        started_at,
        ended: Some((ended_at, ending)),
    })
}
