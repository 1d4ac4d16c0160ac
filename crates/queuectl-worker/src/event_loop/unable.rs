//! Reports that the machine refuses to start jobs, and that it is over.

use queuectl_process::Unable;

use super::EventLoop;
use crate::Happening;
use crate::run::RunError;

/// What has been reported last.
#[derive(Default)]
pub(super) struct Reported {
    /// To the observer.
    told: Option<Unable>,
    /// To the store, and so to all other machines.
    recorded: Option<Unable>,
}

impl Reported {
    /// The worker has registered anew, so the store takes it for one that can start jobs.
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
