//! One command and all its children: start, watch, capture, end.
//!
//! [`run`] blocks for one attempt and hands everything it sees to a [`Watcher`]. The attempt ends when its leader (the
//! process that was started) ends; whatever else it left running is ended then. This crate knows nothing of jobs, queues or
//! stores. It is the only one that may ask which operating system it is on; what differs is in [`os`].

mod decoder;
mod ended;
mod fingerprint;
mod force;
mod machine;
pub mod os;
mod place;
mod roster;
mod settings;
mod spec;
mod text;
mod unable;

pub use decoder::Decoder;
pub use ended::{Ended, How, StartError};
pub use fingerprint::fingerprint;
pub use machine::Machine;
pub use os::{StopHandle, StopSignal, run, signal_name};
pub use place::{Access, OtherPath, Others, Owner, OwnerMay};
pub use roster::{
    Head, Holdout, Mark, Orphans, Roster, Written, begun, end_orphans, end_tagged, holdouts,
    holdouts_of_dead, orphans, since_heartbeat, tagged,
};
pub use settings::UserSettings;
pub use spec::{Leader, Program, Spec, Stream, Tag, Watcher};
pub use text::{Encoding, line_text};
pub use unable::{Step, Unable};
