//! What the model knows, beside the store that must know the same.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use queuectl_domain::{
    Attempt, Ending, Event, Fence, Job, JobId, Key, NewJob, Settings, State, Timeout, Timestamp,
};
use queuectl_store::{Clear, Existing, GivenBack, Selection, StopMode, Store, StoreError, Ticket};

use super::step::{Step, WORKERS};
use crate::hand::{Hand, id};
use crate::scene::Scene;

/// What a job prints at a time.
pub(super) const MORE: &str = "some more\n";

/// The store, and the model of it.
pub(super) struct Known<'a, S> {
    scene: &'a S,
    pub(super) store: Box<dyn Store>,
    pub(super) workers: Vec<Worker>,
    registered: usize,
    zombie: Option<Hand>,
    pub(super) settings: Settings,
    /// In the order of creation.
    pub(super) jobs: Vec<Entry>,
    /// All ids that there have been.
    pub(super) ids: HashSet<JobId>,
    pub(super) last_fence: Fence,
    /// The numbers of the batch that was added last, and how many batches there have been.
    batch: RangeInclusive<i64>,
    batches: usize,
    /// What each claim has printed.
    pub(super) printed: HashMap<Fence, String>,
    /// A claim that has been settled.
    pub(super) old_ticket: Option<Ticket>,
    /// How many claims turned out to be lost.
    pub(super) lost: usize,
}

pub(super) struct Worker {
    pub(super) hand: Hand,
    /// What it believes to hold.
    pub(super) held: Vec<Ticket>,
    pub(super) stop: Option<StopMode>,
}

pub(super) struct Entry {
    pub(super) job: Job,
    pub(super) attempts: Vec<Attempt>,
    /// With which others it was added.
    batch: usize,
}

impl<'a, S: Scene> Known<'a, S> {
    pub(super) fn new(scene: &'a S) -> Self {
        let mut known = Self {
            scene,
            store: scene.open(),
            workers: Vec::new(),
            registered: 0,
            zombie: None,
            settings: Settings::default(),
            jobs: Vec::new(),
            ids: HashSet::new(),
            last_fence: Fence(i64::MIN),
            batch: RangeInclusive::new(1, 0),
            batches: 0,
            printed: HashMap::new(),
            old_ticket: None,
            lost: 0,
        };
        for _ in 0..WORKERS {
            let worker = known.new_worker();
            known.workers.push(worker);
        }
        known
    }

    fn new_worker(&mut self) -> Worker {
        self.registered += 1;
        let hand = Hand::new(self.scene, &format!("w-{}", self.registered));
        Worker {
            hand,
            held: Vec::new(),
            stop: None,
        }
    }

    /// Does one thing to both.
    pub(super) fn play(&mut self, step: &Step) {
        let now = self.store.now().unwrap();
        match step {
            Step::Pass(time) => self.scene.advance(*time),
            Step::Enqueue(jobs, existing) => self.enqueue(jobs, *existing, now),
            Step::Withdraw => self.withdraw(),
            Step::Turn(told) => self.turn(told, now),
            Step::Sync(worker) => self.workers[*worker].hand.store.sync().unwrap(),
            Step::Stop(worker, mode) => self.ask_to_stop(*worker, *mode),
            Step::Reopen => self.reopen(),
            Step::Retry(which) => {
                let picked: HashSet<_> = which.iter().map(|&number| self.pick(number)).collect();
                self.retry(picked.into_iter().collect(), now);
            }
            Step::RetryAll(timeout) => self.retry_all(*timeout, now),
            Step::Bury(number, reason) => self.bury(*number, reason.clone(), now),
            Step::StopJob(number, reason) => self.stop_job(*number, reason.clone(), now),
            Step::Remove(number) => self.remove(*number),
            Step::Clear(what) => self.clear(*what),
            Step::Rescue { worker, begun } => self.rescue(*worker, *begun, now),
            Step::Unregister(worker) => self.unregister(*worker, now),
            Step::Zombie => {
                if let Some(zombie) = &mut self.zombie {
                    let error = zombie.turn(3, &[], &[], &[]).unwrap_err();
                    assert!(matches!(error, StoreError::NoSuchWorker(_)), "{error}");
                }
            }
            Step::Set(key, value) => self.set(*key, value),
        }
    }

    fn enqueue(&mut self, jobs: &[NewJob], existing: Existing, now: Timestamp) {
        let mut taken: HashSet<_> = self
            .jobs
            .iter()
            .map(|entry| entry.job.spec.id.clone())
            .collect();
        let (new, old): (Vec<_>, Vec<_>) = jobs
            .iter()
            .partition(|job| job.id.clone().is_none_or(|id| taken.insert(id)));
        let batch = match self.store.enqueue_batch(jobs.to_vec(), existing) {
            Ok(batch) => batch,
            Err(StoreError::JobExists(id)) => {
                assert_eq!(existing, Existing::Refused);
                assert!(old.iter().any(|job| job.id.as_ref() == Some(&id)));
                return;
            }
            Err(error) => panic!("{error}"),
        };
        assert!(old.is_empty() || existing == Existing::Skipped);
        assert_eq!(batch.ids.len(), new.len());
        self.batch = batch.numbers;
        self.batches += 1;
        for (id, new) in batch.ids.into_iter().zip(new) {
            let seen = !self.ids.insert(id.clone());
            match &new.id {
                Some(given) => assert_eq!(&id, given),
                None => assert!(!seen, "id {id} was made twice"),
            }
            self.jobs.push(Entry {
                job: Job::new(id, new.clone(), now),
                attempts: Vec::new(),
                batch: self.batches,
            });
        }
    }

    fn withdraw(&mut self) {
        let withdrawn = self.store.withdraw(self.batch.clone()).unwrap();
        let before = self.jobs.len();
        let last = self.batches;
        self.jobs
            .retain(|entry| entry.batch != last || !entry.job.life.is_untouched());
        assert_eq!(withdrawn, (before - self.jobs.len()) as u64);
    }

    fn retry(&mut self, which: Vec<JobId>, now: Timestamp) {
        let places: Vec<_> = which.iter().map(|id| self.place(id)).collect();
        let dead = |place: &Option<usize>| {
            place.is_some_and(|place| self.jobs[place].job.life.state == State::Dead)
        };
        let all_dead = places.iter().all(dead);
        match self.store.retry(&Selection::Jobs(which.clone()), None) {
            Ok(ids) => {
                assert!(all_dead);
                assert_eq!(ids, which);
                for place in places.into_iter().flatten() {
                    self.apply(place, Event::Retry, now);
                }
            }
            Err(StoreError::NoSuchJob(_)) => assert!(places.contains(&None)),
            Err(StoreError::Refused { .. }) => assert!(!all_dead),
            Err(error) => panic!("{error}"),
        }
    }

    fn retry_all(&mut self, timeout: Option<Timeout>, now: Timestamp) {
        let retried = self.store.retry(&Selection::AllDead, timeout).unwrap();
        let places: Vec<_> = (0..self.jobs.len())
            .filter(|&place| self.jobs[place].job.life.state == State::Dead)
            .collect();
        let ids: Vec<_> = places
            .iter()
            .map(|&place| self.jobs[place].job.spec.id.clone())
            .collect();
        assert_eq!(retried, ids);
        for place in places {
            self.apply(place, Event::Retry, now);
            if let Some(timeout) = timeout {
                let job = &mut self.jobs[place].job;
                Arc::make_mut(&mut job.spec).rules.timeout = timeout;
            }
        }
    }

    fn bury(&mut self, number: usize, reason: Option<String>, now: Timestamp) {
        let id = self.pick(number);
        let buried = self.store.bury(&id, reason.clone());
        let Some(place) = self.place(&id) else {
            assert!(matches!(buried, Err(StoreError::NoSuchJob(_))));
            return;
        };
        if self.jobs[place].job.life.state.is_waiting() {
            buried.unwrap();
            self.apply(place, Event::Bury { reason }, now);
        } else {
            assert!(matches!(buried, Err(StoreError::Refused { .. })));
        }
    }

    fn stop_job(&mut self, number: usize, reason: Option<String>, now: Timestamp) {
        let id = self.pick(number);
        let stopped = self.store.stop_job(&id, reason.clone());
        let Some(place) = self.place(&id) else {
            assert!(matches!(stopped, Err(StoreError::NoSuchJob(_))));
            return;
        };
        match self.jobs[place].job.life.claim.as_ref() {
            Some(claim) => {
                assert_eq!(stopped.unwrap(), claim.fence);
                self.apply(place, Event::Stop { reason }, now);
            }
            None => assert!(matches!(stopped, Err(StoreError::Refused { .. }))),
        }
    }

    fn remove(&mut self, number: usize) {
        let id = self.pick(number);
        let removed = self.store.remove(&id);
        let Some(place) = self.place(&id) else {
            assert!(matches!(removed, Err(StoreError::NoSuchJob(_))));
            return;
        };
        if self.jobs[place].job.life.state == State::Processing {
            assert!(matches!(removed, Err(StoreError::Refused { .. })));
        } else {
            removed.unwrap();
            self.jobs.remove(place);
        }
    }

    fn clear(&mut self, what: Clear) {
        let count = |jobs: &[Entry], state| {
            jobs.iter()
                .filter(|entry| entry.job.life.state == state)
                .count() as u64
        };
        let running = count(&self.jobs, State::Processing);
        match (what, self.store.clear(what)) {
            (Clear::All { force: false }, Err(StoreError::BeingProcessed(count))) => {
                assert_eq!(count, running);
                assert!(running > 0);
            }
            (Clear::Dead, cleared) => {
                assert_eq!(cleared.unwrap(), count(&self.jobs, State::Dead));
                self.jobs
                    .retain(|entry| entry.job.life.state != State::Dead);
            }
            (Clear::All { force }, cleared) => {
                assert!(force || running == 0);
                assert_eq!(cleared.unwrap(), self.jobs.len() as u64);
                self.jobs.clear();
            }
        }
    }

    fn rescue(&mut self, number: usize, begun: Option<usize>, now: Timestamp) {
        let mut gone = self.replace(number);
        let held = self.held_by(&gone);
        let fence = |place: &usize| self.jobs[*place].job.life.claim.as_ref().unwrap().fence;
        let begun: Option<Vec<_>> = begun.map(|most| held.iter().take(most).map(fence).collect());
        let rescued = self.store.rescue(&gone.id, begun.as_deref()).unwrap();
        assert_eq!(rescued.len(), held.len());
        for place in held {
            let fence = self.jobs[place].job.life.claim.as_ref().unwrap().fence;
            if begun.as_ref().is_none_or(|begun| begun.contains(&fence)) {
                let worker = gone.id.clone();
                let ending = Ending::crashed(Duration::ZERO);
                self.end(place, Event::Crash { worker }, ending, now);
            } else {
                self.release(place, fence, now);
            }
            let Job { spec, life } = self.jobs[place].job.clone();
            let id = spec.id.clone();
            assert!(rescued.contains(&GivenBack { id, life }));
        }
        assert_eq!(gone.store.rescue(&gone.id, None).unwrap(), []);
        self.zombie = Some(gone);
    }

    fn unregister(&mut self, number: usize, now: Timestamp) {
        let gone = self.replace(number);
        self.store.unregister(&gone.id).unwrap();
        for place in self.held_by(&gone) {
            let claim = self.jobs[place].job.life.claim.clone().unwrap();
            let ending = Ending::stopped(Duration::ZERO);
            let settle = Event::Settle {
                fence: claim.fence,
                ending: ending.clone(),
            };
            self.end(place, settle, ending, now);
        }
        self.zombie = Some(gone);
    }

    fn ask_to_stop(&mut self, number: usize, mode: StopMode) {
        let worker = &mut self.workers[number];
        let asked = std::slice::from_ref(&worker.hand.id);
        self.store.request_stop(asked, mode).unwrap();
        worker.stop = worker.stop.max(Some(mode));
    }

    fn reopen(&mut self) {
        self.store = self.scene.open();
        for worker in &mut self.workers {
            worker.hand.store = self.scene.open();
        }
    }

    fn set(&mut self, key: Key, value: &str) {
        let set = self.store.set(key, value);
        let expected = self.settings.set(key, value);
        assert_eq!(set.is_ok(), expected.is_ok(), "{key} = {value}");
    }

    // ------------------------------------------------------------ the model's own

    /// Another worker in the place of this one, which is gone.
    fn replace(&mut self, number: usize) -> Hand {
        let new = self.new_worker();
        std::mem::replace(&mut self.workers[number], new).hand
    }

    /// The id of a job, or one that doesn't exist if there are none.
    fn pick(&self, number: usize) -> JobId {
        match self.jobs.len() {
            0 => id("nothing"),
            len => self.jobs[number % len].job.spec.id.clone(),
        }
    }

    pub(super) fn place(&self, id: &JobId) -> Option<usize> {
        self.jobs.iter().position(|entry| entry.job.spec.id == *id)
    }

    pub(super) fn running_under(&self, fence: Fence) -> Option<usize> {
        let holds =
            |entry: &Entry| entry.job.life.claim.as_ref().map(|claim| claim.fence) == Some(fence);
        self.jobs.iter().position(holds)
    }

    pub(super) fn held_by(&self, hand: &Hand) -> Vec<usize> {
        let holds = |place: &usize| {
            let claim = self.jobs[*place].job.life.claim.as_ref();
            claim.is_some_and(|claim| claim.worker == hand.id)
        };
        (0..self.jobs.len()).filter(holds).collect()
    }

    pub(super) fn is_ready(&self, place: usize, now: Timestamp) -> bool {
        let job = &self.jobs[place].job;
        job.life.state == State::Pending || self.is_due(place, now)
    }

    pub(super) fn is_due(&self, place: usize, now: Timestamp) -> bool {
        let job = &self.jobs[place].job;
        job.life.state == State::Failed && job.life.ready_at <= now
    }

    pub(super) fn apply(&mut self, place: usize, event: Event, now: Timestamp) {
        let job = &mut self.jobs[place].job;
        let (rules, policy) = (&job.spec.rules, &self.settings.policy);
        job.life = job.life.apply(rules, event, policy, now).unwrap();
    }

    pub(super) fn release(&mut self, place: usize, fence: Fence, now: Timestamp) {
        self.apply(place, Event::Release { fence }, now);
        self.jobs[place].attempts.pop();
    }

    pub(super) fn end(&mut self, place: usize, event: Event, ending: Ending, now: Timestamp) {
        self.apply(place, event, now);
        let attempt = self.jobs[place].attempts.last_mut().unwrap();
        attempt.ended = Some((now, ending));
    }
}
