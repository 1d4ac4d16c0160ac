//! A file that becomes the copy of a store which isn't in a file.

use std::path::Path;
use std::slice;

use queuectl_domain::{Key, Settings};
use rusqlite::Connection;

use super::fault::{self, say};
use super::jobs::Inserter;
use super::session::{Durability, Session};
use super::{attempts, backup, jobs, open, output, settings};
use crate::records::{Whole, damaged};
use crate::{BackupTo, Interrupted, Missing, Options, StoreError};

/// A store that nobody else knows of yet.
pub(crate) struct Draft {
    session: Session,
    interrupted: Interrupted,
}

/// Has a copy of a store written into a draft, and puts it in its place, whole and safe, or not at all.
pub(crate) fn backup(
    to: &BackupTo<'_>,
    write: impl FnOnce(&mut Draft) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    backup::put_together(to, &[], |place, path| {
        let of_copy = |error| backup::said_again(error, path);
        let session = open::open(place, Missing::Made, &Options::default()).map_err(of_copy)?;
        let mut draft = Draft {
            session,
            interrupted: to.interrupted.clone(),
        };
        write(&mut draft)?;
        drop(draft);
        to_one_file(place).map_err(|error| of_copy(say(&error, None, &place.display().to_string())))
    })
}

/// Puts what is in the log into the file.
fn to_one_file(place: &Path) -> rusqlite::Result<()> {
    let file = Connection::open(place)?;
    file.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    file.pragma_update(None, "journal_mode", "DELETE")
}

impl Draft {
    /// Adds jobs in the order of their creation. Their attempts keep their fences.
    pub(crate) fn add(&mut self, all: &[Whole]) -> Result<(), StoreError> {
        if self.interrupted.is_asked() {
            return Err(StoreError::Interrupted);
        }
        self.session.write(Durability::Normal, |change| {
            let mut inserter = Inserter::new(change.conn)?;
            for whole in all {
                let seq = change.counters.last_job + 1;
                change.counters.last_job = seq;
                let id = &whole.job.spec.id;
                if !jobs::insert_with_past(change, &mut inserter, seq, &whole.job)? {
                    return Err(damaged(format!("there are two jobs '{id}'")).into());
                }
                for (attempt, ended_at, ending) in &whole.attempts {
                    attempts::record(change.conn, seq, attempt, *ended_at, ending)?;
                }
                for (fence, chunk) in &whole.output {
                    output::append(change.conn, *fence, slice::from_ref(chunk), u64::MAX)?;
                }
            }
            Ok(())
        })
    }

    /// Adds what isn't about jobs: the settings, and from where numbers go on.
    pub(crate) fn finish(
        &mut self,
        kept: &Settings,
        last_job: i64,
        last_fence: i64,
    ) -> Result<(), StoreError> {
        self.session
            .write(Durability::Full, |change| -> fault::Result<()> {
                let defaults = Settings::default();
                for key in Key::ALL {
                    if kept.get(key) != defaults.get(key) {
                        settings::set(change, key, &kept.get(key))?;
                    }
                }
                let counters = &mut change.counters;
                counters.last_job = counters.last_job.max(last_job);
                counters.last_fence = counters.last_fence.max(last_fence);
                counters.reserve_fences(0);
                Ok(())
            })
    }
}
