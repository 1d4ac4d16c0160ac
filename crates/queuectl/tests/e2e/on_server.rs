//! The tests of all that a user does, once more, with the store on a PostgreSQL server: the same files, which find another
//! home here.
#![expect(clippy::duplicate_mod, reason = "the same tests on another store")]

#[path = "attempts.rs"]
mod attempts;
#[path = "backup.rs"]
mod backup;
#[path = "backup_midway.rs"]
mod backup_midway;
#[path = "bulk.rs"]
mod bulk;
#[path = "capture.rs"]
mod capture;
#[cfg(target_os = "linux")]
#[path = "clocks.rs"]
mod clocks;
#[path = "config.rs"]
mod config;
#[path = "crash.rs"]
mod crash;
#[path = "dlq.rs"]
mod dlq;
#[path = "doctor_workers.rs"]
mod doctor_workers;
#[path = "enqueue.rs"]
mod enqueue;
#[path = "foreground.rs"]
mod foreground;
#[path = "keep.rs"]
mod keep;
#[path = "list.rs"]
mod list;
#[path = "removal.rs"]
mod removal;
#[path = "show.rs"]
mod show;
#[path = "signals.rs"]
mod signals;
#[path = "status.rs"]
mod status;
#[path = "stop_from_a_job.rs"]
mod stop_from_a_job;
#[path = "stop_job.rs"]
mod stop_job;
#[path = "stopping.rs"]
mod stopping;
#[cfg(target_os = "linux")]
#[path = "stuck_orphans.rs"]
mod stuck_orphans;
#[path = "trees.rs"]
mod trees;
#[cfg(target_os = "linux")]
#[path = "unable.rs"]
mod unable;
#[path = "workers.rs"]
mod workers;

mod support {
    //! What the tests are driven by, with a home whose store is on a server.

    pub(crate) use super::Home;
    pub(crate) use crate::support::*;
}

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use queuectl_cluster::{Programs, shared};

use crate::support::Home as AnyHome;

/// A home with a store of its own on the server that all tests share.
pub(crate) struct Home {
    home: AnyHome,
    // It goes last.
    schema: Schema,
}

impl Home {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self::of(AnyHome::new())
    }

    /// A new one, with its calls going by a clock that can be set; the server has its own.
    #[cfg(target_os = "linux")]
    pub(crate) fn with_clock() -> Self {
        Self::of(AnyHome::with_clock())
    }

    /// A new one, with a folder that nobody answers for.
    #[cfg(target_os = "linux")]
    pub(crate) fn with_stuck_folder() -> Self {
        Self::of(AnyHome::with_stuck_folder())
    }

    /// A new one, with its calls made by another user.
    #[cfg(target_os = "linux")]
    pub(crate) fn of_another_user() -> Self {
        Self::of(AnyHome::of_another_user())
    }

    fn of(home: AnyHome) -> Self {
        let schema = Schema::new();
        Self {
            home: home.with_variable("QUEUECTL_DB", schema.url()),
            schema,
        }
    }

    /// Runs a statement that names its tables as `queuectl.…` in the store.
    pub(crate) fn sql(&self, text: &str) {
        self.schema.run(text);
    }
}

impl Deref for Home {
    type Target = AnyHome;

    fn deref(&self) -> &AnyHome {
        &self.home
    }
}

/// A schema that nobody else uses.
pub(crate) struct Schema(String);

impl Schema {
    pub(crate) fn new() -> Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let schema = Self(format!("e2e_{}_{number}", std::process::id()));
        // One of a run that was killed may have had the same name.
        schema.drop_if_it_is_there();
        schema
    }

    /// The URL of a store in it.
    pub(crate) fn url(&self) -> String {
        let url = shared();
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}schema={}", self.0)
    }

    /// Runs a statement that names its tables as `queuectl.…`.
    pub(crate) fn run(&self, sql: &str) {
        Self::ask(&sql.replace("queuectl.", &format!("{}.", self.0)));
    }

    fn drop_if_it_is_there(&self) {
        Self::ask(&format!(
            "SET client_min_messages = warning; DROP SCHEMA IF EXISTS {} CASCADE",
            self.0
        ));
    }

    fn ask(sql: &str) {
        let programs = Programs::find().unwrap_or_else(|trouble| panic!("{trouble}"));
        let psql = std::process::Command::new(programs.path("psql"))
            .args(["-XAtq", "-d", &shared(), "-c", sql])
            .status();
        assert!(psql.is_ok_and(|status| status.success()), "{sql}");
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.drop_if_it_is_there();
    }
}
