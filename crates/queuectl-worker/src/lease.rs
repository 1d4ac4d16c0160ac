//! The worker's lease: how long it may go on without the store.
//!
//! A store on a server gives a worker what it holds for a time. Who isn't heard of for that long is taken for dead, and its
//! jobs run elsewhere. So a worker that can't renew its lease ends what it runs before: politely first, then by force, so that
//! all of it is gone a good while before the lease is over. The time counts from the moment at which the last renewal that
//! succeeded was sent, by a clock that goes on while the system sleeps.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use queuectl_process::os;

use crate::guard::Guard;

/// A lease is cut into this many parts: the worker renews it at 6, asks what runs to end at 16, and kills it at 18; the guard checks
/// at 19. Six is a third, less the time by which a worker with nothing else to do may be late.
const PARTS: u32 = 20;
/// How often the lease is checked while something runs. On some systems timers stop while the system sleeps, and a worker has to see
/// right after waking up that its lease is over.
const LOOK: Duration = Duration::from_millis(100);

/// A worker's lease, shared by its loop, its slots and its keeper.
pub(crate) struct Lease {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    term: Option<Term>,
    /// Ends what runs if this process can't.
    guard: Option<Guard>,
    /// The keeper isn't needed any more.
    closed: bool,
}

/// From when it was asked for, and for how long. Times are since the system was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Term {
    sent: Duration,
    length: Duration,
}

impl Term {
    /// When the worker begins to end what it runs.
    fn polite_at(self) -> Duration {
        self.sent + self.length / PARTS * (PARTS - 4)
    }

    /// When it ends by force what is left.
    fn force_at(self) -> Duration {
        self.sent + self.length / PARTS * (PARTS - 2)
    }

    /// When its guard does, if that hasn't been done.
    fn guard_at(self) -> Duration {
        self.sent + self.length / PARTS * (PARTS - 1)
    }

    fn renew_at(self) -> Duration {
        self.sent + self.length / PARTS * 6
    }
}

/// The moment at which the store is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent(Duration);

impl Sent {
    pub(crate) fn now() -> Self {
        Self(os::since_boot())
    }
}

impl Lease {
    /// A lease of `length` that was asked for at `sent`, and its guard. A lease without a length never ends.
    pub(crate) fn new(sent: Sent, length: Option<Duration>, guard: Option<Guard>) -> Self {
        let lease = Self {
            state: Mutex::new(State {
                term: None,
                guard,
                closed: false,
            }),
            changed: Condvar::new(),
        };
        if let Some(length) = length {
            lease.renewed(sent, length);
        }
        lease
    }

    /// It was renewed.
    pub(crate) fn renewed(&self, sent: Sent, length: Duration) {
        let term = Term {
            sent: sent.0,
            length,
        };
        let mut state = self.state();
        state.term = Some(term);
        if let Some(guard) = &mut state.guard {
            guard.tell(term.guard_at());
        }
        self.changed.notify_all();
    }

    /// Whether there is one that can end.
    pub(crate) fn is_limited(&self) -> bool {
        self.state().term.is_some()
    }

    /// Whether the worker may still begin something.
    pub(crate) fn is_held(&self) -> bool {
        let term = self.state().term;
        term.is_none_or(|term| os::since_boot() < term.polite_at())
    }

    /// Returns how much of it is left; `None` if it never ends.
    pub(crate) fn left(&self) -> Option<Duration> {
        let term = self.state().term?;
        Some((term.sent + term.length).saturating_sub(os::since_boot()))
    }

    /// Whether it is time to renew it.
    pub(crate) fn is_to_renew(&self) -> bool {
        let term = self.state().term;
        term.is_some_and(|term| os::since_boot() >= term.renew_at())
    }

    /// Keeps it, on a thread of its own: whatever the worker's loop waits for, and however long it waits, what runs is ended in
    /// time by `end`, which is told how long it may take. `anything_runs` says whether that could be needed.
    pub(crate) fn keep(&self, anything_runs: impl Fn() -> bool, end: impl Fn(Duration)) {
        let mut ended = None;
        loop {
            // Whoever is asked may wait for somebody who asks us: so nothing is held meanwhile.
            let wait = if anything_runs() { LOOK } else { LOOK * 5 };
            let mut state = self.state();
            if state.closed {
                return;
            }
            let now = os::since_boot();
            match state.term {
                Some(term) if now >= term.polite_at() && ended != Some(term) => {
                    drop(state);
                    ended = Some(term);
                    end(term.force_at().saturating_sub(now));
                    state = self.state();
                }
                _ => {}
            }
            if let Some(guard) = &mut state.guard {
                guard.look_after();
            }
            let waited = self.changed.wait_timeout(state, wait);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Lets its keeper go.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn its_keeper_can_be_asked_for_it_by_those_whom_it_asks() {
        let over = Duration::ZERO;
        let lease = Lease::new(Sent::now(), Some(over), None);
        let (sender, done) = channel();
        std::thread::spawn(move || {
            let anything_runs = || {
                lease.close();
                lease.is_held()
            };
            lease.keep(anything_runs, |_| assert!(!lease.is_held()));
            let _ = sender.send(());
        });
        let waited = done.recv_timeout(Duration::from_secs(10));
        waited.expect("the keeper waits for itself");
    }
}
