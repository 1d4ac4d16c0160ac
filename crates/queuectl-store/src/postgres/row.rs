//! Values out of rows.

use std::time::Duration;

use queuectl_domain::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::fault::Result;
use crate::records::damaged;

/// The columns of a row, read in the order in which the statement names them.
pub(super) struct Columns<'r> {
    row: &'r Row,
    at: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row) -> Self {
        Self { row, at: 0 }
    }

    /// The columns of the one row that must be there.
    pub(super) fn of_one(rows: &'r [Row], what: &str) -> Result<Self> {
        match rows {
            [row] => Ok(Self::of(row)),
            _ => Err(damaged(format!("the {what} are missing")).into()),
        }
    }

    /// Passes over a column that says nothing.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn next<T: FromSql<'r>>(&mut self) -> Result<T> {
        let value = self.row.try_get(self.at);
        self.at += 1;
        value.map_err(|error| damaged(super::trouble::words(&error)).into())
    }

    /// A count, never negative.
    pub(super) fn unsigned<T: TryFrom<i64>>(&mut self) -> Result<T> {
        let number: i64 = self.next()?;
        T::try_from(number).map_err(|_| damaged(format!("{number} is out of range")).into())
    }

    /// A text that is kept as its bytes.
    pub(super) fn optional_text(&mut self) -> Result<Option<String>> {
        let bytes: Option<Vec<u8>> = self.next()?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|error| damaged(error.to_string()).into())
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
