//! The life of a handle: what one does the others see, and an error does no harm.

use queuectl_domain::{Key, State, Stream};
use queuectl_store::{Clear, Selection, Store};

use crate::hand::With as _;
use crate::hand::{
    Hand, a_worker, all, chunk, counts, failure, id, ids, named, seconds, settled, success, unnamed,
};
use crate::scene::Scene;

pub(crate) fn a_store_that_is_opened_again_has_everything<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let batch = vec![named("a").priority(9), named("b"), named("c")];
    hand.store.enqueue(batch).unwrap();
    let claimed = hand.claim_one();
    let printed = vec![chunk(0, Stream::Stderr, "out")];
    let done = settled(&claimed, failure(), printed);
    hand.turn(1, &[done], &[], &[]).unwrap();
    hand.store.bury(&id("c"), None).unwrap();
    hand.store.set(Key::Priority, "7").unwrap();
    let fence = claimed.ticket.fence;
    let seen = everything(&mut *hand.store, fence);
    drop(hand);
    assert_eq!(everything(&mut *scene.open(), fence), seen);
}

/// All that a store knows, as text.
fn everything(store: &mut dyn Store, fence: queuectl_domain::Fence) -> String {
    let page = all(store);
    let attempts = ["a", "b", "c"].map(|name| store.attempts(&id(name)).unwrap());
    let output = store.output(fence).unwrap();
    let counts = counts(store);
    let settings = store.settings().unwrap();
    let workers = store.workers().unwrap();
    format!("{page:#?}{attempts:#?}{output:?}{counts:?}{settings:#?}{workers:#?}")
}

pub(crate) fn what_one_handle_does_the_others_see_at_once<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let mut other = scene.open();
    other.enqueue(vec![named("a")]).unwrap();
    let claimed = hand.claim_one();
    assert_eq!(other.job(&id("a")).unwrap().life.state, State::Processing);
    hand.settle(&claimed, success());
    assert_eq!(other.job(&id("a")).unwrap().life.state, State::Completed);
    other.remove(&id("a")).unwrap();
    assert!(hand.store.job(&id("a")).is_err());
}

pub(crate) fn the_time_of_a_store_goes_by_its_clock<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let before = store.now().unwrap();
    scene.advance(seconds(90));
    assert_eq!(store.now().unwrap(), before.after(seconds(90)));
    assert_eq!(scene.open().now().unwrap(), before.after(seconds(90)));
}

pub(crate) fn results_are_safe_once_they_are_synced<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.sync().unwrap();
    hand.store.enqueue(vec![named("a")]).unwrap();
    hand.run(success());
    hand.store.sync().unwrap();
    assert!(!hand.ask().unsynced, "there is nothing left to sync");
    hand.store.sync().unwrap();
}

pub(crate) fn a_handle_is_as_good_as_new_after_an_error<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a")]).unwrap();
    let held = hand.claim_one();
    let store = &mut hand.store;
    let gone = id("gone");
    let nobody = a_worker("nobody").id;
    let turn = queuectl_store::Turn {
        free: 1,
        ..queuectl_store::Turn::of(&nobody)
    };
    assert!(store.enqueue(vec![unnamed(), named("a")]).is_err());
    store.enqueue(vec![named("b")]).unwrap();
    assert!(store.job(&gone).is_err());
    assert!(store.attempts(&gone).is_err());
    assert!(store.turn(&turn).is_err());
    store.enqueue(vec![named("c")]).unwrap();
    let which = Selection::Jobs(ids(&["b", "gone"]));
    assert!(store.retry(&which, None).is_err());
    assert!(store.bury(&gone, None).is_err());
    assert!(store.remove(&id("a")).is_err());
    assert!(store.clear(Clear::All { force: false }).is_err());
    assert!(store.set(Key::Timeout, "never").is_err());

    // Nothing of that has left a lock or half a change behind.
    scene.open().enqueue(vec![named("d")]).unwrap();
    assert_eq!(hand.settle(&held, success()).lost, []);
    assert_eq!(hand.claim(9).len(), 3);
    let counts = counts(&mut *hand.store);
    assert_eq!((counts.of(State::Processing), counts.total()), (3, 4));
}
