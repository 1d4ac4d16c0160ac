//! Values of a row by the names of their columns. SQLite holds anything in any column, and older databases
//! lack some, so what isn't there is no error.

use rusqlite::types::ValueRef;

/// A row.
pub(super) struct Row<'r>(pub(super) &'r rusqlite::Row<'r>);

impl Row<'_> {
    fn value(&self, column: &str) -> ValueRef<'_> {
        self.0.get_ref(column).unwrap_or(ValueRef::Null)
    }

    /// As text; bytes that aren't UTF-8 are replaced.
    pub(super) fn text(&self, column: &str) -> Option<String> {
        match self.value(column) {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
        }
    }

    /// As a number, if it is one or its text.
    pub(super) fn number(&self, column: &str) -> Option<f64> {
        match self.value(column) {
            ValueRef::Integer(number) => Some(number as f64),
            ValueRef::Real(number) => Some(number),
            _ => self.text(column)?.trim().parse().ok(),
        }
        .filter(|number| number.is_finite())
    }

    /// As a whole number; a fraction is cut off.
    pub(super) fn whole(&self, column: &str) -> Option<i64> {
        match self.value(column) {
            ValueRef::Integer(number) => Some(number),
            _ => self.number(column).map(|number| number as i64),
        }
    }
}
