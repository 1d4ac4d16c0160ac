//! The one place where the operating systems differ. Each file exports the same names and states its native fact.

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod native;
#[cfg(target_os = "macos")]
#[path = "macos/mod.rs"]
mod native;
mod plain;
mod script;
#[cfg(unix)]
#[path = "unix/mod.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;
mod unable;

pub use system::{
    CHILDREN_OUTLIVE_US, HeldStop, StopHandle, StopSignal, Wake, access, adopt_orphans,
    ask_to_stop, console_text, create_private, file_identity, hold_stop, hostname, is_alive,
    keep_descriptors, kill, largest_file, leave_terminal, let_owner_in, look_after_orphans,
    make_private, make_room_for, native_bytes, native_text, network_file_system, never_wait,
    new_private_dir, no_orphan, open_file_identity, other_path, private_dir, process_start,
    replace, run, sees_all_processes, set_apart, set_up_process, signal_name, since_boot,
    start_detached, sync_dir, trusted_roots, user_settings, wake, when_asked_to_stop,
    why_it_goes_on,
};
pub(crate) use system::{
    SECOND, Words, boot, boot_name, end_all, find_all, now, out_of_reach, process_room,
};
pub use unable::is_out_of_room;

/// How this process was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// By Ctrl+C. Who asks a second time means it to be at once.
    Interrupt,
    /// Politely: what runs may finish.
    Politely,
    /// At once.
    AtOnce,
}
