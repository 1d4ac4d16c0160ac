//! Jobs on their way into another store, with their past.

use queuectl_domain::{History, Run};
use rusqlite::Connection;

use super::fault::Result;
use super::{attempts, jobs, output, sql};
use crate::records::signed;

/// Some jobs with all that is known of them, in the order of their numbers.
pub(super) fn some(conn: &Connection, after: i64, most: usize) -> Result<Vec<(i64, History)>> {
    let numbers = jobs::numbers(conn, sql!("after"), [after, signed(most as u64)])?;
    let histories = numbers.into_iter().map(|seq| {
        let job = jobs::job(conn, seq)?;
        let runs = attempts::of(conn, seq, &job.life)?
            .into_iter()
            .map(|attempt| {
                Ok(Run {
                    output: output::of(conn, attempt.fence)?,
                    attempt,
                })
            });
        let runs = runs.collect::<Result<_>>()?;
        Ok((seq, History { job, runs }))
    });
    histories.collect()
}
