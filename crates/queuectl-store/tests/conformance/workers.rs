//! Workers: known from register to unregister, heard of in every turn, asked to stop.

use std::time::Duration;

use queuectl_domain::{Outcome, State};
use queuectl_store::{StartTrouble, StopMode, StoreError, Worker, WorkerInfo};

use crate::hand::{Hand, a_worker, counts, id, named, seconds, unnamed};
use crate::scene::Scene;

pub(crate) fn a_worker_is_known_as_it_made_itself_known<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    assert_eq!(store.workers().unwrap(), []);
    store.register(&a_worker("w-1")).unwrap();
    let now = store.now().unwrap();
    let known = WorkerInfo {
        worker: a_worker("w-1"),
        running: 0,
        started_at: now,
        heartbeat_at: now,
        stop: None,
        trouble: None,
        lease_left: S::LEASES.then_some(seconds(15)),
        store: store.file().map(|file| file.identity),
    };
    assert_eq!(known.store.is_none(), S::LEASES);
    assert_eq!(scene.open().workers().unwrap(), [known]);
}

pub(crate) fn a_name_that_another_process_has_is_refused<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a")]).unwrap();
    let claimed = hand.claim(1);
    let known = hand.store.workers().unwrap();
    let same = a_worker("w");
    let twins = [
        Worker {
            pid: 7,
            ..same.clone()
        },
        Worker {
            pid_started: 7,
            ..same.clone()
        },
        Worker {
            machine: "another".into(),
            ..same.clone()
        },
    ];
    let mut other = scene.open();
    for twin in twins {
        let refused = other.register(&twin);
        let id = &twin.id;
        assert!(matches!(refused, Err(StoreError::WorkerExists(taken)) if taken == *id));
    }
    assert_eq!(hand.store.workers().unwrap(), known, "it is as it was");
    // One that isn't sure whether it was heard says it again.
    hand.store.register(&same).unwrap();
    hand.settle(&claimed[0], crate::hand::success());
    assert_eq!(
        hand.store.job(&id("a")).unwrap().life.state,
        State::Completed
    );
}

pub(crate) fn workers_are_listed_longest_running_first<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    for name in ["z", "a", "m"] {
        store.register(&a_worker(name)).unwrap();
        scene.advance(Duration::from_millis(1));
    }
    let workers = store.workers().unwrap();
    let names: Vec<_> = workers.iter().map(|info| info.worker.id.as_str()).collect();
    assert_eq!(names, ["z", "a", "m"]);
}

pub(crate) fn a_worker_is_heard_of_in_every_turn<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let started_at = hand.store.now().unwrap();
    for _ in 0..3 {
        scene.advance(seconds(60));
        hand.ask();
        let info = &hand.store.workers().unwrap()[0];
        assert_eq!(info.heartbeat_at, hand.store.now().unwrap());
        assert_eq!(info.started_at, started_at);
    }
}

pub(crate) fn a_worker_runs_as_many_jobs_as_it_holds<S: Scene>() {
    let scene = S::new();
    let mut one = Hand::new(&scene, "one");
    scene.advance(seconds(1));
    let mut two = Hand::new(&scene, "two");
    one.store.enqueue(vec![unnamed(); 3]).unwrap();
    let claimed = one.claim(2);
    two.claim(2);
    let mut running = || {
        let workers = two.store.workers().unwrap();
        workers.iter().map(|info| info.running).collect::<Vec<_>>()
    };
    assert_eq!(running(), [2, 1]);
    one.settle(&claimed[0], crate::hand::success());
    assert_eq!(running(), [1, 1]);
}

pub(crate) fn a_worker_hears_in_its_next_turn_that_it_is_to_stop<S: Scene>() {
    let scene = S::new();
    let mut one = Hand::new(&scene, "one");
    let mut two = Hand::new(&scene, "two");
    let mut store = scene.open();
    assert_eq!(one.ask().stop, None);
    let asked = &[one.id.clone()];
    store.request_stop(asked, StopMode::Drain).unwrap();
    assert_eq!(one.ask().stop, Some(StopMode::Drain));
    assert_eq!(one.ask().stop, Some(StopMode::Drain), "it is said again");
    store.request_stop(asked, StopMode::Now).unwrap();
    assert_eq!(one.ask().stop, Some(StopMode::Now));
    assert_eq!(two.ask().stop, None);
}

pub(crate) fn a_stop_at_once_is_not_taken_back_by_asking_for_less<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let mut store = scene.open();
    for mode in [StopMode::Now, StopMode::Drain] {
        store.request_stop(&[hand.id.clone()], mode).unwrap();
        assert_eq!(hand.ask().stop, Some(StopMode::Now));
        let known = store.workers().unwrap();
        assert_eq!(known[0].stop, Some(StopMode::Now));
    }
}

pub(crate) fn a_worker_that_makes_itself_known_again_is_to_stop_still<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let asked = [hand.id.clone()];
    hand.store.request_stop(&asked, StopMode::Drain).unwrap();
    hand.store.register(&a_worker("w")).unwrap();
    assert_eq!(hand.ask().stop, Some(StopMode::Drain));
}

pub(crate) fn unknown_workers_are_passed_over_when_others_are_asked_to_stop<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let nobody = a_worker("nobody").id;
    let asked = [nobody.clone(), hand.id.clone()];
    hand.store.request_stop(&asked, StopMode::Drain).unwrap();
    hand.store.request_stop(&[], StopMode::Now).unwrap();
    assert_eq!(hand.ask().stop, Some(StopMode::Drain));
    assert_eq!(hand.store.workers().unwrap().len(), 1);
}

pub(crate) fn a_worker_asked_to_stop_gets_nothing_new<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("one"), named("two")])
        .unwrap();
    let claimed = hand.claim_one();
    let asked = [hand.id.clone()];
    hand.store.request_stop(&asked, StopMode::Drain).unwrap();
    let done = crate::hand::settled(&claimed, crate::hand::success(), vec![]);
    let reply = hand.turn(4, &[done], &[], &[]).unwrap();
    assert_eq!((reply.claimed, reply.lost), (vec![], vec![]));
    let one = hand.store.job(&id("one")).unwrap();
    assert_eq!(one.life.state, State::Completed);
}

pub(crate) fn a_worker_that_can_start_no_jobs_is_known_to_since_it_said_so<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let since = hand.store.now().unwrap();
    let known = |reason: &str| {
        let reason = reason.to_owned();
        Some(StartTrouble { reason, since })
    };
    let mut store = scene.open();
    let mut say = |reason| {
        hand.store.set_trouble(&hand.id, reason).unwrap();
        scene.advance(seconds(5));
        store.workers().unwrap().remove(0).trouble
    };
    assert_eq!(say(Some("no `memory`\0: ÿ")), known("no `memory`\0: ÿ"));
    assert_eq!(say(Some("no room")), known("no room"), "it goes on");
    assert_eq!(say(None), None);
    assert_eq!(say(None), None);
    let again = say(Some("no room")).unwrap();
    assert_eq!(again.since, since.after(seconds(20)));
}

pub(crate) fn a_worker_that_makes_itself_known_can_start_jobs<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let other = Hand::new(&scene, "other");
    hand.store.set_trouble(&hand.id, Some("no room")).unwrap();
    let nobody = a_worker("nobody").id;
    hand.store.set_trouble(&nobody, Some("no room")).unwrap();
    let unable = |hand: &mut Hand| {
        let known = hand.store.workers().unwrap().into_iter();
        let unable = known.filter(|info| info.trouble.is_some());
        let ids: Vec<_> = unable.map(|info| info.worker.id).collect();
        ids
    };
    assert_eq!(unable(&mut hand), [hand.id.clone()]);
    hand.store.register(&a_worker("w")).unwrap();
    assert_eq!(unable(&mut hand), []);
    drop(other);
}

pub(crate) fn a_worker_that_ends_gives_its_jobs_back<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let mut other = Hand::new(&scene, "other");
    let batch = ["a", "b", "c"].map(named).to_vec();
    hand.store.enqueue(batch).unwrap();
    let held = hand.claim(2);
    let others = other.claim_one();
    scene.advance(seconds(3));
    let mut store = scene.open();
    store.unregister(&hand.id).unwrap();

    for claimed in &held {
        let job = store.job(&claimed.job.spec.id).unwrap();
        assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
        assert_eq!((job.life.crashes, job.life.claim), (0, None));
        let attempts = store.attempts(&job.spec.id).unwrap();
        assert_eq!(attempts.len(), 1);
        let (at, ending) = attempts[0].ended.clone().unwrap();
        assert_eq!(at, store.now().unwrap());
        assert_eq!(ending.outcome, Outcome::Stopped);
    }
    assert_eq!(store.job(&others.job.spec.id).unwrap(), others.job);
    assert_eq!(counts(&mut *store).of(State::Pending), 2);
    let known = store.workers().unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].worker.id, other.id);
    let error = hand.turn(1, &[], &[], &[]).unwrap_err();
    assert!(matches!(error, StoreError::NoSuchWorker(_)));
    assert_eq!(other.claim(9).len(), 2);
}
