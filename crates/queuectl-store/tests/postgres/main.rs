//! What holds of a store on a PostgreSQL server, whatever happens to the server and to the way there.
// They start servers of their own, for which wine has no programs; on Windows the suite of all stores uses one of Linux.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is the scenery of tests")]

mod bounds;
mod commit_lost;
mod ended;
mod floors;
mod frozen;
mod limits;
mod locked;
mod pooled;
mod proxy;
mod qualified;
mod refused;
mod retention;
mod round_trips;
mod scene;
mod schema;
mod shadows;
mod waiting;
