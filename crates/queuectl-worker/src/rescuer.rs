//! Rescues beside the loop: what a dead worker left running is ended on a thread of its own.
//!
//! A process that hangs in the kernel, on a dead disk or in a frozen cgroup, can't be ended, so a worker's loop doesn't wait for it.
//! The thread sends the loop a signal with the outcome, and the loop puts the jobs back. If a process doesn't end, the next try
//! comes after a while. Between tries the dead worker isn't locked, so that other workers may try.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::WorkerId;
use queuectl_process::Orphans;

use crate::rescue::Dead;
use crate::signal::Signal;

/// How long one try waits for killed processes to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait after a failed try: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How many tries go on at once, each on a thread of its own.
const AT_ONCE: usize = 8;

/// The tries of one worker to rescue others.
pub(crate) struct Rescuer {
    signals: Sender<Signal>,
    tries: HashMap<WorkerId, Try>,
}

/// The state of one dead worker's rescue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    /// A thread is at it. `waited` is the wait before this try; none before the first.
    GoesOn { waited: Option<Duration> },
    /// The last try has failed. The next is made after `until`.
    Failed { wait: Duration, until: Instant },
}

/// The outcome of a try.
pub(crate) struct Tried {
    pub(crate) dead: Dead,
    pub(crate) orphans: io::Result<Orphans>,
}

impl Rescuer {
    pub(crate) fn new(signals: Sender<Signal>) -> Self {
        let tries = HashMap::new();
        Self { signals, tries }
    }

    /// Returns true if this dead worker is to be left alone for now.
    pub(crate) fn leaves(&self, worker: &WorkerId) -> bool {
        let at_once = self.going_on();
        match self.tries.get(worker) {
            Some(Try::GoesOn { .. }) => true,
            Some(Try::Failed { until, .. }) => at_once >= AT_ONCE || Instant::now() < *until,
            None => at_once >= AT_ONCE,
        }
    }

    /// Returns true if it is time for another try after a failed one.
    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        let is_due = |one: &Try| matches!(one, Try::Failed { until, .. } if now >= *until);
        self.tries.values().any(is_due)
    }

    /// Returns true if a try goes on.
    pub(crate) fn is_at_work(&self) -> bool {
        self.going_on() > 0
    }

    /// Ends what a dead worker left running, on a thread of its own, and sends the outcome as [`Signal::Tried`].
    ///
    /// If the system refuses a thread, the calling thread does it, and doesn't wait for killed processes to end. So the try fails if
    /// there were any; the next try finds them gone.
    pub(crate) fn begin(&mut self, dead: Dead) {
        if self.going_on() >= AT_ONCE {
            // It is found again at a later look.
            return;
        }
        let waited = self.waited(&dead.worker);
        self.tries
            .insert(dead.worker.clone(), Try::GoesOn { waited });
        let signals = self.signals.clone();
        let attempt = move |dead: Dead, patience| {
            let orphans = dead.end_orphans(patience);
            // If the loop has gone, this drops the dead worker, and so its lock.
            let _ = signals.send(Signal::Tried(Box::new(Tried { dead, orphans })));
        };
        // A closure is lost if its thread can't be started. So `dead` is handed to the thread once it runs.
        let (hand_over, handed_over) = channel::<Dead>();
        let on_a_thread = {
            let attempt = attempt.clone();
            move || {
                if let Ok(dead) = handed_over.recv() {
                    attempt(dead, PATIENCE);
                }
            }
        };
        let name = "rescue".to_owned();
        let unserved = match thread::Builder::new().name(name).spawn(on_a_thread) {
            Ok(_) => hand_over.send(dead).err().map(|unsent| unsent.0),
            Err(_) => Some(dead),
        };
        if let Some(dead) = unserved {
            attempt(dead, Duration::ZERO);
        }
    }

    /// Notes that a try has failed, and when the next may be made.
    pub(crate) fn failed(&mut self, worker: &WorkerId) {
        let wait = match self.waited(worker) {
            Some(wait) => (wait * 2).min(BACK_OFF.1),
            None => BACK_OFF.0,
        };
        let until = Instant::now() + wait;
        self.tries
            .insert(worker.clone(), Try::Failed { wait, until });
    }

    /// Notes that all processes have ended. There is nothing to remember, even if the store couldn't be told.
    pub(crate) fn succeeded(&mut self, worker: &WorkerId) {
        self.tries.remove(worker);
    }

    /// Forgets dead workers that the store doesn't know any more: others have rescued them.
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
