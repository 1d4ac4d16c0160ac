//! The settings: a row for each that was ever set.

use queuectl_domain::{Key, Settings};
use rusqlite::Connection;

use super::fault::{Result, damaged};
use super::session::Change;
use super::sql;
use crate::records::parsed;

pub(super) fn load(conn: &Connection) -> Result<Settings> {
    let mut settings = Settings::default();
    let mut statement = conn.prepare_cached(sql!("settings"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, value): (String, String) = (row.get("key")?, row.get("value")?);
        let key: Key = parsed(&key)?;
        settings
            .set(key, &value)
            .map_err(|error| damaged(error.to_string()))?;
    }
    Ok(settings)
}

pub(super) fn set(change: &mut Change<'_>, key: Key, value: &str) -> Result<()> {
    let mut settings = change.settings()?;
    settings.set(key, value)?;
    let mut statement = change.conn.prepare_cached(sql!("save_setting"))?;
    statement.execute([key.as_str(), &settings.get(key)])?;
    change.counters.settings_changes += 1;
    Ok(())
}
