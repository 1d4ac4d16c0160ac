//! Where a test plays: a store of its own, with a clock that goes when told to.

use std::time::Duration;

use queuectl_store::Store;

/// A new, empty store and its clock.
pub(crate) trait Scene {
    /// A place with nothing in it.
    fn new() -> Self;

    /// Another handle on the store, as another process would have it.
    fn open(&self) -> Box<dyn Store>;

    /// Lets time pass.
    fn advance(&self, by: Duration);
}
