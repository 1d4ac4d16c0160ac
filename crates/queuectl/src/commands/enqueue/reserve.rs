//! Room on the store's disk, kept in reserve: on a full disk nothing can be taken back, since the
//! store has to write for that too. The same goes for a limit on the size of its files, so that
//! limit is checked first.

use std::fs::File;
use std::io::{self, ErrorKind, Write};

use queuectl_store::{Location, StoreError};

use crate::error::CliError;

/// Enough for what the store's log has yet to copy into the database, and for the log to grow
/// until it is copied the next time.
const ENOUGH: u64 = 32 << 20;

/// About what a job takes, beside its own text.
const JOB: u64 = 512;

/// Room that nobody else can use as long as this is there.
pub(super) struct Reserve {
    _file: Option<File>,
}

impl Reserve {
    /// No room.
    pub(super) fn none() -> Self {
        Self { _file: None }
    }

    /// Room beside the store, if that is a file, to take back so many jobs with so many bytes of text.
    pub(super) fn keep(location: &Location, jobs: u64, bytes: u64) -> Result<Self, CliError> {
        let Location::Sqlite(path) = location else {
            return Ok(Self::none());
        };
        let Some(folder) = path.parent() else {
            return Ok(Self::none());
        };
        let size = jobs.saturating_mul(JOB).saturating_add(bytes);
        if queuectl_worker::largest_file().is_some_and(|most| most < largest_with(location, size)) {
            return Err(StoreError::TooLarge.into());
        }
        let filled = tempfile::tempfile_in(folder).and_then(|file| fill(file, size.min(ENOUGH)));
        match filled {
            Ok(file) => Ok(Self { _file: Some(file) }),
            Err(error) if is_full(&error) => Err(StoreError::Full.into()),
            // The store may be there although nothing can be put beside it.
            Err(_) => Ok(Self::none()),
        }
    }
}

/// The size in bytes that the largest of a store's files may reach when `size` bytes are added and
/// taken back. The log has both, unless it is copied into the database in between.
fn largest_with(location: &Location, size: u64) -> u64 {
    let files = location.files().into_iter();
    let lengths = files
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len());
    lengths
        .max()
        .unwrap_or(0)
        .saturating_add(size.saturating_mul(2))
}

fn fill(mut file: File, size: u64) -> io::Result<File> {
    let piece = vec![0; 1 << 20];
    let mut left = size;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        file.write_all(&piece[..now as usize])?;
        left -= now;
    }
    Ok(file)
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}
