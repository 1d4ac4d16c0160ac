//! Deleting: what is gone is gone whole, and what is being processed stays unless forced.

use queuectl_domain::{State, TransitionError, Verb};
use queuectl_store::{Clear, ErrorKind, StoreError};

use crate::hand::{Hand, all, counts, failure, id, named, names, seconds, success};
use crate::scene::Scene;

pub(crate) fn a_removed_job_is_gone_with_all_that_is_known_of_it<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a"), named("b")]).unwrap();
    hand.run(failure());
    hand.store.remove(&id("a")).unwrap();
    assert_eq!(names(&all(&mut *hand.store)), ["b"]);
    assert_eq!(counts(&mut *hand.store).total(), 1);

    hand.store.enqueue(vec![named("a")]).unwrap();
    assert_eq!(hand.store.attempts(&id("a")).unwrap(), []);
    let job = hand.store.job(&id("a")).unwrap();
    assert_eq!((job.life.attempts, job.life.last_error), (0, None));
}

pub(crate) fn a_job_in_any_state_but_processing_can_be_removed<S: Scene>() {
    let scene = S::new();
    let mut hand = with_all_states(&scene);
    for name in ["pending", "completed", "failed", "dead"] {
        hand.store.remove(&id(name)).unwrap();
        counts(&mut *hand.store);
    }
    assert_eq!(names(&all(&mut *hand.store)), ["processing"]);
    scene.advance(seconds(1_000));
    assert_eq!(hand.claim(9), [], "what is removed doesn't run");
}

pub(crate) fn a_job_that_is_processed_is_not_removed<S: Scene>() {
    let scene = S::new();
    let mut hand = with_all_states(&scene);
    let seen = all(&mut *hand.store);
    let error = hand.store.remove(&id("processing")).unwrap_err();
    let wrong_state = TransitionError::WrongState {
        state: State::Processing,
        verb: Verb::Remove,
    };
    assert!(matches!(&error, StoreError::Refused { refusal, .. } if *refusal == wrong_state));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(all(&mut *hand.store), seen);
}

pub(crate) fn the_dead_can_be_cleared_while_others_are_processed<S: Scene>() {
    let scene = S::new();
    let mut hand = with_all_states(&scene);
    assert_eq!(hand.store.clear(Clear::Dead).unwrap(), 1);
    let left = ["processing", "pending", "failed", "completed"];
    assert_eq!(names(&all(&mut *hand.store)), left);
    counts(&mut *hand.store);
    assert_eq!(hand.store.clear(Clear::Dead).unwrap(), 0);
}

pub(crate) fn all_are_cleared_if_none_is_processed<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a"), named("b")]).unwrap();
    hand.run(success());
    let all_jobs = Clear::All { force: false };
    assert_eq!(hand.store.clear(all_jobs).unwrap(), 2);
    assert_eq!(counts(&mut *hand.store).total(), 0);
    assert_eq!(hand.store.clear(all_jobs).unwrap(), 0);
    assert_eq!(hand.ask().unfinished, 0);
    hand.store.enqueue(vec![named("a")]).unwrap();
    hand.run(success());
}

pub(crate) fn nothing_is_cleared_while_jobs_are_processed<S: Scene>() {
    let scene = S::new();
    let mut hand = with_all_states(&scene);
    let seen = all(&mut *hand.store);
    let error = hand.store.clear(Clear::All { force: false }).unwrap_err();
    assert!(matches!(error, StoreError::BeingProcessed(1)));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(all(&mut *hand.store), seen);
    counts(&mut *hand.store);
}

pub(crate) fn all_are_cleared_by_force_and_their_workers_hear_of_it<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a"), named("b")]).unwrap();
    let held = hand.claim_one();
    let cleared = scene.open().clear(Clear::All { force: true }).unwrap();
    assert_eq!(cleared, 2);
    assert_eq!(counts(&mut *hand.store).total(), 0);
    assert_eq!(hand.store.workers().unwrap()[0].running, 0);
    let reply = hand.turn(1, &[], &[], &[held.ticket]).unwrap();
    assert_eq!(reply.lost, [held.ticket.fence]);
    assert_eq!((reply.claimed, reply.unfinished), (vec![], 0));
    assert_eq!(hand.store.settings().unwrap(), reply.settings);
}

pub(crate) fn completed_jobs_are_forgotten_those_that_ended_first_and_no_more_than_wanted<
    S: Scene,
>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    // They end in another order than that in which they came.
    let batch = ["a", "b", "c", "d"].map(named).to_vec();
    hand.store.enqueue(batch).unwrap();
    let mut held = hand.claim(4);
    held.swap(0, 2);
    let mut ended = Vec::new();
    for claimed in &held {
        scene.advance(seconds(10));
        hand.settle(claimed, success());
        ended.push(hand.store.now().unwrap());
    }
    let mut forget = |before, most| {
        let forgotten = hand.store.forget_completed(before, most).unwrap();
        let left = names(&all(&mut *hand.store)).join(" ");
        (forgotten, left, counts(&mut *hand.store).total())
    };
    assert_eq!(forget(ended[0], 9), (0, "d c b a".into(), 4));
    assert_eq!(forget(ended[3], 1), (1, "d b a".into(), 3));
    assert_eq!(forget(ended[3], 9), (2, "d".into(), 1));
    assert_eq!(forget(ended[3], 9), (0, "d".into(), 1));
    let end_of_time = queuectl_domain::Timestamp(i64::MAX);
    assert_eq!(forget(end_of_time, 9), (1, String::new(), 0));
}

pub(crate) fn only_completed_jobs_are_forgotten_with_all_that_is_known_of_them<S: Scene>() {
    let scene = S::new();
    let mut hand = with_all_states(&scene);
    let attempt = hand.store.attempts(&id("completed")).unwrap();
    let end_of_time = queuectl_domain::Timestamp(i64::MAX);
    assert_eq!(hand.store.forget_completed(end_of_time, 9).unwrap(), 1);
    let left = ["processing", "pending", "dead", "failed"];
    assert_eq!(names(&all(&mut *hand.store)), left);
    assert_eq!(counts(&mut *hand.store).total(), 4);
    assert_eq!(hand.store.output(attempt[0].fence).unwrap(), []);
    // A job of the same name has no past, and nothing is left of the other.
    hand.store.enqueue(vec![named("completed")]).unwrap();
    assert_eq!(hand.store.attempts(&id("completed")).unwrap(), []);
    let checked = hand.store.check().unwrap();
    assert!(
        checked.iter().all(|one| one.findings.is_empty()),
        "{checked:?}"
    );
}

/// A store with a job in each state, named after it.
fn with_all_states<S: Scene>(scene: &S) -> Hand {
    let mut hand = Hand::new(scene, "w");
    for (name, ending) in [("completed", success()), ("failed", failure())] {
        hand.store.enqueue(vec![named(name)]).unwrap();
        hand.run(ending);
    }
    let batch = vec![named("dead"), named("pending")];
    hand.store.enqueue(batch).unwrap();
    hand.store.bury(&id("dead"), None).unwrap();
    hand.store
        .enqueue(vec![crate::hand::With::priority(named("processing"), 9)])
        .unwrap();
    hand.claim_one();
    hand
}
