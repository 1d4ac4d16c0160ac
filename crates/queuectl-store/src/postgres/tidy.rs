//! What is done now and then, by whoever has changed much.

use super::fault::Result;
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

/// Puts the floors where they belong, wherever they are.
pub(super) async fn floors_anew(wire: &Wire) -> Result<()> {
    wire.rows(sql!("raise_floors"), params![true]).await?;
    Ok(())
}
