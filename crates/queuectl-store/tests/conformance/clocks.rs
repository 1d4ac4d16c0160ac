//! The clock jumps: nobody waits for a time that was wrong, and nobody loses its place.

use queuectl_domain::{Ending, Outcome, Timestamp};
use queuectl_store::Store;

use crate::hand::{Hand, With, claimed_names, failure, id, named, seconds};
use crate::scene::Scene;

const HOUR: u64 = 3600;
const YEAR: u64 = 365 * 24 * HOUR;

/// Sets the clock back.
fn set_back<S: Scene>(scene: &S, store: &mut dyn Store, by: u64) {
    let now = store.now().unwrap();
    let by = i64::try_from(by).unwrap() * 1_000_000;
    scene.set(Timestamp(now.0 - by));
}

pub(crate) fn a_retry_waits_no_longer_when_the_clock_is_set_back<S: Scene>() {
    for by in [HOUR, YEAR] {
        let scene = S::new();
        let mut hand = Hand::new(&scene, "w");
        hand.store.enqueue(vec![named("a")]).unwrap();
        hand.run(failure());
        set_back(&scene, &mut *hand.store, by);
        assert_eq!(hand.ask().due_in, Some(seconds(2)));
        scene.advance(seconds(2));
        assert_eq!(hand.claim_one().job.spec.id, id("a"));
    }
}

pub(crate) fn a_clock_can_be_set_back_again<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a")]).unwrap();
    hand.run(failure());
    for by in [YEAR, HOUR] {
        set_back(&scene, &mut *hand.store, by);
        assert_eq!(hand.ask().due_in, Some(seconds(2)));
    }
}

pub(crate) fn a_worker_that_begins_after_the_clock_was_set_back_sees_it<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("a"), named("b").priority(1)])
        .unwrap();
    hand.run(failure());
    hand.store.unregister(&hand.id).unwrap();
    set_back(&scene, &mut *hand.store, YEAR);
    let mut hand = Hand::new(&scene, "new");
    assert_eq!(hand.ask().due_in, Some(seconds(2)));
    scene.advance(seconds(1));
    hand.store
        .enqueue(vec![named("newcomer").priority(1)])
        .unwrap();
    assert_eq!(claimed_names(&hand.claim(9)), ["b", "newcomer"]);
}

pub(crate) fn who_waited_before_the_clock_was_set_back_is_before_newcomers<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("first"), named("second")])
        .unwrap();
    set_back(&scene, &mut *hand.store, YEAR);
    hand.ask();
    let now = hand.store.now().unwrap();
    assert_eq!(hand.store.job(&id("first")).unwrap().life.ready_at, now);
    scene.advance(seconds(1));
    hand.store.enqueue(vec![named("newcomer")]).unwrap();
    let order = ["first", "second", "newcomer"];
    assert_eq!(claimed_names(&hand.claim(9)), order);
}

pub(crate) fn a_job_given_back_after_the_clock_was_set_back_is_before_newcomers<S: Scene>() {
    for outcome in [Outcome::Stopped, Outcome::Crashed] {
        let scene = S::new();
        let mut hand = Hand::new(&scene, "w");
        hand.store.enqueue(vec![named("given-back")]).unwrap();
        let claimed = hand.claim_one();
        set_back(&scene, &mut *hand.store, YEAR);
        hand.ask();
        hand.settle(
            &claimed,
            if outcome == Outcome::Stopped {
                Ending::stopped(seconds(1))
            } else {
                Ending::crashed(seconds(1))
            },
        );
        scene.advance(seconds(1));
        hand.store.enqueue(vec![named("newcomer")]).unwrap();
        assert_eq!(claimed_names(&hand.claim(9)), ["given-back", "newcomer"]);
    }
}

pub(crate) fn a_clock_set_forward_brings_a_retry_once<S: Scene>() {
    for by in [HOUR, YEAR] {
        let scene = S::new();
        let mut hand = Hand::new(&scene, "w");
        hand.store.enqueue(vec![named("a")]).unwrap();
        hand.run(failure());
        scene.advance(seconds(by));
        hand.run(failure());
        assert_eq!(hand.claim(1), []);
        assert_eq!(hand.ask().due_in, Some(seconds(4)));
    }
}

pub(crate) fn the_jobs_of_who_is_gone_wait_no_longer_when_the_clock_is_set_back<S: Scene>() {
    // The clock is seen to have been set back by one that was there before, or by one that comes.
    for comes in [false, true] {
        let scene = S::new();
        let mut gone = Hand::new(&scene, "gone");
        gone.store.enqueue(vec![named("a")]).unwrap();
        gone.claim_one();
        let mut other = Hand::new(&scene, "other");
        set_back(&scene, &mut *other.store, HOUR);
        if comes {
            other = Hand::new(&scene, "new");
        }
        other.ask();
        scene.advance(seconds(14));
        assert_eq!(other.store.rescue_lapsed(&gone.id).unwrap(), None);
        scene.advance(seconds(1));
        other.store.renew(&other.id).unwrap();
        let rescued = other.store.rescue_lapsed(&gone.id).unwrap();
        assert_eq!(rescued.is_some(), S::LEASES);
    }
}

pub(crate) fn who_lives_keeps_its_lease_when_the_clock_is_set_back<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.set(queuectl_domain::Key::Lease, "60").unwrap();
    let mut hand = Hand::new(&scene, "w");
    // It may not have heard that it has a shorter one from now on.
    store.set(queuectl_domain::Key::Lease, "5").unwrap();
    scene.advance(seconds(20));
    hand.store.renew(&hand.id).unwrap();
    for renews in [true, false] {
        set_back(&scene, &mut *store, HOUR);
        if renews {
            hand.store.renew(&hand.id).unwrap();
        }
        hand.ask();
        let left = store.workers().unwrap()[0].lease_left;
        assert_eq!(left, S::LEASES.then_some(seconds(40)));
    }
}
