//! What a worker's loop waits for, and what brings a turn with the store about.

use crate::rescuer::Tried;

/// What a worker's loop waits for.
pub(crate) enum Signal {
    /// Attempts have ended.
    Ended,
    /// A worker that couldn't start jobs may claim one: a trial succeeded, or the last job was started.
    Able,
    /// The bell was rung.
    Rung,
    /// [`Control::stop`](crate::Control::stop) was called.
    StopAsked,
    /// The observer isn't [behind](crate::Observer::is_behind) any more.
    CaughtUp,
    /// A try to end what a dead worker left running is over.
    Tried(Box<Tried>),
}

/// What brings a turn about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Slots have become free. They ask for more by themselves as long as there is.
    Ended,
    /// Something else; others may have to be woken for what this worker can't take.
    Woken,
    /// Time to look after what runs.
    Tick,
}
