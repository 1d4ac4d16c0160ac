//! Jobs out of the tables: the only place that knows how a job is read.

use std::collections::HashSet;

use queuectl_domain::{Fence, Job, JobId, State};
use tokio_postgres::Row;

use super::fault::Result;
use super::row::Columns;
use super::session::Moment;
use super::wire::{Wire, params};
use super::{counts, sql};
use crate::records::{Code, Columns as _, Kept, made_up_to, parsed, signed};
use crate::{Page, Query, StoreError};

/// How far a job has come, and how it was when it was loaded: it is saved only if it still is.
#[derive(Debug, Clone)]
pub(super) struct Tracked {
    pub(super) kept: Kept,
    pub(super) was: Was,
}

/// What of a job tells whether somebody came in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Was {
    pub(super) state: State,
    pub(super) fence: Option<Fence>,
    pub(super) to_stop: bool,
}

impl Tracked {
    /// As it was just loaded.
    pub(super) fn loaded(kept: Kept) -> Self {
        let life = &kept.life;
        let was = Was {
            state: life.state,
            fence: life.claim.as_ref().map(|claim| claim.fence),
            to_stop: life.stop.is_some(),
        };
        Self { kept, was }
    }

    /// Reads one.
    pub(super) fn read(row: &Row) -> Result<Self> {
        Kept::read(&mut Columns::of(row)).map(Self::loaded)
    }

    /// The same from a statement that names the job's name next.
    pub(super) fn read_named(row: &Row) -> Result<(Self, JobId)> {
        let row = &mut Columns::of(row);
        let tracked = Self::loaded(Kept::read(row)?);
        Ok((tracked, parsed(row.text()?)?))
    }
}

/// Reads a job whole, and its number.
pub(super) fn read(row: &Row) -> Result<(i64, Job)> {
    let (kept, spec) = Kept::read_whole(&mut Columns::of(row))?;
    Ok((kept.number, kept.into_job(spec)))
}

/// How far the job with this name has come.
pub(super) async fn find(wire: &Wire, id: &JobId) -> Result<Tracked> {
    let rows = wire.rows(sql!("find_life"), params![id.as_str()]).await?;
    Tracked::read(found(&rows, id)?)
}

/// The job with this name.
pub(super) async fn job(wire: &Wire, id: &JobId) -> Result<Job> {
    let rows = wire.rows(sql!("find_job"), params![id.as_str()]).await?;
    Ok(read(found(&rows, id)?)?.1)
}

/// The one row that was to be found by this name.
pub(super) fn found<'r>(rows: &'r [Row], id: &JobId) -> Result<&'r Row> {
    let row = rows.first();
    row.ok_or_else(|| StoreError::NoSuchJob(id.clone()).into())
}

/// Which of these names are taken.
pub(super) async fn taken(wire: &Wire, ids: &[JobId]) -> Result<HashSet<JobId>> {
    let ids: Vec<_> = ids.iter().map(JobId::as_str).collect();
    let rows = wire.rows(sql!("taken"), params![ids]).await?;
    let taken = rows.iter().map(|row| {
        let id: &str = Columns::of(row).next()?;
        Ok(parsed(id)?)
    });
    taken.collect()
}

/// The number of which an id was made last.
pub(super) async fn last_name(wire: &Wire) -> Result<u64> {
    let rows = wire.rows(sql!("last_name"), Vec::new()).await?;
    Columns::of_one(&rows, "names")?.unsigned()
}

/// Makes no id of a number up to this one any more.
pub(super) async fn make_ids_after(wire: &Wire, last: u64) -> Result<()> {
    let last = made_up_to(last);
    wire.rows(sql!("make_ids_after"), params![last]).await?;
    Ok(())
}

/// The newest jobs that fit, newest first.
pub(super) async fn list(wire: &Wire, query: &Query) -> Result<Page> {
    let limit = signed(query.limit as u64);
    let mut moment = Moment::begin(wire);
    let jobs = match query.state {
        None => moment.pipeline.add(sql!("list_all"), params![limit]),
        Some(state) => {
            let statement = match state {
                State::Pending | State::Processing | State::Failed => sql!("list_in_state"),
                State::Completed | State::Dead => sql!("list_finished"),
            };
            moment.pipeline.add(statement, params![limit, state.code()])
        }
    };
    let counted = moment.pipeline.add(sql!("counts"), Vec::new());
    let answers = moment.see().await?;
    let counts = counts::read(&answers[counted])?;
    let jobs = answers[jobs].iter().map(|row| Ok(read(row)?.1));
    Ok(Page {
        jobs: jobs.collect::<Result<_>>()?,
        total: query
            .state
            .map_or_else(|| counts.total(), |state| counts.of(state)),
    })
}

#[cfg(test)]
mod tests {
    use crate::records::{KEPT, REST_OF_SPEC};

    /// The names of the columns in the part of a statement that selects lives and rules.
    fn columns(sql: &str) -> String {
        let lists = sql
            .split("SELECT")
            .filter_map(|select| select.split("FROM ").next());
        let mut whole = lists.filter(|list| list.contains("stop") && list.contains("priority"));
        let list = whole.next().expect("it selects jobs");
        let names = list.split(',').map(|column| {
            let name = column.rsplit(" AS ").next().unwrap_or(column);
            name.rsplit('.').next().unwrap_or(name).trim()
        });
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_columns_of_a_job_are_read_in_their_order() {
        let whole = format!("{KEPT} {REST_OF_SPEC}");
        let named = format!("{KEPT} id");
        for (sql, expected) in [
            (include_str!("find_life.sql"), KEPT),
            (include_str!("due.sql"), KEPT),
            (include_str!("held.sql"), KEPT),
            (include_str!("printing.sql"), KEPT),
            (include_str!("untouched.sql"), KEPT),
            (include_str!("waiting_from_the_future.sql"), KEPT),
            (include_str!("dead.sql"), &named),
            (include_str!("running_of.sql"), &named),
            (include_str!("every_job.sql"), &whole),
            (include_str!("to_claim.sql"), &format!("{whole} new_fence")),
            (include_str!("migrations/0001_first.sql"), &whole),
        ] {
            assert_eq!(columns(sql), expected, "{sql}");
        }
    }
}
