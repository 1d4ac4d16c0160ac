//! Do the store and the model agree?

use std::time::Duration;

use queuectl_domain::{Attempt, Event, Outcome, State};

use super::known::Known;
use crate::hand::{all, counts};
use crate::scene::Scene;

impl<S: Scene> Known<'_, S> {
    /// The store must have the same jobs in the same states.
    pub(super) fn compare(&mut self) {
        let now = self.store.now().unwrap();
        let mut stored = all(&mut *self.store).jobs;
        stored.reverse();
        assert_eq!(stored.len(), self.jobs.len(), "how many jobs there are");
        for (place, job) in stored.into_iter().enumerate() {
            if job.life.state == State::Pending && self.is_due(place, now) {
                self.apply(place, Event::Due, now);
            }
            assert_eq!(job, self.jobs[place].job);
            assert_eq!(self.store.job(&job.spec.id).unwrap(), job);
        }
        counts(&mut *self.store);
        let ever: Vec<_> = self.ids.iter().cloned().collect();
        let there = ever.iter().filter(|id| self.place(id).is_some());
        let there: Vec<_> = there.cloned().collect();
        assert_eq!(self.store.taken(&ever).unwrap(), there);
        assert_eq!(self.store.settings().unwrap(), self.settings);
        let workers = self.store.workers().unwrap();
        assert_eq!(workers.len(), self.workers.len());
        for worker in &self.workers {
            let mut infos = workers.iter();
            let info = infos.find(|info| info.worker.id == worker.hand.id).unwrap();
            assert_eq!(info.running, self.held_by(&worker.hand).len() as u64);
            assert_eq!(info.stop, worker.stop);
        }
    }

    /// The store must have the same attempts, and what they printed.
    pub(super) fn compare_attempts(&mut self) {
        for entry in &self.jobs {
            let stored = self.store.attempts(&entry.job.spec.id).unwrap();
            let comparable =
                |attempts: &[Attempt]| attempts.iter().map(timeless).collect::<Vec<_>>();
            assert_eq!(comparable(&stored), comparable(&entry.attempts));
            for attempt in stored {
                let chunks = self.store.output(attempt.fence).unwrap();
                let output: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
                let printed = self.printed.get(&attempt.fence);
                assert_eq!(output, printed.map_or("", String::as_str).as_bytes());
            }
        }
    }
}

/// How long an attempt ran that nobody saw to its end is the store's guess.
fn timeless(attempt: &Attempt) -> Attempt {
    let mut attempt = attempt.clone();
    if let Some((_, ending)) = &mut attempt.ended
        && matches!(ending.outcome, Outcome::Stopped | Outcome::Crashed)
    {
        ending.exec_time = Duration::ZERO;
    }
    attempt
}
