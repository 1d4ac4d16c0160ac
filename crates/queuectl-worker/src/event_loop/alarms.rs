//! When the loop has something to do by the clock, without an event.

use std::time::{Duration, Instant};

/// How often a worker looks after what it runs, and whether other workers live.
const TICK: Duration = Duration::from_millis(500);
/// The tick of a worker that runs nothing and knows of no other worker. One that comes and dies is
/// still found within a second.
const IDLE_TICK: Duration = Duration::from_millis(900);
/// An idle worker asks a server this rarely, because a server may have hundreds of idle workers. A
/// lease of the default length is renewed with the same call. A dead worker is still found within
/// five seconds after its lease.
const ASK_IDLE: Duration = Duration::from_millis(4400);
/// How long a result may wait to be made safe from a power cut.
const SYNC_WITHIN: Duration = Duration::from_millis(50);

/// The times at which the loop wakes up by itself.
pub(super) struct Alarms {
    /// When the next tick is.
    tick: Instant,
    /// When the next waiting job is due.
    due: Option<Instant>,
    /// Until when results have to be synced.
    sync: Option<Instant>,
    /// When the last turn was sent.
    asked: Instant,
}

impl Alarms {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            tick: now + TICK,
            due: None,
            sync: None,
            asked: now,
        }
    }

    /// Notes that a turn is sent now.
    pub(super) fn asking(&mut self) {
        self.asked = Instant::now();
    }

    /// Returns how long ago the last turn was sent.
    pub(super) fn since_asked(&self) -> Duration {
        self.asked.elapsed()
    }

    /// Returns true if it is too early for an idle worker to ask a server again.
    pub(super) fn is_too_soon_to_ask(&self, now: Instant) -> bool {
        now < self.asked + ASK_IDLE
    }

    /// Whether it is time for a tick.
    pub(super) fn is_tick(&self, now: Instant) -> bool {
        now >= self.tick
    }

    /// Sets the next tick, after one.
    pub(super) fn ticked(&mut self, now: Instant, idle: bool) {
        self.tick = now + if idle { IDLE_TICK } else { TICK };
    }

    /// Makes the next tick come at once.
    pub(super) fn tick_now(&mut self) {
        self.tick = Instant::now();
    }

    /// Sets when the next waiting job is due; `None` if no job waits for its time.
    pub(super) fn due_in(&mut self, length: Option<Duration>) {
        self.due = length.and_then(|length| Instant::now().checked_add(length));
    }

    /// Whether a job that waited for its time is due.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| now >= due)
    }

    /// Notes whether the store holds results that a power cut could undo.
    pub(super) fn unsynced(&mut self, unsynced: bool) {
        let by = || Instant::now() + SYNC_WITHIN;
        self.sync = unsynced.then(|| self.sync.unwrap_or_else(by));
    }

    /// Notes that all results have been synced, or aren't this worker's any more.
    pub(super) fn synced(&mut self) {
        self.sync = None;
    }

    /// Whether results still have to be synced.
    pub(super) fn owes_sync(&self) -> bool {
        self.sync.is_some()
    }

    /// Whether results have to be synced now.
    pub(super) fn is_sync(&self, now: Instant) -> bool {
        self.sync.is_some_and(|by| now >= by)
    }

    /// Returns the next alarm. `due` counts only if this worker could take a job that becomes due.
    pub(super) fn next(&self, heeds_due: bool) -> Instant {
        let due = self.due.filter(|_| heeds_due);
        [self.sync, due]
            .into_iter()
            .flatten()
            .fold(self.tick, Instant::min)
    }
}
