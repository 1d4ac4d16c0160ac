//! The bell: what this worker hears, and when it wakes others.

use crate::signal::Cause;
use crate::wake::Wake;

/// The bell as the loop uses it.
pub(super) struct Rings {
    wake: Wake,
    /// The bell was rung for this worker since the last turn.
    rung: bool,
    /// Whether to ask once more what is left: on a server, other workers may have reported their last
    /// ends in the same moment.
    ask_again: bool,
}

/// What is known after a turn about the jobs that are left.
pub(super) struct Left {
    pub(super) cause: Cause,
    /// Jobs are ready that this worker can't take.
    pub(super) more: bool,
    pub(super) unfinished: u64,
    /// This worker has reported ends in this turn.
    pub(super) has_settled: bool,
    pub(super) is_stopping: bool,
    pub(super) until_idle: bool,
    /// There may be other workers.
    pub(super) has_others: bool,
    /// Other workers may have reported their last ends in the same moment, unseen by this turn.
    pub(super) others_may_end: bool,
}

impl Rings {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            wake,
            rung: false,
            ask_again: false,
        }
    }

    /// Begins to wait for the next ring, unless that is done already.
    pub(super) fn arm(&mut self) {
        self.wake.arm();
    }

    /// Wakes another worker.
    pub(super) fn ring(&self) {
        self.wake.ring();
    }

    /// Stops waiting: from now on a ring is for other workers.
    pub(super) fn retire(&self) {
        self.wake.retire();
    }

    /// The bell was rung. A worker that can take no job passes the ring on.
    pub(super) fn rung(&mut self, can_take: bool) -> Option<Cause> {
        self.wake.rung();
        if !can_take {
            self.wake.ring();
            return None;
        }
        self.rung = true;
        Some(Cause::Woken)
    }

    /// Whether the bell was rung for this worker since this was last asked.
    pub(super) fn take_rung(&mut self) -> bool {
        std::mem::take(&mut self.rung)
    }

    /// Returns true if there is to be another turn at once.
    pub(super) fn asks_again(&self) -> bool {
        self.ask_again
    }

    /// Wakes other workers if this turn has shown what they wait for.
    pub(super) fn pass_on(&mut self, left: &Left) {
        // A worker that was woken for jobs that it can't take itself wakes the next.
        if left.more && (left.cause != Cause::Ended || left.is_stopping) {
            self.wake.ring();
        }
        let has_ended = left.has_settled || std::mem::take(&mut self.ask_again);
        if left.unfinished > 0 {
            if left.has_settled {
                self.ask_again = left.others_may_end;
            }
            return;
        }
        if left.until_idle {
            self.wake.retire();
        }
        // Others may wait until nothing is left.
        if left.has_others && (has_ended || left.until_idle) {
            self.wake.ring();
        }
    }
}
