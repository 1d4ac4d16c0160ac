//! Values out of rows.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::fault::{Fault, Result};
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
}

impl<'r> crate::records::Columns<'r> for Columns<'r> {
    type Error = Fault;

    fn integer(&mut self) -> Result<i64> {
        self.next()
    }

    fn optional_integer(&mut self) -> Result<Option<i64>> {
        self.next()
    }

    fn text(&mut self) -> Result<&'r str> {
        self.next()
    }

    fn optional_text(&mut self) -> Result<Option<&'r str>> {
        self.next()
    }

    /// It is kept as its bytes, since the server's texts can't have a NUL.
    fn optional_words(&mut self) -> Result<Option<String>> {
        let bytes = self.optional_bytes()?.map(<[u8]>::to_vec);
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|error| damaged(error.to_string()).into())
    }

    fn bytes(&mut self) -> Result<&'r [u8]> {
        self.next()
    }

    fn optional_bytes(&mut self) -> Result<Option<&'r [u8]>> {
        self.next()
    }
}
