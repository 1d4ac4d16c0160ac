//! Unix: process groups, signals, FIFOs, and `poll` over everything a run waits for.
//!
//! What Linux and macOS do differently is behind `native`, which exports the same names on both.

mod apart;
mod ask;
mod exec;
mod facts;
mod group;
mod hold;
mod holdouts;
mod inherited;
mod orphans;
mod place;
mod room;
mod run;
mod signals;
mod spawn;
mod stop;
mod trouble;
mod wake;
mod words;

pub(crate) use super::native::{SECOND, boot, boot_name, now, process_room};
pub use super::native::{
    adopt_orphans, look_after_orphans, network_file_system, no_orphan, sees_all_processes,
    since_boot, trusted_roots,
};
#[cfg(target_os = "linux")]
pub(super) use apart::is_apart;
pub use apart::set_apart;
pub use ask::{ask_to_stop, when_asked_to_stop};
pub(super) use exec::{Call, Fault};
pub use facts::{
    CHILDREN_OUTLIVE_US, console_text, create_private, hostname, is_alive, keep_descriptors, kill,
    leave_terminal, native_bytes, native_text, never_wait, private_dir, process_start,
    start_detached, user_settings,
};
pub use hold::{HeldStop, hold_stop};
pub use holdouts::why_it_goes_on;
pub use inherited::set_up_process;
pub(crate) use orphans::{end_all, find_all, out_of_reach};
pub use place::{
    access, file_identity, let_owner_in, make_private, new_private_dir, open_file_identity,
    other_path, replace, sync_dir,
};
pub use room::{largest_file, make_room_for};
pub use run::run;
pub use signals::signal_name;
pub use stop::{StopHandle, StopSignal};
pub(super) use trouble::lacks;
pub use wake::{Wake, wake};
pub(crate) use words::Words;
