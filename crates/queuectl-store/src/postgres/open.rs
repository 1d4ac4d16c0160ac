//! Opening a store: make it if there is none, bring it up to date, refuse what isn't one.

use std::time::Duration;

use super::fault::{Fault, Result};
use super::row::Columns;
use super::sql;
use super::target::Target;
use super::wire::{Pipeline, Wire, params};
use crate::StoreError;

/// What brings a store from each version to the next.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_first.sql")];

const VERSION: i64 = MIGRATIONS.len() as i64;

/// Makes sure that there is a store of ours, up to date. The server has to say within `patience` what is there; to change that
/// it has as long as a `migration` may take.
pub(super) async fn prepare(
    wire: &Wire,
    target: &Target,
    patience: Duration,
    migration: Duration,
) -> Result<()> {
    if within(patience, wire.at(version(wire))).await? == Some(VERSION) {
        return Ok(());
    }
    let migrated = within(migration, migrate(wire, target)).await;
    if migrated.is_err() {
        // What went wrong is what is said of it, whatever becomes of this.
        wire.roll_back(patience).await;
    }
    migrated
}

async fn within<T>(patience: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = tokio::time::timeout(patience, work).await;
    done.unwrap_or(Err(Fault::Silence))
}

/// The store's version, none if there is no store; refuses one that is too new.
async fn version(wire: &Wire) -> Result<Option<i64>> {
    let rows = match wire.rows(sql!("version"), Vec::new()).await {
        Err(fault) if fault.is_nothing_there() => return Ok(None),
        other => other?,
    };
    let mut row = Columns::of_one(&rows, "version")?;
    let found = row.next()?;
    check_encoding(row.next()?)?;
    if found > VERSION {
        let known = VERSION;
        return Err(StoreError::Newer { found, known }.into());
    }
    Ok(Some(found))
}

/// Commands and ids may be in any script.
fn check_encoding(encoding: &str) -> Result<()> {
    if encoding == "UTF8" {
        return Ok(());
    }
    let reason = format!("its database keeps texts as {encoding}, not as UTF8");
    Err(Fault::Said(StoreError::BadLocation(reason)))
}

/// Brings the store up to date. Others may have done it meanwhile.
async fn migrate(wire: &Wire, target: &Target) -> Result<()> {
    let mut pipeline = Pipeline::beginning(wire, "BEGIN ISOLATION LEVEL READ COMMITTED");
    pipeline.add(sql!("lock_migration"), params![target.schema()]);
    pipeline.run().await?;
    let asked = params![target.schema()];
    let rows = wire.rows(sql!("schema_is_there"), asked).await?;
    let mut row = Columns::of_one(&rows, "schemas")?;
    let is_there: bool = row.next()?;
    let objects: i64 = row.next()?;
    check_encoding(row.next()?)?;
    let is_ours: bool = row.next()?;
    if objects > 0 && !is_ours {
        return Err(StoreError::NotAStore(target.to_string()).into());
    }
    if !is_there {
        let create = sql!("create_schema").replace("queuectl", wire.schema());
        wire.client.batch_execute(&create).await?;
    }
    let found = if is_ours {
        version(wire).await?.unwrap_or(0)
    } else {
        0
    };
    for (migration, to) in MIGRATIONS.iter().zip(1..) {
        if found < to {
            let migration = wire.in_schema(migration);
            wire.client.batch_execute(&migration).await?;
        }
    }
    let mut pipeline = Pipeline::on(wire);
    pipeline.add(sql!("save_version"), params![VERSION]);
    pipeline.commit(None).await?;
    Ok(())
}
