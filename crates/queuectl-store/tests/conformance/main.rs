//! One suite for every store: what [`Store`](queuectl_store::Store) promises, seen from outside.
//!
//! A new store needs a [`Scene`](scene::Scene) and one line at the end of this file.
#![expect(
    clippy::unwrap_used,
    reason = "these are the bodies of tests, called by the functions that carry #[test]"
)]

#[macro_use]
mod every_test;
mod hand;
#[cfg(unix)]
mod pooled_scene;
mod postgres_scene;
mod scene;
mod sqlite_scene;

mod backup;
mod batch;
mod bell;
mod check;
mod claims;
mod clocks;
mod dead;
mod delete;
mod import;
mod jobs;
mod leases;
mod life;
mod lists;
mod model;
mod order;
mod output;
mod release;
mod rescue;
mod settings;
mod settle;
mod stop;
mod workers;

conformance!(sqlite: crate::sqlite_scene::SqliteScene);
conformance!(postgres: crate::postgres_scene::PostgresScene);
#[cfg(unix)]
conformance!(pooled: crate::pooled_scene::PooledScene);
