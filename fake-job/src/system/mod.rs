//! What a fake job does differently on each system, by the system's own calls: it has no dependencies, since it is
//! built with the tests of several packages.

#[cfg(unix)]
#[path = "unix.rs"]
mod native;
#[cfg(windows)]
#[path = "windows.rs"]
mod native;

pub(crate) use native::{
    be_secretive, close_streams, detach, end_thread, hear, is_asked, kill, lead_a_session,
    start_sibling,
};
