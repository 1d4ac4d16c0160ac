//! What the loop does about a store that fails, or that has forgotten this worker.

use std::time::Instant;

use queuectl_store::{ErrorKind, StoreError};

use super::EventLoop;
use crate::Happening;
use crate::lease::Sent;
use crate::run::RunError;
use crate::trouble::Trouble;

impl EventLoop<'_> {
    /// The store has failed: waits longer each time, unless waiting won't help.
    pub(super) fn endure(&mut self, error: StoreError) -> Result<(), RunError> {
        if error.kind() != ErrorKind::Unavailable {
            return Err(error.into());
        }
        if self.trouble.is_none() {
            let error = &error;
            self.observer.notice(&Happening::StoreTrouble { error });
        }
        self.trouble = Some(Trouble::after(self.trouble.as_ref(), error));
        self.backlog.bound();
        Ok(())
    }

    /// Notes whether a worker that is to stop waits for nothing but the store.
    pub(super) fn sees_to_its_farewell(&mut self) {
        let is_kept = self.stop.is_some() && self.slots.are_empty() && self.owes_the_store();
        if is_kept {
            self.farewell.waits();
        } else {
            self.farewell.is_off();
        }
    }

    /// When a worker that is to stop gives up waiting for the store. `None` if it doesn't wait.
    pub(super) fn gives_up_at(&self) -> Option<Instant> {
        self.farewell.until(self.stop?, self.lease().left())
    }

    /// Gives up waiting for the store, if it has failed for too long.
    ///
    /// # Errors
    ///
    /// [`RunError::GaveUp`], which ends the worker.
    pub(super) fn give_up(&mut self) -> Result<(), RunError> {
        if self.gives_up_at().is_none_or(|at| Instant::now() < at) {
            return Ok(());
        }
        match self.trouble.take() {
            Some(trouble) => {
                let untold = self.backlog.untold();
                self.observer.notice(&Happening::GaveUp { untold });
                Err(RunError::GaveUp(trouble.into_error()))
            }
            None => Ok(()),
        }
    }

    /// Ends the trouble with the store, which has answered.
    pub(super) fn recovered(&mut self) {
        if self.trouble.take().is_some() {
            self.others.let_come_back();
            self.observer.notice(&Happening::StoreRecovered);
        }
    }

    /// The store doesn't know this worker any more: it was taken for dead. What
    /// it runs isn't its own; it starts again with nothing.
    pub(super) fn start_anew(&mut self) -> Result<(), RunError> {
        for (_, owed) in self.backlog.take() {
            self.slots.forget(owed.entry);
            self.observer.notice(&Happening::JobLost { job: &owed.job });
        }
        self.lose(|_| true);
        self.alarms.synced();
        self.unable.is_forgotten();
        let sent = Sent::now();
        match self.store.register(self.me) {
            Ok(lease) => {
                if let Some(length) = lease {
                    self.lease().renewed(sent, length);
                }
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }
}
