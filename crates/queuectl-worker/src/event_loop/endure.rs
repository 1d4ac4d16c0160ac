//! A store that fails, or that has forgotten this worker.

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
        self.trouble = Some(Trouble::after(self.trouble));
        self.backlog.bound();
        Ok(())
    }

    /// The store has answered.
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
