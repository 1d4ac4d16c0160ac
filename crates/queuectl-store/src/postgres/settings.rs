//! The settings: a row for each that was ever set.

use queuectl_domain::{Key, Settings};

use super::change::Change;
use super::fault::Result;
use super::row::Columns;
use super::sql;
use super::wire::{Wire, params};
use crate::records::{damaged, parsed};

pub(super) async fn load(wire: &Wire) -> Result<Settings> {
    let mut settings = Settings::default();
    for row in wire.rows(sql!("settings"), Vec::new()).await? {
        let mut row = Columns::of(&row);
        let key: Key = parsed(row.next()?)?;
        let value: &str = row.next()?;
        settings
            .set(key, value)
            .map_err(|error| damaged(error.to_string()))?;
    }
    Ok(settings)
}

pub(super) async fn set(change: &mut Change<'_>, key: Key, value: &str) -> Result<()> {
    let mut settings = load(change.wire).await?;
    settings.set(key, value)?;
    let values = params![key.as_str(), settings.get(key)];
    change.wire.rows(sql!("save_setting"), values).await?;
    Ok(())
}
