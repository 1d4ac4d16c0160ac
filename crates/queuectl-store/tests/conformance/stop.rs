//! Runs that a user wants ended: their workers hear it, and the jobs don't run again by themselves.

use queuectl_domain::{Ending, State, Stream};
use queuectl_store::{Claimed, StoreError};

use crate::hand::{Hand, chunk, counts, failure, id, named, seconds, settled, success};
use crate::scene::Scene;

pub(crate) fn who_runs_a_job_hears_that_its_run_is_to_end<S: Scene>() {
    let scene = S::new();
    let (mut hand, held) = holding(&scene, &["a", "b"]);
    let tickets = [held[0].ticket, held[1].ticket];
    let reply = hand.turn(0, &[], &[], &tickets).unwrap();
    assert_eq!(reply.to_end, []);
    let mut store = scene.open();
    let fence = store.stop_job(&id("b"), None).unwrap();
    assert_eq!(fence, held[1].ticket.fence);
    for _ in 0..2 {
        let reply = hand.turn(0, &[], &[], &tickets).unwrap();
        assert_eq!((reply.to_end, reply.lost), (vec![fence], vec![]));
    }
    assert_eq!(store.job(&id("b")).unwrap().life.state, State::Processing);
    // It hears it in a turn that changes something, too.
    let done = settled(&held[0], success(), vec![]);
    let reply = hand.turn(0, &[done], &[], &tickets[1..]).unwrap();
    assert_eq!(reply.to_end, [fence]);
}

pub(crate) fn a_stopped_job_is_dead_when_its_run_has_ended<S: Scene>() {
    let scene = S::new();
    let (mut hand, held) = holding(&scene, &["a"]);
    let mut store = scene.open();
    let reason = Some("it ran away".to_owned());
    store.stop_job(&id("a"), reason.clone()).unwrap();
    scene.advance(seconds(2));
    let ending = Ending::stopped(seconds(2));
    let last = vec![chunk(0, Stream::Stdout, "goodbye")];
    let done = settled(&held[0], ending.clone(), last.clone());
    assert_eq!(hand.turn(1, &[done], &[], &[]).unwrap().claimed, []);

    let job = store.job(&id("a")).unwrap();
    assert_eq!((job.life.state, job.life.attempts), (State::Dead, 0));
    assert_eq!((&job.life.last_error, &job.life.stop), (&reason, &None));
    let attempts = store.attempts(&id("a")).unwrap();
    let now = store.now().unwrap();
    assert_eq!(attempts[0].ended, Some((now, ending)));
    assert_eq!(store.output(held[0].ticket.fence).unwrap(), last);
    assert_eq!(counts(&mut *store).of(State::Dead), 1);
}

pub(crate) fn a_run_that_ends_by_itself_before_it_is_stopped_counts<S: Scene>() {
    let scene = S::new();
    let (mut hand, held) = holding(&scene, &["good", "bad"]);
    let mut store = scene.open();
    for name in ["good", "bad"] {
        store.stop_job(&id(name), Some("enough".into())).unwrap();
    }
    hand.settle(&held[0], success());
    hand.settle(&held[1], failure());
    let good = store.job(&id("good")).unwrap();
    assert_eq!(
        (good.life.state, good.life.last_error),
        (State::Completed, None)
    );
    let bad = store.job(&id("bad")).unwrap();
    assert_eq!((bad.life.state, bad.life.attempts), (State::Dead, 1));
    assert_eq!(bad.life.last_error.as_deref(), Some("enough"));
}

pub(crate) fn a_stopped_job_is_dead_when_its_worker_has_gone<S: Scene>() {
    for gone in 0..3 {
        let scene = S::new();
        let (mut hand, held) = holding(&scene, &["a"]);
        let mut store = scene.open();
        store.stop_job(&id("a"), None).unwrap();
        match gone {
            0 => store.unregister(&hand.id).unwrap(),
            1 => _ = store.rescue(&hand.id, None).unwrap(),
            _ => _ = hand.release(&[held[0].ticket]),
        }
        let job = store.job(&id("a")).unwrap();
        assert_eq!(
            (job.life.state, job.life.crashes),
            (State::Dead, u32::from(gone == 1))
        );
        assert_eq!(job.life.last_error.as_deref(), Some("Stopped by hand"));
        assert_eq!(counts(&mut *store).of(State::Dead), 1);
    }
}

pub(crate) fn a_stopped_job_can_be_retried_and_runs_as_any_other<S: Scene>() {
    let scene = S::new();
    let (mut hand, held) = holding(&scene, &["a"]);
    let mut store = scene.open();
    store.stop_job(&id("a"), None).unwrap();
    hand.settle(&held[0], Ending::stopped(seconds(1)));
    let which = queuectl_store::Selection::Jobs(vec![id("a")]);
    store.retry(&which, None).unwrap();
    let again = hand.claim_one();
    let reply = hand.turn(0, &[], &[], &[again.ticket]).unwrap();
    assert_eq!((reply.to_end, reply.lost), (vec![], vec![]));
    hand.settle(&again, failure());
    assert_eq!(store.job(&id("a")).unwrap().life.state, State::Failed);
}

pub(crate) fn only_a_job_that_is_processed_can_be_stopped<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a")]).unwrap();
    for ending in [None, Some(failure()), Some(success())] {
        if let Some(ending) = ending {
            scene.advance(seconds(60));
            hand.run(ending);
        }
        let before = hand.store.job(&id("a")).unwrap();
        let error = hand.store.stop_job(&id("a"), None).unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        assert_eq!(hand.store.job(&id("a")).unwrap(), before);
    }
    let error = hand.store.stop_job(&id("nothing"), None).unwrap_err();
    assert!(matches!(error, StoreError::NoSuchJob(_)));
}

/// A worker that holds new jobs of these names.
fn holding<S: Scene>(scene: &S, names: &[&str]) -> (Hand, Vec<Claimed>) {
    let mut hand = Hand::new(scene, "holder");
    let batch = names.iter().map(|name| named(name)).collect();
    hand.store.enqueue(batch).unwrap();
    let held = hand.claim(names.len());
    assert_eq!(held.len(), names.len());
    (hand, held)
}
