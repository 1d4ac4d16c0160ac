//! Opening a store: make it if there is none, bring it up to date, refuse what isn't one.
//!
//! The owner of the schema is checked before anything in it is used. Another role that may create objects in it could run code with
//! our rights: by a view called `about`, or by a function with the name of one of ours.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::fault::{Fault, Result};
use super::row::Columns;
use super::sql;
use super::target::Target;
use super::wire::{Pipeline, Wire, params};
use crate::{Missing, StoreError};

/// What brings a store from each version to the next.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_first.sql")];

const VERSION: i64 = MIGRATIONS.len() as i64;

/// How long opening a store may take.
pub(super) struct Patience {
    /// For finding out what the schema has.
    pub(super) look: Duration,
    /// For bringing it up to date.
    pub(super) migration: Duration,
}

/// Makes sure that the store exists and is up to date. If it doesn't exist, `missing` says what to do.
pub(super) async fn prepare(
    wire: &Wire,
    target: &Target,
    missing: Missing,
    patience: Patience,
) -> Result<()> {
    let looked = within(patience.look, async {
        if let Some(found) = wire.at(version_if_mine(wire)).await? {
            return known(found).map(Some);
        }
        let facts = Facts::look(wire, target).await?;
        if !facts.is_ours && missing == Missing::Refused {
            return Err(StoreError::Missing(target.to_string()).into());
        }
        facts.version(wire).await
    });
    if looked.await? == Some(VERSION) {
        return Ok(());
    }
    let migrated = within(patience.migration, migrate(wire, target)).await;
    if migrated.is_err() {
        // The first error is the one to report, whether or not this succeeds.
        wire.roll_back(patience.look).await;
    }
    migrated
}

async fn within<T>(patience: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let done = tokio::time::timeout(patience, work).await;
    done.unwrap_or(Err(Fault::Silence))
}

/// The version of a store whose schema belongs to this user, in one round trip. None if the schema needs a closer look. All statements
/// go in one message, which is a transaction: the path that the first sets holds for the others, and the last isn't even analysed
/// unless the one before it succeeds.
async fn version_if_mine(wire: &Wire) -> Result<Option<i64>> {
    let all = concat!(
        sql!("bound_path"),
        ";\n",
        sql!("mine"),
        ";\n",
        sql!("version")
    );
    let answers = match wire.client.simple_query(&wire.in_schema(all)).await {
        Ok(answers) => answers,
        Err(error) if error.code() == Some(&SqlState::DIVISION_BY_ZERO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let rows = answers.iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let version = |row: &SimpleQueryRow| row.try_get("version").ok()??.parse().ok();
    Ok(rows.filter_map(version).next())
}

/// Refuses a version that is too new.
fn known(found: i64) -> Result<i64> {
    if found > VERSION {
        let known = VERSION;
        return Err(StoreError::Newer { found, known }.into());
    }
    Ok(found)
}

/// What the catalogs say of the schema.
struct Facts {
    is_there: bool,
    is_ours: bool,
}

impl Facts {
    /// Reads the catalogs, and refuses a schema that can't become a store or that other roles control.
    async fn look(wire: &Wire, target: &Target) -> Result<Self> {
        let rows = wire.rows(sql!("facts"), Vec::new()).await?;
        let mut row = Columns::of_one(&rows, "facts")?;
        let is_there = row.next()?;
        let objects: i64 = row.next()?;
        let is_ours: bool = row.next()?;
        let encoding: String = row.next()?;
        let stranger: Option<String> = row.next()?;
        let is_open: bool = row.next()?;
        let location = || target.to_string();
        let refused = if let Some(owner) = stranger {
            StoreError::ForeignSchema {
                location: location(),
                owner,
            }
        } else if is_open {
            StoreError::OpenSchema {
                location: location(),
                schema: target.schema().to_owned(),
            }
        } else if objects > 0 && !is_ours {
            StoreError::NotAStore(location())
        } else if encoding != "UTF8" {
            // Commands and ids may be in any script, which only UTF8 can hold.
            StoreError::Encoding {
                location: location(),
                encoding,
            }
        } else {
            return Ok(Self { is_there, is_ours });
        };
        Err(refused.into())
    }

    /// The store's version, none if there is no store.
    async fn version(&self, wire: &Wire) -> Result<Option<i64>> {
        if !self.is_ours {
            return Ok(None);
        }
        let rows = wire.rows(sql!("version"), Vec::new()).await?;
        let found = Columns::of_one(&rows, "version")?.next()?;
        known(found).map(Some)
    }
}

/// Brings the store up to date, unless another process has done it meanwhile. Names in views and SQL functions are resolved now, for
/// good, by the search path that a transaction has as soon as it begins.
async fn migrate(wire: &Wire, target: &Target) -> Result<()> {
    let mut pipeline = Pipeline::beginning(wire, "BEGIN ISOLATION LEVEL READ COMMITTED");
    pipeline.add(sql!("lock_migration"), Vec::new());
    pipeline.run().await?;
    let facts = Facts::look(wire, target).await?;
    if !facts.is_there {
        let create = wire.in_schema(sql!("create_schema"));
        wire.client.batch_execute(&create).await?;
    }
    let found = facts.version(wire).await?.unwrap_or(0);
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
