//! Rescues beside the loop: what a dead worker left running is ended on a thread of its own.
//!
//! A process that hangs in the kernel, on a dead disk or in a frozen group, isn't ended by any signal. Whoever waits for it waits
//! as long as it likes, so a worker's loop doesn't: it hears of the end by a signal, and puts the jobs back then. What doesn't end
//! is tried again after a while. Meanwhile nobody holds the dead worker, so that others may try.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::WorkerId;
use queuectl_process::Orphans;

use crate::rescue::Dead;
use crate::signal::Signal;

/// How long one try waits for the end of what it has killed.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait after a try that failed: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How many tries go on at once, each on a thread of its own.
const AT_ONCE: usize = 8;

/// The tries of one worker to rescue others.
pub(crate) struct Rescuer {
    signals: Sender<Signal>,
    tries: HashMap<WorkerId, Try>,
}

/// How it stands with one dead worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    /// A thread is at it; so much was waited before.
    GoesOn { waited: Option<Duration> },
    /// It has failed, and is left alone until then.
    Failed { wait: Duration, until: Instant },
}

/// How a try has ended.
pub(crate) struct Tried {
    pub(crate) dead: Dead,
    pub(crate) orphans: io::Result<Orphans>,
}

impl Rescuer {
    pub(crate) fn new(signals: Sender<Signal>) -> Self {
        let tries = HashMap::new();
        Self { signals, tries }
    }

    /// Whether this dead worker is left alone for now.
    pub(crate) fn leaves(&self, worker: &WorkerId) -> bool {
        let at_once = self.going_on();
        match self.tries.get(worker) {
            Some(Try::GoesOn { .. }) => true,
            Some(Try::Failed { until, .. }) => at_once >= AT_ONCE || Instant::now() < *until,
            None => at_once >= AT_ONCE,
        }
    }

    /// Whether it is time to try one again that has failed.
    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        let is_due = |one: &Try| matches!(one, Try::Failed { until, .. } if now >= *until);
        self.tries.values().any(is_due)
    }

    /// Whether a try goes on.
    pub(crate) fn is_at_work(&self) -> bool {
        self.going_on() > 0
    }

    /// Ends what a dead worker left running, on a thread of its own, which tells by a [`Signal::Tried`] how it went.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses a thread. That counts as a try.
    pub(crate) fn begin(&mut self, dead: Dead) -> io::Result<()> {
        if self.going_on() >= AT_ONCE {
            // It is found again at the next look.
            return Ok(());
        }
        let waited = self.waited(&dead.worker);
        self.tries
            .insert(dead.worker.clone(), Try::GoesOn { waited });
        let signals = self.signals.clone();
        let worker = dead.worker.clone();
        let started = thread::Builder::new().name("rescue".into()).spawn(move || {
            let orphans = dead.end_orphans(PATIENCE);
            // A loop that has gone doesn't want to know, and the dead worker is let go.
            let _ = signals.send(Signal::Tried(Box::new(Tried { dead, orphans })));
        });
        if started.is_err() {
            self.failed(&worker);
        }
        started.map(drop)
    }

    /// What it left can't be ended now.
    pub(crate) fn failed(&mut self, worker: &WorkerId) {
        let wait = match self.waited(worker) {
            Some(wait) => (wait * 2).min(BACK_OFF.1),
            None => BACK_OFF.0,
        };
        let until = Instant::now() + wait;
        self.tries
            .insert(worker.clone(), Try::Failed { wait, until });
    }

    /// All of it has ended. Nothing more has to be remembered, even if the store couldn't be told.
    pub(crate) fn succeeded(&mut self, worker: &WorkerId) {
        self.tries.remove(worker);
    }

    /// Forgets those that others have rescued.
    pub(crate) fn forget_all_but(&mut self, is_known: impl Fn(&WorkerId) -> bool) {
        self.tries
            .retain(|worker, one| matches!(one, Try::GoesOn { .. }) || is_known(worker));
    }

    fn going_on(&self) -> usize {
        let goes_on = |one: &&Try| matches!(one, Try::GoesOn { .. });
        self.tries.values().filter(goes_on).count()
    }

    fn waited(&self, worker: &WorkerId) -> Option<Duration> {
        match self.tries.get(worker)? {
            Try::GoesOn { waited } => *waited,
            Try::Failed { wait, .. } => Some(*wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_does_not_end_is_left_alone_for_longer_each_time() {
        let (sender, _signals) = channel();
        let mut rescuer = Rescuer::new(sender);
        let worker: WorkerId = "worker-1".parse().unwrap();
        let mut waits = Vec::new();
        for _ in 0..8 {
            rescuer.failed(&worker);
            assert!(rescuer.leaves(&worker) && !rescuer.is_due());
            waits.extend(rescuer.waited(&worker));
        }
        let waits: Vec<_> = waits.iter().map(Duration::as_secs).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        rescuer.forget_all_but(|_| false);
        assert!(!rescuer.leaves(&worker), "it is another one");
    }
}
