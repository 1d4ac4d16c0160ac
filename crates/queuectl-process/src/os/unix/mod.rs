//! Unix: process groups, signals, FIFOs, and `poll` over everything a run waits for.
//!
//! What Linux and macOS do differently is behind `native`, which exports the same names on both.

mod facts;
mod group;
mod orphans;
mod run;
mod script;
mod spawn;
mod stop;
mod wake;

pub use super::native::adopt_orphans;
pub use facts::{
    ask_to_stop, create_private, detach, hostname, is_alive, kill, leave_terminal, private_dir, process_start, signal_name,
    when_asked_to_stop,
};
pub(crate) use facts::write_at;
pub(crate) use orphans::{Origin, end_all, origin};
pub use run::run;
pub use stop::{StopHandle, StopSignal};
pub use wake::{Wake, wake};
