//! The write-ahead log as a file: how far it has grown, and what of it is on disk.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::ffi;

/// The log of one connection's database.
pub(super) struct Log {
    path: PathBuf,
    file: Option<File>,
    /// How many pages are in it, as SQLite said after the last commit.
    pages: Arc<AtomicU32>,
    in_doubt: bool,
}

impl Log {
    pub(super) fn new(path: PathBuf, pages: Arc<AtomicU32>) -> Self {
        Self {
            path,
            file: None,
            pages,
            in_doubt: false,
        }
    }

    pub(super) fn pages(&self) -> u32 {
        self.pages.load(Ordering::Relaxed)
    }

    /// Opens it, so that it can be synced. A failure to write is told to those who had it open; so
    /// it is opened before anything is written that isn't synced at once.
    ///
    /// SQLite's locks are on other files, so closing this one harms none.
    pub(super) fn open(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            self.file = Some(File::options().write(true).open(&self.path)?);
        }
        Ok(self.file.as_mut().expect("it was just opened"))
    }

    /// Whether a sync of it has failed, by whomever it was done. The system then has given up to
    /// write some of it, and says so only once: the next sync goes well, and means nothing.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Takes note of an error of SQLite's.
    pub(super) fn heed(&mut self, error: &rusqlite::Error) {
        let failed_sync = |failure: &ffi::Error| failure.extended_code == ffi::SQLITE_IOERR_FSYNC;
        if error.sqlite_error().is_some_and(failed_sync) {
            self.in_doubt = true;
        }
    }

    /// Waits until it is on disk. This needs no lock, so nobody waits for it.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let synced = self.open().and_then(|file| file.sync_data());
        self.in_doubt |= synced.is_err();
        synced
    }

    /// Writes all of it once more, and waits until that is on disk. Only within a transaction that
    /// changes something: then nobody else writes to it.
    ///
    /// The system still has in memory what it couldn't write.
    pub(super) fn write_anew(&mut self) -> io::Result<()> {
        let all = fs::read(&self.path)?;
        let file = self.open()?;
        file.rewind()?;
        file.write_all(&all)?;
        file.sync_data()?;
        self.in_doubt = false;
        Ok(())
    }
}
