//! Values out of rows, in the order in which a statement names its columns.

use std::time::Duration;

use queuectl_domain::Timestamp;

use super::damaged;
use crate::StoreError;

/// The columns of one row. Each call reads the next.
pub(crate) trait Columns<'r> {
    /// What goes wrong in this store.
    type Error: From<StoreError>;

    fn integer(&mut self) -> Result<i64, Self::Error>;
    fn optional_integer(&mut self) -> Result<Option<i64>, Self::Error>;
    /// A text without NUL, which isn't copied.
    fn text(&mut self) -> Result<&'r str, Self::Error>;
    fn optional_text(&mut self) -> Result<Option<&'r str>, Self::Error>;
    /// A text with any character in it, NUL too.
    fn optional_words(&mut self) -> Result<Option<String>, Self::Error>;
    fn bytes(&mut self) -> Result<&'r [u8], Self::Error>;
    fn optional_bytes(&mut self) -> Result<Option<&'r [u8]>, Self::Error>;

    /// A count, never negative.
    fn unsigned<T: TryFrom<i64>>(&mut self) -> Result<T, Self::Error> {
        let number = self.integer()?;
        T::try_from(number).map_err(|_| damaged(format!("{number} is out of range")).into())
    }

    fn timestamp(&mut self) -> Result<Timestamp, Self::Error> {
        self.integer().map(Timestamp)
    }

    fn optional_timestamp(&mut self) -> Result<Option<Timestamp>, Self::Error> {
        Ok(self.optional_integer()?.map(Timestamp))
    }

    fn duration(&mut self) -> Result<Duration, Self::Error> {
        self.unsigned().map(Duration::from_micros)
    }

    fn optional_duration(&mut self) -> Result<Option<Duration>, Self::Error> {
        let micros = self.optional_integer()?;
        Ok(micros.map(|micros| Duration::from_micros(micros.max(0).unsigned_abs())))
    }
}
