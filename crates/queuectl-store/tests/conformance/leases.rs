//! Leases: where there are some, who isn't heard of for longer loses what it held; elsewhere nobody does.

use std::time::Duration;

use queuectl_domain::{Key, State};
use queuectl_store::{Claimed, GivenBack, StopMode, Store, StoreError};

use crate::hand::{Hand, a_worker, id, named, seconds, success};
use crate::scene::Scene;

const LEASE: Duration = seconds(15);

pub(crate) fn a_worker_has_a_lease_where_there_are_leases<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let given = store.register(&a_worker("w")).unwrap();
    assert_eq!(given, S::LEASES.then_some(LEASE));
    for (passed, left) in [(0, 15), (4, 11), (10, 1), (5, 0)] {
        scene.advance(seconds(passed));
        let known = store.workers().unwrap();
        assert_eq!(known[0].lease_left, S::LEASES.then_some(seconds(left)));
    }
}

pub(crate) fn a_lease_is_renewed_for_who_asks_for_it<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    scene.advance(seconds(6));
    hand.ask();
    assert_eq!(left(&mut hand), S::LEASES.then_some(seconds(9)));
    assert_eq!(renew(&mut hand), S::LEASES.then_some(LEASE));
    assert_eq!(left(&mut hand), S::LEASES.then_some(LEASE));
}

pub(crate) fn who_is_not_known_any_more_hears_it_when_it_renews_its_lease<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.unregister(&hand.id).unwrap();
    let refused = hand.store.renew(&hand.id);
    let is_told = matches!(refused, Err(StoreError::NoSuchWorker(_)));
    assert_eq!(is_told, S::LEASES);
}

pub(crate) fn a_lease_is_as_long_as_the_setting_says_and_never_made_shorter<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.set(Key::Lease, "60").unwrap();
    assert_eq!(renew(&mut hand), S::LEASES.then_some(seconds(60)));
    hand.store.set(Key::Lease, "5").unwrap();
    // Its answer may get lost, and the worker go on under the longer one.
    assert_eq!(renew(&mut hand), S::LEASES.then_some(seconds(5)));
    assert_eq!(left(&mut hand), S::LEASES.then_some(seconds(60)));
}

pub(crate) fn who_is_not_heard_of_for_longer_than_its_lease_is_rescued<S: Scene>() {
    let scene = S::new();
    let (mut gone, held) = holding(&scene);
    let mut other = Hand::new(&scene, "other");
    assert!(!other.ask().lapsed);
    scene.advance(LEASE);
    renew(&mut other);
    assert_eq!(other.ask().lapsed, S::LEASES);
    assert_eq!(other.turn(1, &[], &[], &[]).unwrap().lapsed, S::LEASES);
    let rescued = other.store.rescue_lapsed(&gone.id).unwrap();
    assert_eq!(rescued.is_some(), S::LEASES);
    let job = other.store.job(&id("a")).unwrap();
    if let Some(jobs) = rescued {
        let given_back = GivenBack {
            id: id("a"),
            life: job.life.clone(),
        };
        assert_eq!(jobs, [given_back]);
        assert_eq!(
            (job.life.state, job.life.attempts, job.life.crashes),
            (State::Pending, 0, 1)
        );
        let error = gone.turn(1, &[], &[], &[]).unwrap_err();
        assert!(matches!(error, StoreError::NoSuchWorker(_)));
        assert!(!other.ask().lapsed);
    } else {
        assert_eq!(job, held.job);
        assert_eq!(gone.settle(&held, success()).lost, []);
    }
    assert_eq!(other.store.rescue_lapsed(&gone.id).unwrap(), None);
}

pub(crate) fn who_has_renewed_its_lease_in_time_is_not_rescued<S: Scene>() {
    let scene = S::new();
    let (mut hand, held) = holding(&scene);
    let mut other = Hand::new(&scene, "other");
    for _ in 0..4 {
        scene.advance(seconds(10));
        renew(&mut hand);
        renew(&mut other);
        assert!(!other.ask().lapsed);
        assert_eq!(other.store.rescue_lapsed(&hand.id).unwrap(), None);
    }
    assert_eq!(other.store.job(&id("a")).unwrap(), held.job);
    assert_eq!(hand.settle(&held, success()).lost, []);
    assert_eq!(
        other.store.rescue_lapsed(&a_worker("nobody").id).unwrap(),
        None
    );
}

pub(crate) fn who_comes_back_late_but_before_others_keeps_what_it_held<S: Scene>() {
    let scene = S::new();
    let (mut hand, held) = holding(&scene);
    scene.advance(seconds(60));
    renew(&mut hand);
    let mut other = Hand::new(&scene, "other");
    assert_eq!(other.store.rescue_lapsed(&hand.id).unwrap(), None);
    assert_eq!(hand.settle(&held, success()).lost, []);
}

pub(crate) fn who_was_asked_to_stop_and_is_lost_stops_when_it_comes_back<S: Scene>() {
    let scene = S::new();
    let (gone, _) = holding(&scene);
    let mut store = scene.open();
    let asked = [gone.id.clone()];
    // Whether it is asked before it is lost, after, or both.
    for before in [Some(StopMode::Drain), Some(StopMode::Now), None] {
        for after in [Some(StopMode::Drain), None] {
            let mut hand = Hand::new(&scene, "holder");
            if let Some(mode) = before {
                store.request_stop(&asked, mode).unwrap();
            }
            scene.advance(LEASE);
            let lost = store.rescue_lapsed(&gone.id).unwrap().is_some();
            assert_eq!(lost, S::LEASES);
            let expected: &[_] = if S::LEASES { &asked } else { &[] };
            assert_eq!(store.lost_workers().unwrap(), expected);
            if let Some(mode) = after {
                store.request_stop(&asked, mode).unwrap();
            }
            store.register(&a_worker("holder")).unwrap();
            assert_eq!(hand.ask().stop, before.max(after));
            assert_eq!(store.lost_workers().unwrap(), []);
            store.unregister(&gone.id).unwrap();
            assert_eq!(store.workers().unwrap(), []);
        }
    }
}

pub(crate) fn who_is_lost_is_remembered_until_it_ends_or_a_month_has_passed<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let lose = |store: &mut dyn Store, name: &str| {
        store.register(&a_worker(name)).unwrap();
        scene.advance(LEASE);
        store.rescue_lapsed(&a_worker(name).id).unwrap();
    };
    let names = |store: &mut dyn Store| {
        let lost = store.lost_workers().unwrap();
        lost.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    lose(&mut *store, "a");
    store.unregister(&a_worker("a").id).unwrap();
    assert!(names(&mut *store).is_empty());
    lose(&mut *store, "b");
    scene.advance(seconds(29 * 24 * 3600));
    lose(&mut *store, "c");
    let expected: &[_] = if S::LEASES { &["b", "c"] } else { &[] };
    assert_eq!(names(&mut *store), expected);
    scene.advance(seconds(2 * 24 * 3600));
    lose(&mut *store, "d");
    let expected: &[_] = if S::LEASES { &["c", "d"] } else { &[] };
    assert_eq!(names(&mut *store), expected);
}

fn left(hand: &mut Hand) -> Option<Duration> {
    hand.store.workers().unwrap()[0].lease_left
}

/// Renews the lease; returns how long it holds.
fn renew(hand: &mut Hand) -> Option<Duration> {
    hand.store.renew(&hand.id).unwrap()
}

/// A worker that holds the new job `a`.
fn holding<S: Scene>(scene: &S) -> (Hand, Claimed) {
    let mut hand = Hand::new(scene, "holder");
    hand.store.enqueue(vec![named("a")]).unwrap();
    let held = hand.claim_one();
    (hand, held)
}
