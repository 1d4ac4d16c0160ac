//! Values in and out of rows.

use rusqlite::types::FromSql;
use rusqlite::{Row, Rows};

use super::fault::{Fault, Result, damaged};

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
        let found = self.optional_text()?;
        found.ok_or_else(|| damaged("a text is missing".into()))
    }

    fn optional_text(&mut self) -> Result<Option<&'r str>> {
        let text = self.row.get_ref(self.at)?.as_str_or_null();
        self.at += 1;
        text.map_err(|error| damaged(error.to_string()))
    }

    fn optional_words(&mut self) -> Result<Option<String>> {
        self.next()
    }

    fn bytes(&mut self) -> Result<&'r [u8]> {
        let found = self.optional_bytes()?;
        found.ok_or_else(|| damaged("bytes are missing".into()))
    }

    fn optional_bytes(&mut self) -> Result<Option<&'r [u8]>> {
        let bytes = self.row.get_ref(self.at)?.as_blob_or_null();
        self.at += 1;
        bytes.map_err(|error| damaged(error.to_string()))
    }
}
