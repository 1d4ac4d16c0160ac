//! Unix: process groups, signals, FIFOs, and `poll` over everything a run waits for.
//!
//! What Linux and macOS do differently is behind `native`, which exports the same names on both.

mod ask;
mod exec;
mod facts;
mod group;
mod hold;
mod orphans;
mod place;
mod run;
mod spawn;
mod stop;
mod trouble;
mod wake;
mod words;

pub use super::native::{adopt_orphans, network_file_system, no_orphan, since_boot, trusted_roots};
pub(crate) use super::native::{boot_name, process_room};
pub use ask::{ask_to_stop, when_asked_to_stop};
pub(super) use exec::{Call, Fault};
pub use facts::{
    CHILDREN_OUTLIVE_US, console_text, create_private, hostname, is_alive, keep_descriptors, kill,
    leave_terminal, native_bytes, native_text, never_wait, private_dir, process_start, signal_name,
    start_detached, user_settings,
};
pub use hold::{HeldStop, hold_stop};
pub(crate) use orphans::{Origin, end_all, find_all, origin};
pub use place::{access, file_identity, make_private, new_private_dir, replace, sync_dir};
pub use run::run;
pub use stop::{StopHandle, StopSignal};
pub(super) use trouble::lacks;
pub use wake::{Wake, wake};
pub(crate) use words::Words;
