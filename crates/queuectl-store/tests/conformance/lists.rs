//! Lists: newest first, those that fit, as many as asked for.

use queuectl_domain::State;
use queuectl_store::Query;

use crate::hand::{Hand, With, all, counts, failure, id, in_state, named, names, seconds, success};
use crate::scene::Scene;

pub(crate) fn a_list_is_newest_first_whatever_has_happened_since<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("old").priority(10), named("z")])
        .unwrap();
    scene.advance(seconds(1));
    hand.store.enqueue(vec![named("a"), named("new")]).unwrap();
    hand.run(failure());
    hand.store.bury(&id("z"), None).unwrap();
    assert_eq!(names(&all(&mut *hand.store)), ["new", "a", "z", "old"]);
}

pub(crate) fn a_list_of_one_state_has_only_jobs_in_it<S: Scene>() {
    let scene = S::new();
    let mut hand = one_of_each(&scene);
    let expected = [
        (State::Pending, vec!["pending-2", "pending"]),
        (State::Processing, vec!["processing"]),
        (State::Completed, vec!["completed"]),
        (State::Failed, vec!["failed"]),
        (State::Dead, vec!["dead"]),
    ];
    for (state, expected) in expected {
        let page = in_state(&mut *hand.store, Some(state));
        assert_eq!(names(&page), expected, "{state}");
        assert_eq!(page.total, expected.len() as u64, "{state}");
    }
}

pub(crate) fn a_job_in_a_list_is_the_job_itself<S: Scene>() {
    let scene = S::new();
    let mut hand = one_of_each(&scene);
    for listed in all(&mut *hand.store).jobs {
        assert_eq!(hand.store.job(&listed.spec.id).unwrap(), listed);
    }
}

pub(crate) fn a_list_cut_short_says_how_many_there_are<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let batch = (0..7).map(|number| named(&format!("job-{number}")));
    store.enqueue(batch.collect()).unwrap();
    store.bury(&id("job-6"), None).unwrap();
    let mut list = |state, limit| store.list(&Query { state, limit }).unwrap();

    let page = list(None, 2);
    assert_eq!((names(&page), page.total), (vec!["job-6", "job-5"], 7));
    let page = list(Some(State::Pending), 1);
    assert_eq!((names(&page), page.total), (vec!["job-5"], 6));
    let page = list(Some(State::Dead), 1);
    assert_eq!((names(&page), page.total), (vec!["job-6"], 1));
    let page = list(None, 0);
    assert_eq!((names(&page), page.total), (vec![], 7));
    let page = list(None, usize::MAX);
    assert_eq!((page.jobs.len(), page.total), (7, 7));
    let page = list(Some(State::Failed), 5);
    assert_eq!((names(&page), page.total), (vec![], 0));
}

pub(crate) fn counts_are_what_the_lists_say<S: Scene>() {
    let scene = S::new();
    let mut hand = one_of_each(&scene);
    let seen = counts(&mut *hand.store);
    assert_eq!(State::ALL.map(|state| seen.of(state)), [2, 1, 1, 1, 1]);
    assert_eq!((seen.total(), seen.unfinished()), (6, 4));
    assert_eq!(counts(&mut *scene.open()), seen);
}

/// A store with a job in each state, named after it, and one more that is pending.
fn one_of_each<S: Scene>(scene: &S) -> Hand {
    let mut hand = Hand::new(scene, "w");
    let batch = ["completed", "failed", "processing", "pending", "dead"];
    let batch = batch.iter().map(|name| named(name)).collect();
    hand.store.enqueue(batch).unwrap();
    hand.store.enqueue(vec![named("pending-2")]).unwrap();
    hand.run(success());
    hand.run(failure());
    hand.claim_one();
    hand.store.bury(&id("dead"), None).unwrap();
    hand
}

pub(crate) fn a_store_is_told_from_all_others<S: Scene>() {
    let (one, other) = (S::new(), S::new());
    let identity = one.open().identity().unwrap();
    assert_eq!(one.open().identity().unwrap(), identity);
    assert_ne!(other.open().identity().unwrap(), identity);
}
