//! Limits of this process. Each running command takes a few descriptors of its worker, but the soft
//! limit of open files is low on many systems, because `select` handles no more than 1,024. So a
//! worker raises its own soft limit, and starts commands with the limit that it was given.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::os::native;

/// Raises the soft limit of open files so that this many commands can run at once, as far as the
/// hard limit allows. If the system refuses, the limit stays as it was.
pub fn make_room_for(commands: usize) {
    let given = getrlimit(Resource::Nofile);
    let Some(wanted) = native::wanted_descriptors(commands, given.maximum) else {
        return;
    };
    let raised = Rlimit {
        current: Some(wanted),
        ..given
    };
    let is_more = given.current.is_some_and(|current| current < wanted);
    if is_more && setrlimit(Resource::Nofile, raised).is_ok() {
        native::commands_keep(given);
    }
}

/// The largest size in bytes to which this process may make a file. `None` if there is no limit.
pub fn largest_file() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}
