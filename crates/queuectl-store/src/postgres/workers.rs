//! Workers in and out of the tables, and what becomes of a job whose worker has gone.

use std::path::PathBuf;
use std::time::Duration;

use queuectl_domain::{State, WorkerId};
use queuectl_process::os;
use tokio_postgres::Row;

use super::change::{Change, settings_of};
use super::fault::Result;
use super::jobs::Tracked;
use super::row::Columns;
use super::session::Cached;
use super::wire::{Wire, params};
use super::{look, mend, sql};
use crate::records::{Code, Columns as _, Gone, micros, nobody_runs, parsed, running, trouble};
use crate::{GivenBack, StopMode, StoreError, Worker, WorkerInfo};

/// How often settings were changed, as far as nothing is known of them.
const NONE_KNOWN: i64 = -1;

/// Makes a worker known. The clock may have been set back while there was none to see it.
pub(super) async fn register(change: &mut Change<'_>, worker: &Worker) -> Result<Duration> {
    let lease = change.settings().await?.lease;
    let values = params![
        worker.id.as_str(),
        i64::from(worker.pid),
        // The bits are kept, whatever they mean.
        worker.pid_started.cast_signed(),
        worker.host.as_str(),
        i64::from(worker.slots),
        worker.life.as_os_str().as_encoded_bytes().to_vec(),
        change.now.0,
        micros(lease),
        worker.machine.as_str(),
        worker.version.as_str(),
    ];
    let registered = change.wire.rows(sql!("insert_worker"), values).await?;
    if registered.is_empty() {
        return Err(StoreError::WorkerExists(worker.id.clone()).into());
    }
    mend::wait_as_from_now(change).await?;
    Ok(lease)
}

/// Renews a worker's lease; returns how long it holds.
pub(super) async fn renew(wire: &Wire, settings: &Cached, id: &WorkerId) -> Result<Duration> {
    loop {
        let (changes, length) = match &*settings.borrow() {
            Some((changes, settings)) => (*changes, settings.lease),
            None => (NONE_KNOWN, Duration::ZERO),
        };
        let asked = params![id.as_str(), changes, micros(length)];
        let rows = wire.rows(sql!("renew"), asked).await?;
        let mut row = Columns::of_one(&rows, "settings")?;
        let (changes, is_renewed, is_known): (i64, bool, bool) =
            (row.next()?, row.next()?, row.next()?);
        if !is_known {
            return Err(StoreError::NoSuchWorker(id.clone()).into());
        }
        if is_renewed {
            return Ok(length);
        }
        settings_of(wire, settings, changes).await?;
    }
}

/// Forgets a worker; what it held was stopped, has crashed, or is released. Returns these jobs as
/// they are now.
pub(super) async fn forget(
    change: &mut Change<'_>,
    id: &WorkerId,
    gone: Gone<'_>,
) -> Result<Vec<GivenBack>> {
    let values = params![id.as_str()];
    let deleted = change.wire.rows(sql!("delete_worker"), values).await?;
    if deleted.is_empty() {
        return Ok(Vec::new());
    }
    give_back_all(change, id, gone).await
}

/// Forgets a worker whose lease is over, as one that has died; nothing if its lease holds.
pub(super) async fn forget_lapsed(
    change: &mut Change<'_>,
    id: &WorkerId,
) -> Result<Option<Vec<GivenBack>>> {
    let values = params![id.as_str()];
    let deleted = change.wire.rows(sql!("delete_lapsed"), values).await?;
    if deleted.is_empty() {
        return Ok(None);
    }
    change.wire.rows(sql!("forget_lost"), Vec::new()).await?;
    give_back_all(change, id, Gone::Died(None)).await.map(Some)
}

/// Gives back all that a worker holds.
pub(super) async fn give_back_all(
    change: &mut Change<'_>,
    id: &WorkerId,
    gone: Gone<'_>,
) -> Result<Vec<GivenBack>> {
    let held = change
        .wire
        .rows(sql!("running_of"), params![id.as_str()])
        .await?;
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let policy = change.settings().await?.policy;
    let mut given_back = Vec::with_capacity(held.len());
    for row in &held {
        let (mut job, id) = Tracked::read_named(row)?;
        let number = job.kept.number;
        let attempt = running(&job.kept.life).ok_or_else(|| nobody_runs(number))?;
        let (event, ended) = gone.parts_with(&attempt, change.now);
        if let Some(ending) = ended {
            let now = change.now;
            change.ended.record(number, &attempt, now, &ending);
        }
        change.apply(&mut job.kept, event, &policy)?;
        change.put(&job);
        let life = job.kept.life;
        given_back.push(GivenBack { id, life });
    }
    if given_back
        .iter()
        .any(|job| job.life.state == State::Pending)
    {
        change.ring();
    }
    Ok(given_back)
}

pub(super) async fn request_stop(wire: &Wire, ids: &[WorkerId], mode: StopMode) -> Result<()> {
    let ids: Vec<_> = ids.iter().map(WorkerId::as_str).collect();
    // One may be about to be lost, or to come back: then it is where it wasn't before.
    for sql in [
        sql!("request_stop"),
        sql!("request_stop_of_lost"),
        sql!("request_stop"),
    ] {
        wire.rows(sql, params![ids.clone(), mode.code()]).await?;
    }
    // Who of those that wait is meant, only they know.
    wire.rows(sql!("wake_all"), Vec::new()).await?;
    Ok(())
}

pub(super) async fn set_trouble(wire: &Wire, id: &WorkerId, reason: Option<&str>) -> Result<()> {
    let reason = reason.map(|reason| reason.as_bytes().to_vec());
    let values = params![id.as_str(), reason];
    wire.rows(sql!("set_trouble"), values).await?;
    Ok(())
}

/// Those that were forgotten since their leases were over.
pub(super) async fn lost(wire: &Wire) -> Result<Vec<WorkerId>> {
    let rows = wire.rows(sql!("lost_workers"), Vec::new()).await?;
    let ids = rows.iter().map(|row| Ok(parsed(Columns::of(row).next()?)?));
    ids.collect()
}

/// All workers, longest running first.
pub(super) async fn all(wire: &Wire) -> Result<Vec<WorkerInfo>> {
    let rows = wire.rows(sql!("workers"), Vec::new()).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<WorkerInfo> {
    let row = &mut Columns::of(row);
    let worker = Worker {
        id: parsed(row.next()?)?,
        pid: row.unsigned()?,
        pid_started: row.next::<i64>()?.cast_unsigned(),
        host: row.next()?,
        machine: row.next()?,
        version: row.next()?,
        slots: row.unsigned()?,
        life: PathBuf::from(os::native_text(row.next()?)),
    };
    let started_at = row.timestamp()?;
    let standing = look::read_standing(row)?;
    let trouble = trouble(row.optional_words()?, row.next()?);
    let lease_left = row.duration()?;
    Ok(WorkerInfo {
        worker,
        started_at,
        heartbeat_at: standing.heartbeat_at,
        stop: standing.stop,
        trouble,
        running: row.unsigned()?,
        lease_left: Some(lease_left),
        store: None,
    })
}
