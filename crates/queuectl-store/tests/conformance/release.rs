//! Claims that are given back, because nobody has begun to run their jobs.

use queuectl_domain::{Ending, Fence, State};

use crate::hand::{Hand, all, claimed_names, counts, id, named, seconds, success};
use crate::scene::Scene;

pub(crate) fn a_released_job_waits_as_if_nobody_had_claimed_it<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a")]).unwrap();
    let held = hand.claim_one();
    scene.advance(seconds(3));
    let reply = hand.release(&[held.ticket]);
    assert_eq!((reply.lost, reply.more), (vec![], true));
    let job = hand.store.job(&id("a")).unwrap();
    assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
    assert_eq!(
        (job.life.crashes, job.life.started_at, job.life.claim),
        (0, None, None)
    );
    assert_eq!(hand.store.attempts(&id("a")).unwrap(), []);
    assert_eq!(counts(&mut *hand.store).of(State::Pending), 1);
}

pub(crate) fn a_released_job_is_claimed_again_in_its_old_place<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let batch = ["a", "b", "c"].map(named).to_vec();
    hand.store.enqueue(batch).unwrap();
    let held = hand.claim(2);
    hand.release(&[held[1].ticket, held[0].ticket]);
    let again = hand.claim(3);
    assert_eq!(claimed_names(&again), ["a", "b", "c"]);
    let newest = held[1].ticket.fence;
    assert!(again.iter().all(|claimed| claimed.ticket.fence > newest));
}

pub(crate) fn who_has_lost_a_claim_releases_nothing<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a"), named("b")]).unwrap();
    let old = hand.claim_one().ticket;
    hand.release(&[old]);
    let held = hand.claim(2);
    hand.settle(&held[1], success());
    let seen = all(&mut *hand.store);
    let settled = held[1].ticket;
    let reply = hand.release(&[old, settled]);
    let lost = [old, settled].map(|ticket| ticket.fence);
    assert_eq!(reply.lost, lost);
    assert_eq!(all(&mut *hand.store), seen);
}

pub(crate) fn what_a_dead_worker_had_not_begun_is_only_released<S: Scene>() {
    let scene = S::new();
    let mut dead = Hand::new(&scene, "dead");
    let batch = ["begun", "unbegun"].map(named).to_vec();
    dead.store.enqueue(batch).unwrap();
    let held = dead.claim(2);
    scene.advance(seconds(2));
    let mut store = scene.open();
    let begun = [held[0].ticket.fence, Fence(i64::MAX)];
    let rescued = store.rescue(&dead.id, Some(&begun)).unwrap();
    assert_eq!(rescued.len(), 2);
    let crashes = |name| {
        let job = store.job(&id(name)).unwrap();
        assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
        job.life.crashes
    };
    assert_eq!(["begun", "unbegun"].map(crashes), [1, 0]);
    let [attempt] = &store.attempts(&id("begun")).unwrap()[..] else {
        panic!("it was begun once")
    };
    let ending = attempt.ended.as_ref().map(|(_, ending)| ending);
    assert_eq!(ending, Some(&Ending::crashed(seconds(2))));
    assert_eq!(store.attempts(&id("unbegun")).unwrap(), []);
}
