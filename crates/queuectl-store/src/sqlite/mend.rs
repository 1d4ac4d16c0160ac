//! Puts right what a check has found, as far as nothing gets lost by it. Each looks at the file anew.

use std::time::Duration;

use queuectl_domain::{Event, Priority, SortKey, WorkerId};
use rusqlite::{Connection, OpenFlags};

use super::check::{count, last_numbers};
use super::fault::{Result, say};
use super::session::{Change, Session};
use super::{jobs, sql, workers};
use crate::records::Gone;
use crate::{GivenBack, StoreError};

/// How long those that write may be kept waiting for the log to be cut back.
const CUT_PATIENCE: Duration = Duration::from_millis(500);

/// Counts what there is.
pub(super) fn recount(change: &mut Change<'_>) -> Result<()> {
    let (last_job, last_fence) = last_numbers(change.conn)?;
    let counters = &mut change.counters;
    counters.jobs = count(change.conn)?;
    counters.last_job = counters.last_job.max(last_job);
    counters.last_fence = counters.last_fence.max(last_fence);
    Ok(())
}

/// Puts back what a worker holds that isn't known; nothing if it is known by now.
pub(super) fn put_back(change: &mut Change<'_>, owner: &WorkerId) -> Result<Vec<GivenBack>> {
    if workers::is_known(change.conn, owner)? {
        return Ok(Vec::new());
    }
    workers::give_back_all(change, owner, Gone::Died(None))
}

/// Removes what is left of jobs that are gone.
pub(super) fn sweep(change: &mut Change<'_>) -> Result<()> {
    // The output goes last: whose it was is seen from the attempts.
    for sql in [
        sql!("mend_attempts"),
        sql!("mend_commands"),
        sql!("mend_output"),
    ] {
        change.conn.execute(sql, [])?;
    }
    Ok(())
}

/// Lets jobs wait as from now if their wait begins in the future: the clock was set back since.
pub(super) fn wait_as_from_now(change: &mut Change<'_>) -> Result<()> {
    let policy = change.settings()?.policy;
    let now = change.now;
    // The order goes with the time, so the index finds them. Whoever is first now stays first.
    let earliest = SortKey::new(now, Priority::HIGHEST);
    let pending = jobs::numbers(
        change.conn,
        sql!("pending_from_the_future"),
        [now.0, earliest.0],
    )?;
    let failed = jobs::numbers(change.conn, sql!("failed_from_the_future"), [now.0])?;
    for seq in pending.into_iter().chain(failed) {
        let mut kept = jobs::load_known(change.conn, seq)?;
        jobs::apply(change, &mut kept, Event::ClockSetBack, &policy)?;
    }
    Ok(())
}

/// Copies the log into the file and cuts it off; false if a reader needs it.
pub(super) fn cut_log(session: &Session) -> std::result::Result<bool, StoreError> {
    let cut = || -> rusqlite::Result<i64> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&session.path, flags)?;
        conn.busy_timeout(CUT_PATIENCE)?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get("busy"))
    };
    match cut() {
        Ok(busy) => Ok(busy == 0),
        Err(error) => Err(say(&error, None, &session.path.display().to_string())),
    }
}
