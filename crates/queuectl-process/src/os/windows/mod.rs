//! Windows: Job Objects, named kernel objects, and one wait over everything a run waits for.

mod ask;
mod console;
mod exec;
mod facts;
mod find;
mod handle;
mod hold;
mod inherited;
mod interpreter;
mod job;
mod machine;
mod pipe;
mod place;
mod polite;
mod quote;
mod rights;
mod roots;
mod run;
mod shell;
mod spawn;
mod stop;
mod trouble;
mod wake;
mod words;

pub use ask::{ask_to_stop, when_asked_to_stop};
pub use console::console_text;
pub use facts::{
    CHILDREN_OUTLIVE_US, adopt_orphans, create_private, hostname, is_alive, keep_descriptors, kill,
    leave_terminal, look_after_orphans, native_bytes, native_text, never_wait, no_orphan,
    private_dir, process_start, sees_all_processes, set_apart, signal_name, start_detached,
    user_settings, why_it_goes_on,
};
pub(crate) use facts::{SECOND, boot, end_all, find_all, now, out_of_reach};
pub use hold::{HeldStop, hold_stop};
pub use inherited::{largest_file, make_room_for, set_up_process};
pub use machine::since_boot;
pub(crate) use machine::{boot_name, process_room};
pub use place::{
    access, file_identity, let_owner_in, make_private, network_file_system, new_private_dir,
    open_file_identity, other_path, replace, sync_dir,
};
pub use roots::trusted_roots;
pub use run::run;
pub use stop::{StopHandle, StopSignal};
pub(super) use trouble::lacks;
pub use wake::{Wake, wake};
pub(crate) use words::Words;
