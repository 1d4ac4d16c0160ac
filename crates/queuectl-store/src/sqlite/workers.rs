//! Workers in and out of the file, and what becomes of a job whose worker has gone.

use std::path::PathBuf;

use queuectl_domain::{Fence, Policy, Timestamp, WorkerId};
use queuectl_process::os;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Result;
use super::jobs;
use super::row::Columns;
use super::session::Change;
use super::{attempts, mend, sql};
use crate::records::{
    Code, Columns as _, Gone, Kept, Standing, nobody_runs, parsed, running, trouble,
};
use crate::{GivenBack, StopMode, StoreError, Worker, WorkerInfo};

/// How a worker stands.
pub(super) fn standing(conn: &Connection, id: &WorkerId) -> Result<Standing> {
    let mut statement = conn.prepare_cached(sql!("worker"))?;
    let mut rows = statement.query([id.as_str()])?;
    let Some(row) = rows.next()? else {
        return Err(StoreError::NoSuchWorker(id.clone()).into());
    };
    Ok(Standing {
        heartbeat_at: Timestamp(row.get("heartbeat_at")?),
        stop: stop_mode(row.get("stop")?)?,
    })
}

pub(super) fn heartbeat(change: &Change<'_>, id: &WorkerId) -> Result<()> {
    let mut statement = change.conn.prepare_cached(sql!("heartbeat"))?;
    statement.execute(params![id.as_str(), change.now.0])?;
    Ok(())
}

/// Makes a worker known. The clock may have been set back while there was none to see it.
pub(super) fn register(change: &mut Change<'_>, worker: &Worker) -> Result<()> {
    // Whoever claims after a power cut has made himself known after it.
    change.counters.pass_over_fences();
    let mut statement = change.conn.prepare_cached(sql!("insert_worker"))?;
    let registered = statement.execute(params![
        worker.id.as_str(),
        worker.pid,
        // The bits are kept, whatever they mean.
        worker.pid_started.cast_signed(),
        worker.host,
        worker.machine,
        worker.version,
        worker.slots,
        worker.life.as_os_str().as_encoded_bytes(),
        change.now.0,
    ])?;
    if registered == 0 {
        return Err(StoreError::WorkerExists(worker.id.clone()).into());
    }
    mend::wait_as_from_now(change)
}

/// Whether there is such a worker.
pub(super) fn is_known(conn: &Connection, id: &WorkerId) -> Result<bool> {
    let mut statement = conn.prepare_cached(sql!("worker"))?;
    Ok(statement.exists([id.as_str()])?)
}

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// It is good.
    Good,
    /// It is good, and a user wants what runs under it ended.
    ToEnd,
    /// It is lost.
    Lost,
}

/// How claim `fence` on job `seq` stands.
pub(super) fn hold(conn: &Connection, seq: i64, fence: Fence) -> Result<Hold> {
    let mut statement = conn.prepare_cached(sql!("held"))?;
    let stop = statement
        .query_row([seq, fence.0], |row| row.get("stop"))
        .optional()?;
    Ok(match stop {
        None => Hold::Lost,
        Some(false) => Hold::Good,
        Some(true) => Hold::ToEnd,
    })
}

/// Forgets a worker; what it held was stopped, has crashed, or is released. Returns these jobs as
/// they are now.
pub(super) fn forget(
    change: &mut Change<'_>,
    id: &WorkerId,
    gone: Gone<'_>,
) -> Result<Vec<GivenBack>> {
    let mut statement = change.conn.prepare_cached(sql!("delete_worker"))?;
    if statement.execute([id.as_str()])? == 0 {
        return Ok(Vec::new());
    }
    give_back_all(change, id, gone)
}

/// Gives back all that a worker holds.
pub(super) fn give_back_all(
    change: &mut Change<'_>,
    id: &WorkerId,
    gone: Gone<'_>,
) -> Result<Vec<GivenBack>> {
    let policy = change.settings()?.policy;
    let held = jobs::numbers(change.conn, sql!("running_of"), [id.as_str()])?;
    let given_back = held.into_iter().map(|number| {
        let (mut kept, id) = jobs::load_named(change.conn, number)?;
        give_back(change, &mut kept, gone, &policy)?;
        Ok(GivenBack {
            id,
            life: kept.life,
        })
    });
    given_back.collect()
}

fn give_back(
    change: &mut Change<'_>,
    kept: &mut Kept,
    gone: Gone<'_>,
    policy: &Policy,
) -> Result<()> {
    let attempt = running(&kept.life).ok_or_else(|| nobody_runs(kept.number))?;
    let (event, ended) = gone.parts_with(&attempt, change.now);
    if let Some(ending) = ended {
        attempts::record(change.conn, kept.number, &attempt, change.now, &ending)?;
    }
    jobs::apply(change, kept, event, policy)
}

pub(super) fn request_stop(change: &Change<'_>, ids: &[WorkerId], mode: StopMode) -> Result<()> {
    let mut statement = change.conn.prepare_cached(sql!("request_stop"))?;
    for id in ids {
        statement.execute(params![id.as_str(), mode.code()])?;
    }
    Ok(())
}

pub(super) fn set_trouble(change: &Change<'_>, id: &WorkerId, reason: Option<&str>) -> Result<()> {
    let mut statement = change.conn.prepare_cached(sql!("set_trouble"))?;
    statement.execute(params![id.as_str(), reason, change.now.0])?;
    Ok(())
}

/// All workers that the store in this file knows, longest running first.
pub(super) fn all(conn: &Connection, file: Option<[u64; 2]>) -> Result<Vec<WorkerInfo>> {
    let mut statement = conn.prepare_cached(sql!("workers"))?;
    let mut rows = statement.query([])?;
    let mut workers = Vec::new();
    while let Some(row) = rows.next()? {
        workers.push(read(&mut Columns::of(row), file)?);
    }
    Ok(workers)
}

fn read(row: &mut Columns<'_>, file: Option<[u64; 2]>) -> Result<WorkerInfo> {
    let worker = Worker {
        id: parsed(row.text()?)?,
        pid: row.unsigned()?,
        pid_started: row.next::<i64>()?.cast_unsigned(),
        host: row.next()?,
        machine: row.next()?,
        version: row.next()?,
        slots: row.unsigned()?,
        life: PathBuf::from(os::native_text(row.next()?)),
    };
    Ok(WorkerInfo {
        worker,
        started_at: row.timestamp()?,
        heartbeat_at: row.timestamp()?,
        stop: stop_mode(row.next()?)?,
        trouble: trouble(row.next()?, row.next()?),
        running: row.unsigned()?,
        lease_left: None,
        store: file,
    })
}

fn stop_mode(code: Option<i64>) -> Result<Option<StopMode>> {
    Ok(code.map(StopMode::from_code).transpose()?)
}
