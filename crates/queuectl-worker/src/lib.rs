//! A worker: claim, run, settle; and the processes that do it.
//!
//! [`run`] is the loop of one worker. [`start`] makes background processes of
//! it, [`stop`] ends them, [`liveness`] tells who still lives; a [`guard`] is beside
//! each that has a lease. What happens is told to an [`Observer`]; nothing here prints.

mod background;
mod backlog;
mod capture;
mod control;
mod data;
mod doctor;
mod event_loop;
mod forget;
mod guard;
mod happening;
mod held_up;
mod last_line;
mod lease;
mod life;
mod log;
mod others;
mod pace;
mod premises;
mod registry;
mod remains;
mod rescue;
mod rescuer;
mod retention;
mod run;
mod signal;
mod slot;
mod slots;
mod stop;
mod trial;
mod trouble;
mod wake;

pub use background::{
    Launch, Patience, StartError, Started, leave_folder, leave_terminal, new_worker_id, start,
};
pub use control::Control;
pub use data::DataFolder;
pub use doctor::{Diagnosis, Examined, Outcome, Subject, files, permissions, store};
pub use forget::{ForgetError, Forgotten, forget};
pub use guard::guard;
pub use happening::{Happening, Observer};
pub use held_up::{HeldUp, held_up};
pub use life::{Liveness, hostname, liveness};
pub use log::LogFile;
pub use queuectl_process::os::{
    HeldStop, hold_stop, is_out_of_room, largest_file, set_up_process, why_it_goes_on,
};
pub use queuectl_process::{Decoder, Encoding};
pub use registry::enlist;
pub use run::{Options, RunError, run};
pub use slot::native;
pub use stop::{StopOrder, Stopped, Whom, at_work, stop};

/// The line by which a background worker tells its starter that it runs.
pub const READY: &str = "ready";
