//! Limits of this process. Each command that runs takes a few descriptors, and the soft limit of open files is small on many systems,
//! since `select` knows no more than 1,024. So this process raises it for itself, and commands don't get that.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::os::native;

/// Makes room for so many commands that run at once, as far as the hard limit of open files allows. Where the system refuses,
/// all stays as it was.
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

/// How large a file of this process may become; none if there is no such limit.
pub fn largest_file() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}
