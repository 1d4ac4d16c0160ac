//! A machine that refuses to start jobs, as it is told to others.

use queuectl_process::Unable;

use super::EventLoop;
use crate::Happening;
use crate::run::RunError;

/// Who knows what keeps the worker from starting jobs.
#[derive(Default)]
pub(super) struct Reported {
    /// Whoever looks on.
    told: Option<Unable>,
    /// The store, and so all other machines.
    recorded: Option<Unable>,
}

impl Reported {
    /// The store knows a new worker, which can start jobs.
    pub(super) fn is_forgotten(&mut self) {
        self.recorded = None;
    }
}

impl EventLoop<'_> {
    /// Tells whether jobs can be started, if that has changed.
    pub(super) fn tell_ability(&mut self) -> Result<(), RunError> {
        let unable = self.slots.unable();
        if self.unable.told != unable {
            self.observer.notice(&match &unable {
                Some(why) => Happening::StartTrouble { why },
                None => Happening::StartRecovered,
            });
            self.unable.told.clone_from(&unable);
        }
        if self.unable.recorded == unable || self.trouble.is_some() {
            return Ok(());
        }
        let reason = unable.as_ref().map(|why| why.reason.as_str());
        match self.store.set_trouble(&self.me.id, reason) {
            Ok(()) => {
                self.unable.recorded = unable;
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }
}
