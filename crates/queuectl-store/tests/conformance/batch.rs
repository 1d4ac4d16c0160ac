//! Batches: many jobs at once, those that are there passed over, and the whole taken back.

use queuectl_domain::{Ending, JobId};
use queuectl_store::{Batch, Existing, Store, StoreError};

use crate::hand::With as _;
use crate::hand::{
    Hand, all, claimed_names, counts, failure, id, ids, named, names, seconds, success, unnamed,
};
use crate::scene::Scene;

pub(crate) fn jobs_whose_ids_are_taken_are_passed_over_if_that_is_meant<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![named("b").priority(9)]).unwrap();
    let before = store.job(&id("b")).unwrap();
    let batch = vec![named("a"), named("b"), unnamed(), named("a").priority(1)];
    let batch = store.enqueue_batch(batch, Existing::Skipped).unwrap();

    let [a, made] = &batch.ids[..] else {
        panic!("{batch:?}")
    };
    assert_eq!(a, &id("a"));
    assert_eq!(names(&all(&mut *store)), [made.as_str(), "a", "b"]);
    assert_eq!(store.job(&id("b")).unwrap(), before);
    assert_eq!(store.job(a).unwrap().spec.rules, named("a").rules);
    assert_eq!(counts(&mut *store).total(), 3);
}

pub(crate) fn a_batch_with_an_id_that_is_taken_is_refused_if_that_is_meant<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![named("b")]).unwrap();
    let batch = vec![named("a"), named("b")];
    let error = store.enqueue_batch(batch, Existing::Refused).unwrap_err();
    assert!(matches!(error, StoreError::JobExists(taken) if taken == id("b")));
    assert_eq!(names(&all(&mut *store)), ["b"]);
}

pub(crate) fn a_batch_of_none_but_taken_ids_adds_nothing<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    add(&mut *store, &["a"]);
    assert_eq!(add(&mut *store, &["a", "a"]).ids, []);
    assert_eq!(add(&mut *store, &[]).ids, []);
    assert_eq!(counts(&mut *store).total(), 1);
}

pub(crate) fn a_batch_that_is_taken_back_is_gone_and_no_other_job_with_it<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    add(&mut *hand.store, &["before"]);
    let batch = vec![named("a"), named("before"), unnamed(), named("b")];
    let batch = hand.store.enqueue_batch(batch, Existing::Skipped).unwrap();
    add(&mut *hand.store, &["after"]);
    let withdrawn = scene.open().withdraw(batch.numbers.clone()).unwrap();
    assert_eq!(withdrawn, 3);
    assert_eq!(names(&all(&mut *hand.store)), ["after", "before"]);
    assert_eq!(counts(&mut *hand.store).total(), 2);

    assert_eq!(hand.store.withdraw(batch.numbers).unwrap(), 0);
    let a = add(&mut *hand.store, &["a"]);
    assert_eq!(a.ids, ids(&["a"]));
    assert_eq!(claimed_names(&hand.claim(9)), ["before", "after", "a"]);
}

pub(crate) fn a_batch_of_nothing_takes_nothing_back<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    add(&mut *store, &["a"]);
    let nothing = [add(&mut *store, &[]), add(&mut *store, &["a"])];
    add(&mut *store, &["b"]);
    for batch in nothing {
        assert_eq!(store.withdraw(batch.numbers).unwrap(), 0);
    }
    assert_eq!(counts(&mut *store).total(), 2);
}

pub(crate) fn what_somebody_has_begun_to_run_is_not_taken_back<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let order = ["completed", "failed", "given-back", "processing"];
    let batch = add(&mut *hand.store, &order);
    let rest = add(&mut *hand.store, &["waiting"]);
    hand.run(success());
    hand.run(failure());
    hand.run(Ending::stopped(seconds(1)));
    let held = hand.claim(2);
    assert_eq!(claimed_names(&held), ["given-back", "processing"]);
    hand.settle(&held[0], Ending::stopped(seconds(1)));
    let numbers = *batch.numbers.start()..=*rest.numbers.end();
    assert_eq!(hand.store.withdraw(numbers).unwrap(), 1);
    let left = ["processing", "given-back", "failed", "completed"];
    assert_eq!(names(&all(&mut *hand.store)), left);
    assert_eq!(counts(&mut *hand.store).total(), 4);
    assert_eq!(hand.settle(&held[1], success()).lost, []);
}

pub(crate) fn a_store_says_which_ids_are_taken_in_the_order_given<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    add(&mut *hand.store, &["a", "b", "c"]);
    hand.run(success());
    hand.store.remove(&id("b")).unwrap();
    let asked = ids(&["d", "c", "A", "b", "a"]);
    let taken = scene.open().taken(&asked).unwrap();
    assert_eq!(taken, ids(&["c", "a"]));
    assert_eq!(hand.store.taken(&[]).unwrap(), []);
    let many: Vec<_> = (0..3_000).map(JobId::generated).collect();
    assert_eq!(hand.store.taken(&many).unwrap(), []);
}

fn add(store: &mut dyn Store, names: &[&str]) -> Batch {
    let jobs = names.iter().map(|name| named(name)).collect();
    store.enqueue_batch(jobs, Existing::Skipped).unwrap()
}
