//! A temporary PostgreSQL: made of the installed programs, in a temporary folder, for as long as somebody needs it.
//!
//! It ends with its owner, however that ends: a watcher of its own hears it, stops the server and removes the
//! folder. Who runs as root has it run by `nobody`, since PostgreSQL refuses to be root. It listens on a free port
//! of the loopback interface, with a password, and where there are Unix sockets on one that only its folder's owner
//! can reach. A pooler can be put before it. Nothing here knows of jobs.

mod account;
#[cfg(feature = "certificates")]
pub mod certificates;
mod cluster;
mod config;
mod held;
#[cfg(unix)]
mod pooler;
mod programs;
mod shared;
mod trouble;
mod watcher;

pub use cluster::{Cluster, Stop};
pub use config::Config;
pub use held::Held;
#[cfg(unix)]
pub use pooler::{Behind, Pooler, Pooling};
pub use programs::{OLDEST, Programs, pgbouncer};
pub use shared::{SHARED, shared};
pub use trouble::Trouble;
