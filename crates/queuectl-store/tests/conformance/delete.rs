//! Deleting: what is gone is gone whole, and what is being processed stays unless forced.

use queuectl_domain::{State, TransitionError};
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
    assert_eq!((job.attempts, job.last_error), (0, None));
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
        id: id("processing"),
        state: State::Processing,
        verb: "removed",
    };
    assert!(matches!(&error, StoreError::Transition(error) if *error == wrong_state));
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
