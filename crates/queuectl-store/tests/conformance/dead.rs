//! The dead letter queue: in by hand, out by hand, all or none.

use queuectl_domain::{State, Timeout, TransitionError};
use queuectl_store::{ErrorKind, Selection, Store, StoreError};

use crate::hand::With as _;
use crate::hand::{Hand, all, counts, failure, id, ids, named, seconds, success};
use crate::scene::Scene;

pub(crate) fn a_retried_job_starts_anew<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a").max_retries(1)]).unwrap();
    hand.run(failure());
    scene.advance(seconds(5));
    let which = Selection::Jobs(ids(&["a"]));
    assert_eq!(hand.store.retry(&which, None).unwrap(), ids(&["a"]));
    let job = hand.store.job(&id("a")).unwrap();
    assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
    assert_eq!(job.life.last_error, None);
    assert_eq!(job.spec.rules, named("a").max_retries(1).rules);
    assert_eq!(job.life.ready_at, hand.store.now().unwrap());
    assert_eq!(hand.claim_one().job.life.attempts, 1);
}

pub(crate) fn a_retry_can_give_a_new_timeout<S: Scene>() {
    let scene = S::new();
    let mut store = with_dead(&scene, &["a"]);
    let timeout = Timeout::from(seconds(99));
    store.retry(&Selection::AllDead, Some(timeout)).unwrap();
    assert_eq!(store.job(&id("a")).unwrap().spec.rules.timeout, timeout);
}

pub(crate) fn several_are_retried_in_the_order_given<S: Scene>() {
    let scene = S::new();
    let mut store = with_dead(&scene, &["a", "b", "c"]);
    let which = ids(&["c", "a"]);
    let retried = store.retry(&Selection::Jobs(which.clone()), None).unwrap();
    assert_eq!(retried, which);
    let counts = counts(&mut *store);
    assert_eq!((counts.of(State::Pending), counts.of(State::Dead)), (2, 1));
}

pub(crate) fn all_dead_are_retried_in_the_order_of_creation<S: Scene>() {
    let scene = S::new();
    let mut store = with_dead(&scene, &["c", "a", "b"]);
    store.enqueue(vec![named("alive")]).unwrap();
    let retried = store.retry(&Selection::AllDead, None).unwrap();
    assert_eq!(retried, ids(&["c", "a", "b"]));
    assert_eq!(counts(&mut *store).of(State::Pending), 4);
    assert_eq!(store.retry(&Selection::AllDead, None).unwrap(), []);
}

pub(crate) fn one_that_is_missing_fails_the_whole_retry<S: Scene>() {
    let scene = S::new();
    let mut store = with_dead(&scene, &["a", "b"]);
    let seen = all(&mut *store);
    let which = Selection::Jobs(ids(&["a", "gone", "b"]));
    let error = store.retry(&which, None).unwrap_err();
    assert!(matches!(error, StoreError::NoSuchJob(gone) if gone == id("gone")));
    assert_eq!(all(&mut *store), seen);
    assert_eq!(counts(&mut *store).of(State::Dead), 2);
}

pub(crate) fn one_that_is_not_dead_fails_the_whole_retry<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    for (name, ending) in [("completed", success()), ("failed", failure())] {
        hand.store.enqueue(vec![named(name)]).unwrap();
        hand.run(ending);
    }
    hand.store.enqueue(vec![named("processing")]).unwrap();
    hand.claim_one();
    hand.store
        .enqueue(vec![named("pending"), named("dead")])
        .unwrap();
    hand.store.bury(&id("dead"), None).unwrap();
    let seen = all(&mut *hand.store);
    for state in ["pending", "processing", "completed", "failed"] {
        let which = Selection::Jobs(ids(&["dead", state]));
        let error = hand.store.retry(&which, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_wrong_state(&error, state);
        assert_eq!(all(&mut *hand.store), seen);
    }
}

pub(crate) fn a_buried_job_is_dead_and_says_why<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("failed")]).unwrap();
    hand.run(failure());
    hand.store.enqueue(vec![named("pending")]).unwrap();
    let reason = "poison \u{2620}\n\0for 'mail'".to_owned();
    hand.store
        .bury(&id("failed"), Some(reason.clone()))
        .unwrap();
    hand.store.bury(&id("pending"), None).unwrap();

    let failed = hand.store.job(&id("failed")).unwrap();
    assert_eq!((failed.life.state, failed.life.attempts), (State::Dead, 1));
    assert_eq!(failed.life.last_error, Some(reason));
    let pending = hand.store.job(&id("pending")).unwrap();
    assert_eq!(pending.life.state, State::Dead);
    let by_hand = Some("Put into the DLQ by hand");
    assert_eq!(pending.life.last_error.as_deref(), by_hand);
    scene.advance(seconds(1_000));
    assert_eq!(hand.claim(2), []);
    assert_eq!(counts(&mut *hand.store).of(State::Dead), 2);
}

pub(crate) fn only_a_waiting_job_can_be_buried<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("completed")]).unwrap();
    hand.run(success());
    let batch = vec![named("processing"), named("dead")];
    hand.store.enqueue(batch).unwrap();
    hand.store.bury(&id("dead"), None).unwrap();
    hand.claim_one();
    let seen = all(&mut *hand.store);
    for state in ["completed", "processing", "dead"] {
        let error = hand.store.bury(&id(state), None).unwrap_err();
        assert_wrong_state(&error, state);
        assert_eq!(all(&mut *hand.store), seen);
    }
}

fn assert_wrong_state(error: &StoreError, named_after_state: &str) {
    let StoreError::Refused {
        id,
        refusal: TransitionError::WrongState { state, .. },
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(id.as_str(), named_after_state);
    assert_eq!(state.as_str(), named_after_state);
}

/// A store in which jobs of these names are dead, created in this order.
fn with_dead<S: Scene>(scene: &S, names: &[&str]) -> Box<dyn Store> {
    let mut store = scene.open();
    for name in names {
        store.enqueue(vec![named(name)]).unwrap();
    }
    for name in names.iter().rev() {
        store.bury(&id(name), None).unwrap();
    }
    store
}
