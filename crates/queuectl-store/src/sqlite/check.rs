//! Looks whether what the file holds agrees with itself. All of it is read, without keeping anybody waiting.

use std::time::Duration;

use queuectl_domain::{JobId, State, Timestamp, WorkerId};
use rusqlite::Connection;

use super::counters::Counters;
use super::fault::{Fault, Result};
use super::jobs;
use super::row::Columns;
use super::session::{Look, Session, beside};
use super::sql;
use crate::records::{Code, Columns as _, parsed};
use crate::{Check, Checked, Counts, Finding, StoreError};

/// How many complaints about a damaged file are passed on.
const COMPLAINTS: usize = 3;

/// From here on the log is too long. It is cut back long before, unless a reader holds on to it.
const LONG_LOG: u64 = 128 << 20;

/// How far times may differ without anything being said.
const SLACK: Duration = Duration::from_secs(60);

/// Looks at everything. What is in a damaged file isn't looked at any further.
pub(super) fn check(session: &mut Session) -> std::result::Result<Vec<Checked>, StoreError> {
    let checked = |check, findings| Checked { check, findings };
    let damage = whole_or_damaged(session.read(|look| integrity(look.conn)))?;
    let damaged = !damage.is_empty();
    let mut all = vec![checked(Check::Integrity, damage)];
    if !damaged {
        all.push(checked(Check::Counters, session.read(counters)?));
        all.push(checked(Check::Jobs, session.read(jobs_and_leftovers)?));
        all.push(checked(Check::Clock, session.read(clock)?));
    }
    all.push(checked(Check::Log, log(session)));
    Ok(all)
}

fn whole_or_damaged(
    found: std::result::Result<Vec<Finding>, StoreError>,
) -> std::result::Result<Vec<Finding>, StoreError> {
    match found {
        Err(StoreError::Corrupt(complaint)) => Ok(vec![Finding::Damaged {
            complaints: vec![complaint],
        }]),
        other => other,
    }
}

/// What SQLite says of the file as a whole.
pub(super) fn integrity(conn: &Connection) -> Result<Vec<Finding>> {
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check({COMPLAINTS})"))?;
    let lines = statement.query_map([], |row| row.get(0))?;
    let mut complaints = lines.collect::<rusqlite::Result<Vec<String>>>()?;
    if complaints == ["ok"] {
        return Ok(Vec::new());
    }
    complaints.truncate(COMPLAINTS);
    Ok(vec![Finding::Damaged { complaints }])
}

fn counters(look: &mut Look<'_>) -> Result<Vec<Finding>> {
    let counters = Counters::load(look.conn)?;
    let there = count(look.conn)?;
    let differs = State::ALL.into_iter().filter_map(|state| {
        let (counted, there) = (counters.jobs.of(state), there.of(state));
        (counted != there).then_some(Finding::Miscounted {
            state,
            counted,
            there,
        })
    });
    let mut findings: Vec<_> = differs.collect();
    let (last_job, last_fence) = last_numbers(look.conn)?;
    if counters.last_job < last_job || counters.last_fence < last_fence {
        findings.push(Finding::NumbersInUse);
    }
    Ok(findings)
}

/// How many jobs there really are. Those of a state that doesn't exist can't be counted, but are unreadable.
pub(super) fn count(conn: &Connection) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut statement = conn.prepare(sql!("check_counts"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Columns::of(row);
        if let Ok(state) = State::from_code(row.next()?) {
            *counts.of_mut(state) = row.unsigned()?;
        }
    }
    Ok(counts)
}

/// The highest numbers of a job and of a claim that are in use.
pub(super) fn last_numbers(conn: &Connection) -> Result<(i64, i64)> {
    let sql = sql!("check_numbers");
    Ok(conn.query_row(sql, [], |row| {
        Ok((row.get("last_job")?, row.get("last_fence")?))
    })?)
}

fn jobs_and_leftovers(look: &mut Look<'_>) -> Result<Vec<Finding>> {
    let mut findings: Vec<_> = unreadable(look.conn)?.into_iter().collect();
    findings.extend(ownerless(look.conn)?);
    let rows = number(look.conn, sql!("check_leftovers"), [])?;
    if rows > 0 {
        findings.push(Finding::Leftovers { rows });
    }
    Ok(findings)
}

fn unreadable(conn: &Connection) -> Result<Option<Finding>> {
    const NO_LIMIT: i64 = -1;
    let mut bad = 0;
    let mut example = None;
    for seq in jobs::numbers(conn, sql!("list_all"), [NO_LIMIT])? {
        match jobs::load_whole(conn, seq) {
            Ok(Some(_)) => continue,
            Ok(None) => {
                example.get_or_insert_with(|| format!("job {seq} has no command"));
            }
            Err(Fault::Said(StoreError::Corrupt(why))) => {
                example.get_or_insert(why);
            }
            Err(Fault::Sql(error @ rusqlite::Error::InvalidColumnType(..))) => {
                example.get_or_insert_with(|| error.to_string());
            }
            Err(other) => return Err(other),
        }
        bad += 1;
    }
    Ok(example.map(|example| Finding::Unreadable { jobs: bad, example }))
}

fn ownerless(conn: &Connection) -> Result<Vec<Finding>> {
    let mut findings = Vec::<Finding>::new();
    let mut statement = conn.prepare(sql!("check_owners"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut row = Columns::of(row);
        // Without a name in it the job is unreadable.
        let Some(owner) = row.optional_text()? else {
            continue;
        };
        let owner: WorkerId = parsed(owner)?;
        let job: JobId = parsed(row.text()?)?;
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

fn clock(look: &mut Look<'_>) -> Result<Vec<Finding>> {
    let newest = look
        .conn
        .query_row(sql!("check_newest"), [], |row| row.get("newest"))?;
    let (newest, now) = (Timestamp(newest), look.now);
    let mut findings = Vec::new();
    if newest.since(now) > SLACK {
        findings.push(Finding::Ahead { newest, now });
    }
    let jobs = number(look.conn, sql!("check_waits"), [now.after(SLACK).0])?;
    if jobs > 0 {
        findings.push(Finding::WaitFromTheFuture { jobs });
    }
    Ok(findings)
}

fn log(session: &Session) -> Vec<Finding> {
    let log = beside(&session.path, "-wal").metadata();
    let bytes = log.map_or(0, |log| log.len());
    let long = bytes > LONG_LOG;
    long.then_some(Finding::LongLog { bytes })
        .into_iter()
        .collect()
}

fn number(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<u64> {
    let number: i64 = conn.query_row(sql, params, |row| row.get(0))?;
    Ok(number.max(0).unsigned_abs())
}
