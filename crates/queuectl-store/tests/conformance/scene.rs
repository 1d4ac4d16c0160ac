//! Where a test plays: a store of its own, with a clock that goes when told to.

use std::path::Path;
use std::time::Duration;

use queuectl_domain::Timestamp;
use queuectl_store::Store;

/// A new, empty store and its clock.
pub(crate) trait Scene {
    /// Whether the store gives its workers leases.
    const LEASES: bool;

    /// A place with nothing in it.
    fn new() -> Self;

    /// Another handle on the store, as another process would have it.
    fn open(&self) -> Box<dyn Store>;

    /// Lets time pass.
    fn advance(&self, by: Duration);

    /// Sets the clock, back if need be.
    fn set(&self, now: Timestamp);

    /// A store that is made of a backup of this scene's.
    fn restore(&self, backup: &Path) -> Box<dyn Store>;

    /// Does damage to the store, past all that guards it.
    fn damage(&self, damage: Damage);
}

/// Damage that can be done to what a store keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Damage {
    /// Seven more jobs are counted as pending than there are.
    Miscounted,
    /// The numbers of jobs begin anew.
    JobNumbersInUse,
    /// The numbers of claims begin anew.
    FencesInUse,
    /// All workers are forgotten, and what they hold stays as it is.
    Ownerless,
    /// A command, an attempt and its output are there of a job that isn't.
    Leftovers,
    /// The newest job has no command.
    CommandLost,
}
