//! Attempts in and out of the file. The running one isn't written before it ends: its job tells
//! of it.

use queuectl_domain::{Attempt, Ending, Life, Timestamp};
use rusqlite::{Connection, params};

use super::fault::Result;
use super::row::Columns;
use super::sql;
use crate::records::{Code, micros, read_attempt, running};

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
pub(super) fn of(conn: &Connection, number: i64, life: &Life) -> Result<Vec<Attempt>> {
    let mut statement = conn.prepare_cached(sql!("attempts"))?;
    let mut rows = statement.query([number])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.push(read_attempt(&mut Columns::of(row))?);
    }
    attempts.extend(running(life));
    Ok(attempts)
}
