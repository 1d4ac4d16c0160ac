//! The database of the Python program of the same name, which this one succeeds: read, never written.
//!
//! - [`job`] says what becomes of a row, [`id`] what it is called here, [`failure`] what its error
//!   message tells, [`time`] when things were.

mod error;
mod failure;
mod id;
mod job;
mod row;
mod time;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use queuectl_domain::{Key, NativeString, Settings, Timestamp};
use rusqlite::{Connection, OpenFlags};

use crate::sqlite::APPLICATION_ID;

pub use error::LegacyError;
pub use job::{LegacyJob, Untaken};

/// The columns without which a row is no job. Others came later, or can be done without.
const NEEDED: [&str; 3] = ["id", "command", "state"];

/// A database of the Python program's, as it is at one moment.
#[derive(Debug)]
pub struct Legacy {
    conn: Connection,
}

impl Legacy {
    /// Opens the one in the file at `path`, waiting so long for a program that keeps it locked.
    pub fn open(path: &Path, patience: Duration) -> Result<Self, LegacyError> {
        // SQLite's own word for all that can go wrong here is that it can't.
        let what = path.metadata().map_err(LegacyError::Open)?;
        if !what.is_file() {
            return Err(LegacyError::Other("it is not a file".into()));
        }
        File::open(path).map_err(LegacyError::Open)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(patience)?;
        // It ends with the connection: until then all that is read is of one moment.
        conn.execute_batch("BEGIN")?;
        let legacy = Self { conn };
        legacy.look()?;
        Ok(legacy)
    }

    /// Refuses what isn't one.
    fn look(&self) -> Result<(), LegacyError> {
        let application: i64 = self
            .conn
            .query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if application == i64::from(APPLICATION_ID) {
            return Err(LegacyError::Ours);
        }
        let columns = self.columns("jobs")?;
        if columns.is_empty() {
            return Err(LegacyError::Other("it has no table `jobs`".into()));
        }
        match NEEDED
            .iter()
            .find(|needed| !columns.iter().any(|column| column == *needed))
        {
            Some(missing) => Err(LegacyError::Other(format!(
                "its table `jobs` has no column `{missing}`"
            ))),
            None => Ok(()),
        }
    }

    /// The columns of a table; none if it isn't there.
    fn columns(&self, table: &str) -> Result<Vec<String>, LegacyError> {
        let mut statement = self.conn.prepare(include_str!("columns.sql"))?;
        let columns = statement.query_map([table], |row| row.get("name"))?;
        Ok(columns.collect::<rusqlite::Result<_>>()?)
    }

    /// Its settings, as far as they mean something here, each with what it is there.
    pub fn settings(&self) -> Result<Vec<(Key, String)>, LegacyError> {
        if self.columns("config")?.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.conn.prepare(include_str!("config.sql"))?;
        let mut rows = statement.query([])?;
        let mut settings = Vec::new();
        while let Some(row) = rows.next()? {
            let row = row::Row(row);
            let (Some(key), Some(value)) = (row.text("key"), row.text("value")) else {
                continue;
            };
            let key = key.parse();
            let fits = |key| Settings::default().set(key, &value).is_ok();
            settings.extend(key.ok().filter(|key| fits(*key)).map(|key| (key, value)));
        }
        Ok(settings)
    }

    /// Looks at each of its jobs, oldest first: what it becomes, or why it can't be taken.
    ///
    /// `now` stands for times that aren't known. The jobs run in `cwd`, since there they ran where
    /// their worker did.
    pub fn each<E: From<LegacyError>>(
        &self,
        now: Timestamp,
        cwd: &NativeString,
        mut take: impl FnMut(Result<LegacyJob, Untaken>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .conn
            .prepare(include_str!("jobs.sql"))
            .map_err(LegacyError::from)?;
        let mut rows = statement.query([]).map_err(LegacyError::from)?;
        let mut ids = id::Ids::new(&self.conn);
        while let Some(row) = rows.next().map_err(LegacyError::from)? {
            let row = row::Row(row);
            let there = row.text("id").unwrap_or_default();
            let id = ids.id_of(&there)?;
            take(job::read(&row, there, id, now, cwd))?;
        }
        Ok(())
    }
}

/// Whether what is open here is such a database.
pub(crate) fn is_one(conn: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = conn.query_row(include_str!("tables.sql"), [], |row| row.get(0))?;
    Ok(tables == 2)
}
