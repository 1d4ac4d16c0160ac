//! A copy of the whole file, as it is at one moment, while others go on reading and writing.
//!
//! It is made in a [`Workshop`] beside its place, and only put there when it is whole, sound and on disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use queuectl_process::os;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::fault::{Fault, is_full, say};
use super::guard::files;
use super::session::{Change, Durability, Session, beside};
use super::workshop::Workshop;
use super::{check, sql, workers};
use crate::records::Gone;
use crate::{BackupTo, Finding, Interrupted, Options, Progress, StoreError};

/// How many pages are copied before it is said how far it has come.
const PAGES_AT_ONCE: i32 = 256;

/// While SQLite checks a copy, it asks after this many instructions whether the backup was called off.
const INSTRUCTIONS: i32 = 100_000;

/// Writes a copy of the store in the file at `store`.
pub(super) fn write(
    store: &Path,
    to: &BackupTo<'_>,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), StoreError> {
    put_together(to, &files(store), |draft, path| {
        let how = &mut OpenOptions::new();
        os::create_private(draft, how.write(true).create_new(true))
            .map_err(|error| said(path, &error))?;
        let mut copy = copy(store, draft, options, &to.interrupted, progress)
            .map_err(|error| said_of_copy(&error, store, path))?;
        let called_off = to.interrupted.clone();
        copy.progress_handler(INSTRUCTIONS, Some(move || called_off.is_asked()))
            .map_err(|error| said_of_copy(&error, store, path))?;
        if let Some(Finding::Damaged { complaints }) = look_over(&copy, path)? {
            return Err(StoreError::Corrupt(complaints.join("; ")));
        }
        let lock = os::create_private(
            &beside(draft, "-lock"),
            OpenOptions::new().write(true).create_new(true),
        );
        let lock = lock.map_err(|error| said(path, &error))?;
        let session = Session::new(copy, lock, draft.to_owned(), options);
        let mut session = session.map_err(|error| said_of_copy(&error, store, path))?;
        let dismissed = session.write(Durability::Full, dismiss_workers);
        dismissed.map_err(|error| said_again(error, path))
    })
}

/// Has a copy made in a hidden folder, and puts it in its place, unless the backup was called off. `own` is where it must not be.
pub(super) fn put_together(
    to: &BackupTo<'_>,
    own: &[PathBuf],
    make: impl FnOnce(&Path, &Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let path = std::path::absolute(to.path).map_err(|error| said(to.path, &error))?;
    check_place(own, &path, to.replace)?;
    let workshop = Workshop::beside(&path).map_err(|error| said(&path, &error))?;
    let draft = workshop.draft();
    let made = make(&draft, &path);
    if to.interrupted.is_asked() {
        return Err(StoreError::Interrupted);
    }
    made?;
    check_place(own, &path, to.replace)?;
    put(&draft, &path).map_err(|error| said(&path, &error))
}

/// Refuses a place where something else would be lost.
fn check_place(own: &[PathBuf], path: &Path, replace: bool) -> Result<(), StoreError> {
    let occupied = |reason| {
        let path = path.to_owned();
        Err(StoreError::Occupied { path, reason })
    };
    let real = real(path);
    if own.contains(&real) {
        return occupied("it belongs to the store itself");
    }
    // A log that lies there would be taken for that of the copy, and spoil it.
    let is_written = |side: &&str| fs::metadata(beside(path, side)).is_ok_and(|log| log.len() > 0);
    if ["-wal", "-journal"].iter().any(is_written) {
        return occupied("a store lies there that has been written to, and may be in use");
    }
    match fs::symlink_metadata(path) {
        Ok(_) if !replace => occupied("there is something already"),
        Ok(seen) if !seen.is_file() => occupied("what is there isn't a plain file"),
        _ => Ok(()),
    }
}

/// Where a file would be, with all links above it followed.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Copies the store page by page. The moment is held on to, so that no change makes it begin anew.
fn copy(
    store: &Path,
    draft: &Path,
    options: &Options,
    interrupted: &Interrupted,
    progress: &mut dyn FnMut(Progress),
) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(store, flags)?;
    source.busy_timeout(options.patience)?;
    let moment = source.unchecked_transaction()?;
    moment.query_row(sql!("count_objects"), [], |_| Ok(()))?;
    let page: u64 = moment
        .query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))?
        .into();
    let mut copy = Connection::open_with_flags(draft, flags)?;
    // Nobody else knows of it. So it needs no memory shared with others, which some disks can't give.
    copy.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let backup = Backup::new(&moment, &mut copy)?;
    loop {
        let step = backup.step(PAGES_AT_ONCE)?;
        let pages = backup.progress();
        let bytes = |pages: i32| u64::from(pages.unsigned_abs()) * page;
        progress(Progress {
            done: bytes(pages.pagecount - pages.remaining),
            total: bytes(pages.pagecount),
        });
        let trouble = match step {
            StepResult::Done => break,
            StepResult::More if interrupted.is_asked() => rusqlite::ffi::SQLITE_INTERRUPT,
            StepResult::More => continue,
            _ => rusqlite::ffi::SQLITE_BUSY,
        };
        let trouble = rusqlite::ffi::Error::new(trouble);
        return Err(rusqlite::Error::SqliteFailure(trouble, None));
    }
    drop(backup);
    // A copy is one file, without a log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(copy)
}

fn look_over(copy: &Connection, path: &Path) -> Result<Option<Finding>, StoreError> {
    let found = check::integrity(copy);
    let found = found.map_err(|fault: Fault| said_again(fault.said(copy, ""), path))?;
    Ok(found.into_iter().next())
}

/// The workers work on the store, not on the copy.
fn dismiss_workers(change: &mut Change<'_>) -> super::fault::Result<()> {
    for info in workers::all(change.conn, None)? {
        workers::forget(change, &info.worker.id, Gone::Ended)?;
    }
    Ok(())
}

/// Gives the copy its name when it is on disk.
fn put(draft: &Path, path: &Path) -> io::Result<()> {
    File::options().write(true).open(draft)?.sync_all()?;
    os::replace(draft, path)?;
    path.parent().map_or(Ok(()), os::sync_dir)
}

fn said(path: &Path, error: &io::Error) -> StoreError {
    let reason = if is_full(Some(error)) {
        "its disk is full".into()
    } else {
        error.to_string()
    };
    StoreError::Backup {
        path: path.to_owned(),
        reason,
    }
}

fn said_of_copy(error: &rusqlite::Error, store: &Path, path: &Path) -> StoreError {
    said_again(say(error, None, &store.display().to_string()), path)
}

/// An error of the copy isn't one of the store, unless it is damaged or locked.
pub(super) fn said_again(error: StoreError, path: &Path) -> StoreError {
    let reason = match error {
        StoreError::Corrupt(_) | StoreError::Locked => return error,
        StoreError::Full => "its disk is full".into(),
        StoreError::TooLarge => "it may not be so large (`ulimit -f`)".into(),
        other => other.to_string(),
    };
    StoreError::Backup {
        path: path.to_owned(),
        reason,
    }
}
