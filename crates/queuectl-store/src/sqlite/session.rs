//! One connection and its transactions: who writes when, and what is on disk when.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use queuectl_domain::{Settings, Timestamp};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::counters::Counters;
use super::fault::{Fault, Result, failed};
use super::lock::FairLock;
use super::log::Log;
use super::settings;
use crate::{Clock, Options, StoreError};

/// How far the log grows before it is copied into the database, in pages.
const LOG_PAGES: u32 = 2000;

/// How much of the log may stay behind when the last handle is closed, in pages. Who opens the
/// store next reads all of it; copying and deleting it takes as long as reading some hundred pages.
const LOG_PAGES_LEFT: u32 = 128;

/// From here on the log is cut back as soon as no reader needs it, in pages: 64 MiB.
const LOG_PAGES_MAX: u32 = 16 * 1024;

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It does: what it changed, and all before it, survives a power cut.
    Full,
    /// It doesn't. A power cut may undo it, whole, and nothing before it that was safe.
    Normal,
}

/// One connection.
pub(super) struct Session {
    conn: Connection,
    lock: FairLock,
    log: Log,
    /// At how many pages of the log it is to be copied next.
    next_look: u32,
    durability: Durability,
    synced_at: Option<Instant>,
    settings: Cached,
    clock: Arc<dyn Clock>,
    patience: Duration,
    /// The database file.
    pub(super) path: PathBuf,
}

/// The settings as of some change of them.
type Cached = Option<(i64, Settings)>;

/// A transaction that changes something.
pub(super) struct Change<'a> {
    pub(super) conn: &'a Connection,
    /// The time at which all of it happens.
    pub(super) now: Timestamp,
    pub(super) counters: Counters,
    settings: &'a mut Cached,
}

impl Change<'_> {
    pub(super) fn settings(&mut self) -> Result<Settings> {
        cached(self.conn, self.settings, &self.counters)
    }
}

fn cached(conn: &Connection, cache: &mut Cached, counters: &Counters) -> Result<Settings> {
    match cache {
        Some((at, settings)) if *at == counters.settings_changes => Ok(settings.clone()),
        _ => {
            let settings = settings::load(conn)?;
            *cache = Some((counters.settings_changes, settings.clone()));
            Ok(settings)
        }
    }
}

/// What is seen at one moment.
pub(super) struct Look<'a> {
    pub(super) conn: &'a Connection,
    pub(super) now: Timestamp,
    settings: &'a mut Cached,
}

impl Look<'_> {
    pub(super) fn settings(&mut self, counters: &Counters) -> Result<Settings> {
        cached(self.conn, self.settings, counters)
    }
}

impl Session {
    pub(super) fn new(
        mut conn: Connection,
        lock: File,
        path: PathBuf,
        options: &Options,
    ) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, now: i32| {
            seen.store(now.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        conn.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            conn,
            lock: FairLock::new(lock),
            log: Log::new(beside(&path, "-wal"), pages),
            next_look: LOG_PAGES,
            durability: Durability::Full,
            synced_at: None,
            settings: None,
            clock: Arc::clone(&options.clock),
            patience: options.patience,
            path,
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long ago a commit of this handle last waited for the disk.
    pub(super) fn since_sync(&self) -> Duration {
        self.synced_at.map_or(Duration::MAX, |at| at.elapsed())
    }

    /// Looks, without waiting for anybody; all of it sees the same moment.
    pub(super) fn read<T>(
        &mut self,
        look: impl FnOnce(&mut Look<'_>) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        let result = run(&self.conn, "BEGIN").and_then(|()| {
            look(&mut Look {
                conn: &self.conn,
                now: self.clock.now(),
                settings: &mut self.settings,
            })
        });
        let result = self.said(result);
        if !self.conn.is_autocommit() {
            // Nothing was changed, so nothing is lost if it ends badly.
            let _ = run(&self.conn, "ROLLBACK");
        }
        result
    }

    /// Changes something, whole or not at all, after all that have been waiting to.
    pub(super) fn write<T>(
        &mut self,
        durability: Durability,
        change: impl FnOnce(&mut Change<'_>) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        self.lock.acquire(self.patience)?;
        let result = self.write_locked(durability, change);
        if let Err(Fault::Sql(error)) = &result {
            self.log.heed(error);
        }
        let result = self.said(result);
        self.roll_back();
        if result.is_ok() {
            self.tend_log();
        }
        if self.log.is_in_doubt() {
            // Before others write, if it can be had.
            let _ = self.write_locked(Durability::Full, |_| Ok(()));
            self.roll_back();
        }
        self.lock.release();
        result
    }

    /// Ends a transaction that has failed.
    fn roll_back(&self) {
        if !self.conn.is_autocommit() {
            // An error here means that SQLite has rolled back by itself.
            let _ = run(&self.conn, "ROLLBACK");
        }
    }

    fn write_locked<T>(
        &mut self,
        durability: Durability,
        change: impl FnOnce(&mut Change<'_>) -> Result<T>,
    ) -> Result<T> {
        if durability == Durability::Normal {
            self.log.open().map_err(failed)?;
        }
        if durability != self.durability {
            // It takes effect when it is prepared, so it can't be kept prepared.
            self.conn.execute_batch(match durability {
                Durability::Full => "PRAGMA synchronous = FULL",
                Durability::Normal => "PRAGMA synchronous = NORMAL",
            })?;
            self.durability = durability;
        }
        run(&self.conn, "BEGIN IMMEDIATE")?;
        if self.log.is_in_doubt() {
            self.log.write_anew().map_err(failed)?;
        }
        let before = Counters::load(&self.conn)?;
        let mut inside = Change {
            conn: &self.conn,
            now: self.clock.now(),
            counters: before,
            settings: &mut self.settings,
        };
        let result = change(&mut inside)?;
        inside.counters.save(&self.conn, &before)?;
        run(&self.conn, "COMMIT")?;
        if durability == Durability::Full {
            self.synced_at = Some(Instant::now());
        }
        Ok(result)
    }

    /// See [`Store::set_patience`](crate::Store::set_patience).
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
        // If SQLite doesn't take it, writers still queue for this long at most.
        let _ = self.conn.busy_timeout(patience);
    }

    /// Waits until all that was committed is on disk.
    pub(super) fn sync(&mut self) -> std::result::Result<(), StoreError> {
        if self.log.is_in_doubt() || self.log.sync().is_err() {
            return self.write(Durability::Full, |_| Ok(()));
        }
        self.synced_at = Some(Instant::now());
        Ok(())
    }

    /// Copies the log into the database now and then, while nobody else writes.
    fn tend_log(&mut self) {
        let pages = self.log.pages();
        if pages >= self.next_look {
            // Readers may need the log as long as they like; what can't be done now is done later.
            let _ = self.conn.busy_timeout(Duration::ZERO);
            let how = if pages >= LOG_PAGES_MAX {
                "PRAGMA wal_checkpoint(TRUNCATE)"
            } else {
                "PRAGMA wal_checkpoint(PASSIVE)"
            };
            if let Err(error) = self.conn.query_row(how, [], |_| Ok(())) {
                self.log.heed(&error);
            }
            let _ = self.conn.busy_timeout(self.patience);
            self.next_look = pages.saturating_add(LOG_PAGES);
        } else if pages < LOG_PAGES {
            // It was begun anew.
            self.next_look = LOG_PAGES;
        }
    }

    /// Lets the file have only so many pages, as if its disk were full.
    #[cfg(test)]
    pub(super) fn limit_pages(&self, pages: u32) {
        let limited = self.conn.pragma_update(None, "max_page_count", pages);
        limited.expect("the limit can be set");
    }

    /// How many pages are in the log.
    fn log_pages(&self) -> Result<u32> {
        let look = "PRAGMA wal_checkpoint(NOOP)";
        Ok(self.conn.query_row(look, [], |row| row.get("log"))?)
    }

    fn said<T>(&self, result: Result<T>) -> std::result::Result<T, StoreError> {
        result.map_err(|fault: Fault| fault.said(&self.conn, &self.path.display().to_string()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.log_pages().is_ok_and(|pages| pages > LOG_PAGES_LEFT) {
            // If this is the last handle, SQLite then copies the log and deletes it.
            let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = self.conn.set_db_config(keep, false);
        }
    }
}

/// Runs a statement that returns nothing and keeps it prepared.
fn run(conn: &Connection, sql: &str) -> Result<()> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// The path of a file that belongs to the database at `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
