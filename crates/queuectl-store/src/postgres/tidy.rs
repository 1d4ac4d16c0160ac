//! What is done now and then, by whoever has changed much.

use super::fault::Result;
use super::row::Columns;
use super::sql;
use super::wire::{Pipeline, Wire, params};

/// Raises the floors, and makes one row of many that count.
pub(super) async fn up(wire: &Wire) -> Result<()> {
    let mut pipeline = Pipeline::on(wire);
    pipeline.add(sql!("raise_floors"), params![false]);
    pipeline.add(sql!("fold_counts"), Vec::new());
    pipeline.run().await?;
    Ok(())
}

/// Puts the floors where they belong, wherever they are; false if others are inside just now.
pub(super) async fn floors_anew(wire: &Wire) -> Result<bool> {
    let rows = wire.rows(sql!("raise_floors"), params![true]).await?;
    Columns::of_one(&rows, "floors")?.next()
}
