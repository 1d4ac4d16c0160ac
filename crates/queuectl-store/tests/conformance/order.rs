//! Who is next: by effective priority, ties by creation.

use std::time::Duration;

use queuectl_domain::Ending;

use crate::hand::{Hand, With, claimed_names, failure, id, named, seconds};
use crate::scene::Scene;

pub(crate) fn the_most_urgent_job_is_next_and_the_older_of_two<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![
            named("b-low").priority(1),
            named("z-high").priority(10),
            named("a-high").priority(10),
            named("middle"),
        ])
        .unwrap();
    let order = ["z-high", "a-high", "middle", "b-low"];
    assert_eq!(claimed_names(&hand.claim(1)), order[..1]);
    assert_eq!(claimed_names(&hand.claim(9)), order[1..]);
}

pub(crate) fn a_minute_of_waiting_is_worth_one_of_priority<S: Scene>() {
    let three_minutes = seconds(180);
    let blink = Duration::from_micros(1);
    assert_eq!(first_after::<S>(three_minutes), "waits");
    assert_eq!(first_after::<S>(three_minutes + blink), "waits");
    assert_eq!(first_after::<S>(three_minutes - blink), "fresh");
}

/// Who is first: a job of priority 5 that has waited so long, or a fresh one of priority 8?
fn first_after<S: Scene>(wait: Duration) -> String {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("waits").priority(5)])
        .unwrap();
    scene.advance(wait);
    hand.store
        .enqueue(vec![named("fresh").priority(8)])
        .unwrap();
    // The order doesn't depend on when it is asked for.
    scene.advance(seconds(1_000));
    hand.claim_one().job.spec.id.to_string()
}

pub(crate) fn a_retry_waits_from_when_it_is_due<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let patient = named("retry").backoff_base(100);
    hand.store.enqueue(vec![patient]).unwrap();
    hand.run(failure());
    scene.advance(seconds(99));
    hand.store.enqueue(vec![named("before")]).unwrap();
    scene.advance(seconds(2));
    hand.store.enqueue(vec![named("after")]).unwrap();
    assert_eq!(claimed_names(&hand.claim(3)), ["before", "retry", "after"]);
}

pub(crate) fn of_several_that_are_due_the_most_urgent_is_next<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    for (name, priority) in [("low", 1), ("middle", 5), ("high", 10)] {
        let new = named(name).priority(priority);
        hand.store.enqueue(vec![new]).unwrap();
        hand.run(failure());
        scene.advance(Duration::from_millis(10));
    }
    scene.advance(seconds(2));
    hand.store
        .enqueue(vec![named("fresh").priority(9)])
        .unwrap();
    let order: Vec<_> = (0..4)
        .map(|_| hand.claim_one().job.spec.id.clone())
        .collect();
    assert_eq!(order, crate::hand::ids(&["high", "fresh", "middle", "low"]));
}

pub(crate) fn hundreds_that_are_due_at_once_all_have_their_turn<S: Scene>() {
    const MANY: usize = 300;
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![crate::hand::unnamed(); MANY])
        .unwrap();
    let claimed = hand.claim(MANY);
    let settled: Vec<_> = claimed
        .iter()
        .map(|one| crate::hand::settled(one, failure(), vec![]))
        .collect();
    hand.turn(0, &settled, &[], &[]).unwrap();
    hand.store.enqueue(vec![named("late")]).unwrap();
    scene.advance(seconds(2));
    let mut again = Vec::new();
    loop {
        let reply = hand.turn(7, &[], &[], &[]).unwrap();
        again.extend(reply.claimed.into_iter().map(|one| one.job.spec.id.clone()));
        assert_eq!(reply.more, again.len() <= MANY, "after {}", again.len());
        if !reply.more {
            break;
        }
    }
    let mut expected = vec![id("late")];
    expected.extend(claimed.into_iter().map(|one| one.job.spec.id.clone()));
    assert_eq!(again, expected);
}

pub(crate) fn a_job_given_back_has_its_old_place<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("first")]).unwrap();
    scene.advance(seconds(1));
    hand.store.enqueue(vec![named("second")]).unwrap();
    scene.advance(seconds(1));
    hand.run(Ending::stopped(seconds(1)));
    assert_eq!(claimed_names(&hand.claim(2)), ["first", "second"]);
}

pub(crate) fn a_job_retried_by_hand_waits_anew<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("dead")]).unwrap();
    hand.store.bury(&id("dead"), None).unwrap();
    scene.advance(seconds(1));
    hand.store.enqueue(vec![named("waiting")]).unwrap();
    scene.advance(seconds(1));
    let all = queuectl_store::Selection::AllDead;
    hand.store.retry(&all, None).unwrap();
    assert_eq!(claimed_names(&hand.claim(2)), ["waiting", "dead"]);
}
