//! Values in and out of rows.

use std::time::Duration;

use queuectl_domain::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Row, Rows};

use super::fault::{Result, damaged};

/// The columns of a row, read in the order in which the statement names them.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    at: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row<'r>) -> Self {
        Self { row, at: 0 }
    }

    /// The columns of the one row that must be there.
    pub(super) fn of_one(rows: &'r mut Rows<'_>, what: &str) -> Result<Self> {
        match rows.next()? {
            Some(row) => Ok(Self::of(row)),
            None => Err(damaged(format!("the {what} are missing"))),
        }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.at)?;
        self.at += 1;
        Ok(value)
    }

    /// A count, never negative.
    pub(super) fn unsigned<T: TryFrom<i64>>(&mut self) -> Result<T> {
        let number: i64 = self.next()?;
        T::try_from(number).map_err(|_| damaged(format!("{number} is out of range")))
    }

    /// Text, to be parsed: it isn't copied.
    pub(super) fn text(&mut self) -> Result<&'r str> {
        let found = self.optional_text()?;
        found.ok_or_else(|| damaged("a text is missing".into()))
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<&'r str>> {
        let text = self.row.get_ref(self.at)?.as_str_or_null();
        self.at += 1;
        text.map_err(|error| damaged(error.to_string()))
    }

    pub(super) fn optional_timestamp(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.next::<Option<i64>>()?.map(Timestamp))
    }

    pub(super) fn optional_duration(&mut self) -> Result<Option<Duration>> {
        let micros: Option<i64> = self.next()?;
        Ok(micros.map(|micros| Duration::from_micros(micros.max(0).unsigned_abs())))
    }

    pub(super) fn timestamp(&mut self) -> Result<Timestamp> {
        self.next().map(Timestamp)
    }

    pub(super) fn duration(&mut self) -> Result<Duration> {
        self.unsigned().map(Duration::from_micros)
    }
}
