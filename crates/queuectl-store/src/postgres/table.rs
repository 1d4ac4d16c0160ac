//! Numbers for many rows, sent to the server as one array of two dimensions.
//!
//! A statement that is given a list for each column spends more on taking the lists apart than on what it does with the rows.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::value::Value;

/// Stands for NULL: the server's function `or_null` knows it.
const NONE: i64 = i64::MIN;

/// Rows of as many numbers each.
#[derive(Debug)]
pub(super) struct Table<const WIDTH: usize>(Vec<[i64; WIDTH]>);

impl<const WIDTH: usize> Table<WIDTH> {
    pub(super) fn push(&mut self, row: [i64; WIDTH]) {
        self.0.push(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const WIDTH: usize> Default for Table<WIDTH> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<const WIDTH: usize> FromIterator<[i64; WIDTH]> for Table<WIDTH> {
    fn from_iter<T: IntoIterator<Item = [i64; WIDTH]>>(rows: T) -> Self {
        Self(rows.into_iter().collect())
    }
}

/// A number as it stands in a table.
pub(super) fn or_none(number: Option<i64>) -> i64 {
    number.unwrap_or(NONE)
}

/// As the server's `array_recv` reads it: dimensions, whether there are NULLs, the type of all, the length and the first index of
/// each dimension, and each number with its length.
impl<const WIDTH: usize> ToSql for Table<WIDTH> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let dimensions: &[usize] = if self.is_empty() {
            &[]
        } else {
            &[self.0.len(), WIDTH]
        };
        out.put_i32(i32::try_from(dimensions.len())?);
        out.put_i32(0);
        out.put_u32(Type::INT8.oid());
        for length in dimensions {
            out.put_i32(i32::try_from(*length)?);
            out.put_i32(1);
        }
        for number in self.0.as_flattened() {
            out.put_i32(8);
            out.put_i64(*number);
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT8_ARRAY
    }

    to_sql_checked!();
}

impl<const WIDTH: usize> Value for Table<WIDTH> {
    fn of_type(&self) -> Type {
        Type::INT8_ARRAY
    }
}
