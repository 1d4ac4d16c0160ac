//! Opening a store: make it if there is none, bring it up to date, refuse what isn't one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use queuectl_process::os;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::fault::{Fault, damaged, say, say_io};
use super::guard;
use super::lock::FairLock;
use super::session::{Session, beside};
use super::sql;
use crate::{Missing, Options, StoreError, legacy};

/// Marks a database as ours: the letters `qctl`.
pub(crate) const APPLICATION_ID: i32 = 0x7163_746c;

/// What brings a store from each version to the next.
const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_fences_reserved.sql"),
    include_str!("migrations/0003_fleet.sql"),
    include_str!("migrations/0004_keep.sql"),
    include_str!("migrations/0005_trouble.sql"),
];

const VERSION: i64 = MIGRATIONS.len() as i64;

/// In a process one handle is opened after the other. Making the file means to open and close it,
/// and that would take away the locks that another handle just got on it.
static OPENING: Mutex<()> = Mutex::new(());

/// Opens the store in the file at `path`. If there is none, creates it or fails, as `missing` says.
pub(super) fn open(
    path: &Path,
    missing: Missing,
    options: &Options,
) -> Result<Session, StoreError> {
    let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    let location = path.display().to_string();
    let path = std::path::absolute(path).map_err(|error| say_io(&error, &location))?;
    if missing == Missing::Refused {
        is_there(&path, &location)?;
    }
    guard::admit(&path)?;
    let conn = connect(&path, &location)?;
    let set_up = set_up(&conn, &path, &location, missing, options.patience);
    let (path, lock) = set_up.map_err(|fault| {
        let error = fault.said(&conn, &location);
        leave_alone(&conn, &path);
        error
    })?;
    Session::new(conn, lock, path, options).map_err(|error| say(&error, None, &location))
}

/// Refuses a path without a file. A path that can't be checked passes: opening it tells why it can't be used. A symbolic link that leads
/// nowhere is an error of its own, not a missing store: most likely its disk isn't mounted.
fn is_there(path: &Path, location: &str) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => return Ok(()),
    }
    let mut places = path.ancestors();
    let seen = places.find_map(|place| Some((place, fs::symlink_metadata(place).ok()?)));
    match seen {
        Some((link, seen)) if seen.is_symlink() => Err(StoreError::Open {
            location: location.to_owned(),
            reason: format!("the symbolic link `{}` leads nowhere", link.display()),
        }),
        _ => Err(StoreError::Missing(location.to_owned())),
    }
}

/// SQLite makes a log beside a file as soon as it looks into it. If nothing is in it, it is deleted
/// again when the file is closed.
fn leave_alone(conn: &Connection, path: &Path) {
    let log = path.canonicalize().map(|path| beside(&path, "-wal"));
    if log.and_then(fs::metadata).is_ok_and(|log| log.len() == 0) {
        let _ = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
    }
}

/// Makes sure that it is a store of ours and up to date, and sets the connection up. Returns where
/// the file really is, and the file at which those that write queue up.
fn set_up(
    conn: &Connection,
    path: &Path,
    location: &str,
    missing: Missing,
    patience: Duration,
) -> Result<(PathBuf, File), Fault> {
    conn.busy_timeout(patience)?;
    // Whoever closes the file last would copy the log and delete it, which costs a command more
    // than its work.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A statement would be planned anew for each value it is given; that costs more than to run it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let found = version(&conn.unchecked_transaction()?, location)?;
    if found == 0 && missing == Missing::Refused {
        // The file exists, but is empty.
        return Err(StoreError::Missing(location.to_owned()).into());
    }
    // SQLite follows links, and keeps its log beside the file itself. So do we with ours.
    let io = |error| Fault::Said(say_io(&error, location));
    let path = path.canonicalize().map_err(io)?;
    let how = &mut OpenOptions::new();
    how.read(true).write(true).create(true);
    let lock = os::create_private(&beside(&path, "-lock"), how).map_err(io)?;
    if found < VERSION {
        let mut turn = FairLock::new(lock.try_clone().map_err(io)?);
        turn.acquire(patience)?;
        let migrated = migrate(conn, location);
        turn.release();
        migrated?;
    }
    prepare(conn)?;
    Ok((path, lock))
}

/// Connects to the file, and makes it first if it isn't there.
fn connect(path: &Path, location: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match Connection::open_with_flags(path, flags) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            make(path).map_err(|error| say_io(&error, location))?;
            Connection::open_with_flags(path, flags)
        }
        other => other,
    };
    let conn = conn.map_err(|error| say(&error, None, location))?;
    match conn.is_readonly(rusqlite::MAIN_DB) {
        Ok(false) => Ok(conn),
        Ok(true) => Err(StoreError::ReadOnly(why_read_only(path))),
        Err(error) => Err(say(&error, None, location)),
    }
}

/// Makes an empty file for the store; if there is something that can't be opened, says why.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        // Windows would only say that it may not be opened.
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if let Some(folder) = path.parent() {
        if folder.exists() && !folder.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        os::private_dir(folder)?;
    }
    let how = &mut OpenOptions::new();
    match os::create_private(path, how.write(true).create_new(true)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => try_writing(path),
        Err(error) => Err(error),
    }
}

/// Whether the system lets us write to the file. It is left open if it does, since closing it would
/// take away the locks that another handle may have on it.
fn try_writing(path: &Path) -> io::Result<()> {
    std::mem::forget(File::options().write(true).open(path)?);
    Ok(())
}

fn why_read_only(path: &Path) -> String {
    match try_writing(path) {
        Err(error) => error.to_string(),
        Ok(()) => "it was opened read-only".into(),
    }
}

/// The store's version, 0 for an empty file; refuses what isn't ours, or too new. All of it must be
/// seen at one moment, since another process may be about to make the store.
fn version(moment: &Transaction<'_>, location: &str) -> Result<i64, Fault> {
    let number = |sql: &str| moment.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    if application == i64::from(APPLICATION_ID) {
        if version > VERSION {
            return Err(StoreError::Newer {
                found: version,
                known: VERSION,
            }
            .into());
        }
        // Who it belongs to and its version were written at once.
        if version < 1 {
            return Err(damaged(format!("its version can't be {version}")));
        }
        return Ok(version);
    }
    let objects = number(sql!("count_objects"))?;
    if application != 0 || version != 0 || objects != 0 {
        return Err(if legacy::is_one(moment)? {
            StoreError::Legacy(location.to_owned()).into()
        } else {
            StoreError::NotAStore(location.to_owned()).into()
        });
    }
    Ok(0)
}

/// Brings the store up to date. Others may have done it meanwhile.
fn migrate(conn: &Connection, location: &str) -> Result<(), Fault> {
    use_log(conn)?;
    let change = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    let found = version(&change, location)?;
    for (migration, to) in MIGRATIONS.iter().zip(1..) {
        if found < to {
            change.execute_batch(migration)?;
        }
    }
    change.pragma_update(None, "application_id", APPLICATION_ID)?;
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()?;
    Ok(())
}

/// Makes sure of the write-ahead log: with it readers and writers don't wait for each other.
fn use_log(conn: &Connection) -> Result<(), Fault> {
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode == "wal" {
        Ok(())
    } else {
        Err(StoreError::Io("its file system can't hold a write-ahead log".into()).into())
    }
}

fn prepare(conn: &Connection) -> Result<(), Fault> {
    use_log(conn)?;
    // `fullfsync` only means something on macOS, where a plain sync doesn't reach the disk.
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -2000;",
    )?;
    Ok(())
}

/// The path of the bell of the store at `path`.
pub(super) fn bell_path(path: &Path) -> PathBuf {
    beside(path, "-wake")
}
