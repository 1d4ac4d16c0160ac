//! One turn with the store: what is told, and what is done about the answer.

use std::collections::HashMap;

use queuectl_domain::{Fence, Life};
use queuectl_store::{Reply, Settled, StopMode, StoreError, Turn};

use super::EventLoop;
use super::rings::Left;
use crate::Happening;
use crate::lease::Sent;
use crate::run::RunError;
use crate::signal::Cause;
use crate::trouble::Trouble;

impl EventLoop<'_> {
    /// One turn with the store, unless it has just failed.
    pub(super) fn turn(&mut self, cause: Cause) -> Result<(), RunError> {
        self.heed_control();
        if !self.lease().is_held() {
            self.backlog.release(self.slots.recall());
        }
        if self.trouble.as_ref().is_some_and(Trouble::is_fresh) || !self.renew()? {
            return Ok(());
        }
        // After a failure the store gets everything that it refused: only if it takes that, it has recovered.
        let (output, held) = if cause == Cause::Tick || self.trouble.is_some() {
            (self.slots.printed(), self.slots.tickets())
        } else {
            (Vec::new(), Vec::new())
        };
        let turn = Turn {
            worker: &self.me.id,
            settled: self.backlog.settled(),
            released: self.backlog.released(),
            output: &output,
            free: self.wanted(),
            held: &held,
            rung: self.rings.take_rung(),
        };
        self.alarms.asking();
        match self.store.turn(&turn) {
            Ok(reply) => {
                self.slots.turn_took(self.alarms.since_asked());
                if self.makes_up_for_sync()? {
                    self.recovered();
                }
                self.accept(reply, cause)
            }
            Err(StoreError::NoSuchWorker(_)) => self.start_anew(),
            Err(error) => {
                self.slots.unprint(output);
                self.endure(error)
            }
        }
    }

    /// Makes up for a sync that failed. Returns false if the store answers but still can't sync: then it hasn't recovered.
    fn makes_up_for_sync(&mut self) -> Result<bool, RunError> {
        if self.trouble.is_none() || !self.alarms.owes_sync() {
            return Ok(true);
        }
        self.sync()?;
        Ok(!self.alarms.owes_sync())
    }

    /// How many jobs to claim in this turn.
    fn wanted(&self) -> usize {
        if !self.may_claim() {
            return 0;
        }
        self.slots.wanted(self.unfinished)
    }

    /// Renews the lease if it is time to; false if that failed. This is a call of its own, ahead of the
    /// turn: a turn may have to wait for other workers, and jobs must not be ended because these are slow.
    fn renew(&mut self) -> Result<bool, RunError> {
        if !self.lease().is_to_renew() {
            return Ok(true);
        }
        let sent = Sent::now();
        match self.store.renew(&self.me.id) {
            Ok(length) => {
                if let Some(length) = length {
                    self.lease().renewed(sent, length);
                }
                return Ok(true);
            }
            Err(StoreError::NoSuchWorker(_)) => self.start_anew()?,
            Err(error) => self.endure(error)?,
        }
        Ok(false)
    }

    /// Does what the store says.
    fn accept(&mut self, reply: Reply, cause: Cause) -> Result<(), RunError> {
        let has_settled = !self.backlog.settled().is_empty();
        if reply.unsynced && has_settled && self.observer.is_watched() {
            self.sync()?;
        }
        self.tell_ends(&reply);
        self.lose_lost(&reply);
        let unbegun = self.slots.end(&reply);
        self.backlog.release(unbegun);
        self.slots.assign(reply.claimed, &reply.settings);
        self.heed(reply.stop);
        if self.others.heard(reply.lapsed) {
            self.alarms.tick_now();
        }
        self.alarms.due_in(reply.due_in);
        self.alarms.unsynced(reply.unsynced);
        let is_time = cause == Cause::Tick || self.retention.is_owed(self.attempts);
        let tidies = is_time && self.stop.is_none();
        self.see_what_is_left(reply.unfinished, reply.more, has_settled, cause);
        if tidies {
            let (keep, now) = (reply.settings.keep, reply.now);
            let tidied = self.retention.tidy(self.store, keep, now, self.attempts);
            return tidied.or_else(|error| self.endure(error));
        }
        Ok(())
    }

    /// Tells the observer of the ends that the store knows now.
    fn tell_ends(&mut self, reply: &Reply) {
        let became: HashMap<Fence, &Life> = reply
            .settled
            .iter()
            .map(|(fence, life)| (*fence, life))
            .collect();
        for (settled, owed) in self.backlog.take() {
            self.slots.forget(owed.entry);
            let job = &*owed.job;
            let Settled { ticket, ending, .. } = &settled;
            match became.get(&ticket.fence) {
                Some(life) => {
                    self.attempts += 1;
                    self.observer
                        .notice(&Happening::JobEnded { job, ending, life });
                }
                None => self.observer.notice(&Happening::JobLost { job }),
            }
        }
    }

    fn lose_lost(&self, reply: &Reply) {
        if !reply.lost.is_empty() {
            self.lose(|fence| reply.lost.contains(&fence));
        }
    }

    /// Gives up claims that aren't this worker's any more.
    pub(super) fn lose(&self, is_lost: impl Fn(Fence) -> bool) {
        for job in self.slots.lose(is_lost) {
            self.observer.notice(&Happening::JobLost { job: &job });
        }
    }

    /// Wakes other workers for what is left. With `--until-idle`, stops if nothing is.
    fn see_what_is_left(&mut self, unfinished: u64, more: bool, has_settled: bool, cause: Cause) {
        self.unfinished = unfinished;
        self.rings.pass_on(&Left {
            cause,
            more,
            unfinished,
            has_settled,
            is_stopping: self.stop.is_some(),
            until_idle: self.options.until_idle,
            has_others: !self.others.are_none(),
            others_may_end: self.lease().is_limited() && self.slots.are_empty(),
        });
        if unfinished == 0 && self.options.until_idle {
            self.stop = self.stop.max(Some(StopMode::Drain));
        }
    }

    /// Makes results safe from a power cut.
    pub(super) fn sync(&mut self) -> Result<(), RunError> {
        match self.store.sync() {
            Ok(()) => {
                self.alarms.synced();
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }
}
