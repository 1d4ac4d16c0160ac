//! Looks whether what the tables hold agrees with itself. All of it is read, at one moment, without keeping anybody
//! waiting. Whether the storage is whole is for the server to say.

use std::time::Duration;

use queuectl_domain::{JobId, State, Timestamp, WorkerId};

use super::edit::read_counts;
use super::fault::{Fault, Result};
use super::jobs;
use super::row::Columns;
use super::wire::{Param, Wire, params};
use super::{counts, sql};
use crate::records::{Columns as _, micros, parsed};
use crate::{Check, Checked, Counts, Finding, StoreError};

/// How far times may differ without anything being said.
const SLACK: Duration = Duration::from_secs(60);

/// How many jobs are read at a time.
const AT_ONCE: i64 = 2_000;

/// Looks at everything.
pub(super) async fn check(wire: &Wire) -> Result<Vec<Checked>> {
    wire.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let checked = |check, findings| Checked { check, findings };
    let all = vec![
        checked(Check::Counters, counters(wire).await?),
        checked(Check::Jobs, jobs_and_leftovers(wire).await?),
        checked(Check::Clock, clock(wire).await?),
    ];
    wire.commit().await?;
    Ok(all)
}

async fn counters(wire: &Wire) -> Result<Vec<Finding>> {
    let counted = counts::load(wire).await?;
    let mut there = Counts::default();
    for (state, count) in read_counts(&wire.rows(sql!("check_counts"), Vec::new()).await?)? {
        *there.of_mut(state) = count.unsigned_abs();
    }
    let differs = State::ALL.into_iter().filter_map(|state| {
        let (counted, there) = (counted.of(state), there.of(state));
        (counted != there).then_some(Finding::Miscounted {
            state,
            counted,
            there,
        })
    });
    let mut findings: Vec<_> = differs.collect();
    if one(wire, sql!("check_numbers"), Vec::new()).await? {
        findings.push(Finding::NumbersInUse);
    }
    Ok(findings)
}

async fn jobs_and_leftovers(wire: &Wire) -> Result<Vec<Finding>> {
    let mut findings: Vec<_> = unreadable(wire).await?.into_iter().collect();
    findings.extend(ownerless(wire).await?);
    let rows: i64 = one(wire, sql!("check_leftovers"), Vec::new()).await?;
    if rows > 0 {
        let rows = rows.unsigned_abs();
        findings.push(Finding::Leftovers { rows });
    }
    Ok(findings)
}

async fn unreadable(wire: &Wire) -> Result<Option<Finding>> {
    let mut bad = 0;
    let mut example = None;
    let mut after = i64::MIN;
    loop {
        let rows = wire
            .rows(sql!("every_job"), params![after, AT_ONCE])
            .await?;
        let Some(last) = rows.last() else {
            break;
        };
        after = Columns::of(last).next()?;
        for row in &rows {
            match jobs::read(row) {
                Ok(_) => {}
                Err(Fault::Said(StoreError::Corrupt(why))) => {
                    example.get_or_insert(why);
                    bad += 1;
                }
                Err(other) => return Err(other),
            }
        }
    }
    Ok(example.map(|example| Finding::Unreadable { jobs: bad, example }))
}

async fn ownerless(wire: &Wire) -> Result<Vec<Finding>> {
    let mut findings = Vec::<Finding>::new();
    for row in wire.rows(sql!("check_owners"), Vec::new()).await? {
        let mut row = Columns::of(&row);
        // Without a name in it the job is unreadable.
        let owner: Option<&str> = row.next()?;
        let Some(owner) = owner else {
            continue;
        };
        let owner: WorkerId = parsed(owner)?;
        let job: JobId = parsed(row.next()?)?;
        match findings.last_mut() {
            Some(Finding::Ownerless { worker, jobs }) if *worker == owner => jobs.push(job),
            _ => findings.push(Finding::Ownerless {
                worker: owner,
                jobs: vec![job],
            }),
        }
    }
    Ok(findings)
}

async fn clock(wire: &Wire) -> Result<Vec<Finding>> {
    let rows = wire.rows(sql!("check_newest"), Vec::new()).await?;
    let mut row = Columns::of_one(&rows, "times")?;
    let (newest, now): (Timestamp, Timestamp) = (row.timestamp()?, row.timestamp()?);
    let mut findings = Vec::new();
    if newest.since(now) > SLACK {
        findings.push(Finding::Ahead { newest, now });
    }
    let jobs: i64 = one(wire, sql!("check_waits"), params![micros(SLACK)]).await?;
    if jobs > 0 {
        let jobs = jobs.unsigned_abs();
        findings.push(Finding::WaitFromTheFuture { jobs });
    }
    Ok(findings)
}

/// The one value that a statement finds.
async fn one<T: for<'r> tokio_postgres::types::FromSql<'r>>(
    wire: &Wire,
    sql: &'static str,
    params: Vec<Param<'_>>,
) -> Result<T> {
    let rows = wire.rows(sql, params).await?;
    Columns::of_one(&rows, "answer")?.next()
}
