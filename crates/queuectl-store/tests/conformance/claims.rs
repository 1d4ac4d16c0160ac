//! Claims: every job has one worker at most, and the worker can prove it.

use std::collections::HashSet;
use std::thread;

use queuectl_domain::{Claim, Fence, State};
use queuectl_store::{Clear, ErrorKind, StoreError};

use crate::hand::{
    Hand, a_worker, claimed_names, counts, failure, id, named, seconds, settled, success, unnamed,
};
use crate::scene::Scene;

pub(crate) fn a_claimed_job_is_processed_by_its_worker_from_now_on<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("one")]).unwrap();
    scene.advance(seconds(7));
    let claimed = hand.claim_one();

    let mut other = scene.open();
    let job = other.job(&id("one")).unwrap();
    assert_eq!(job, claimed.job);
    assert_eq!((job.life.state, job.life.attempts), (State::Processing, 1));
    assert_eq!(job.life.started_at, Some(other.now().unwrap()));
    assert_eq!(job.life.last_worker.as_ref(), Some(&hand.id));
    let claim = Claim {
        worker: hand.id,
        fence: claimed.ticket.fence,
    };
    assert_eq!(job.life.claim, Some(claim));
}

pub(crate) fn an_attempt_is_seen_while_it_runs<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("one")]).unwrap();
    let claimed = hand.claim_one();
    let attempts = scene.open().attempts(&id("one")).unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].fence, claimed.ticket.fence);
    assert_eq!((attempts[0].attempt, &attempts[0].worker), (1, &hand.id));
    assert_eq!(Some(attempts[0].started_at), claimed.job.life.started_at);
    assert_eq!(attempts[0].ended, None);
}

pub(crate) fn a_worker_gets_no_more_than_it_has_room_for<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![unnamed(); 5]).unwrap();
    assert_eq!(hand.claim(0), []);
    assert_eq!(hand.claim(2).len(), 2);
    assert_eq!(hand.claim(usize::MAX).len(), 3);
    assert_eq!(hand.claim(usize::MAX), []);
}

pub(crate) fn a_worker_hears_whether_there_is_more<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    assert!(!hand.ask().more);
    hand.store.enqueue(vec![unnamed(); 3]).unwrap();
    assert!(hand.ask().more);
    assert!(hand.turn(2, &[], &[], &[]).unwrap().more);
    assert!(!hand.turn(1, &[], &[], &[]).unwrap().more);
}

pub(crate) fn a_retry_that_is_due_counts_as_more<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![unnamed()]).unwrap();
    hand.run(failure());
    assert!(!hand.ask().more);
    scene.advance(seconds(2));
    assert!(hand.ask().more);
}

pub(crate) fn a_worker_hears_how_many_jobs_have_yet_to_run<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let mut other = Hand::new(&scene, "other");
    let batch = ["completed", "failed", "running", "dead", "pending"];
    let batch = batch.iter().map(|name| named(name)).collect();
    hand.store.enqueue(batch).unwrap();
    hand.run(success());
    hand.run(failure());
    other.claim_one();
    hand.store.bury(&id("dead"), None).unwrap();
    assert_eq!(hand.ask().unfinished, 3);
    assert_eq!(hand.turn(1, &[], &[], &[]).unwrap().unfinished, 3);
}

pub(crate) fn two_workers_never_get_the_same_job<S: Scene>() {
    let scene = S::new();
    let mut one = Hand::new(&scene, "one");
    let mut two = Hand::new(&scene, "two");
    one.store.enqueue(vec![named("a"), named("b")]).unwrap();
    assert_eq!(claimed_names(&one.claim(1)), ["a"]);
    assert_eq!(claimed_names(&two.claim(9)), ["b"]);
    assert_eq!(one.claim(9), []);
}

pub(crate) fn many_workers_at_once_run_every_job_exactly_once<S: Scene>() {
    const JOBS: usize = 240;
    let scene = S::new();
    let mut store = scene.open();
    let workers: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| Hand::new(&scene, name))
        .into();
    let enqueuer = {
        let mut store = scene.open();
        thread::spawn(move || {
            for _ in 0..JOBS / 4 {
                store.enqueue(vec![unnamed(); 4]).unwrap();
            }
        })
    };
    let running: Vec<_> = workers
        .into_iter()
        .map(|hand| thread::spawn(move || work_until_idle(hand, JOBS as u64)))
        .collect();
    enqueuer.join().unwrap();
    let mut jobs = HashSet::new();
    let mut fences = HashSet::new();
    for worker in running {
        for (job, fence) in worker.join().unwrap() {
            assert!(fences.insert(fence), "fence {fence} was given twice");
            assert!(jobs.insert(job.clone()), "job {job} was run twice");
        }
    }
    assert_eq!(jobs.len(), JOBS);
    assert_eq!(counts(&mut *store).of(State::Completed), JOBS as u64);
}

/// Claims and completes jobs, three at a time, until that many are completed by all together.
fn work_until_idle(mut hand: Hand, jobs: u64) -> Vec<(queuectl_domain::JobId, Fence)> {
    let mut ran = Vec::new();
    let mut done = Vec::new();
    loop {
        let reply = hand.turn(3, &done, &[], &[]).unwrap();
        assert_eq!(reply.lost, []);
        assert!(reply.claimed.len() <= 3);
        done = Vec::new();
        for claimed in reply.claimed {
            done.push(settled(&claimed, success(), vec![]));
            ran.push((claimed.job.spec.id.clone(), claimed.ticket.fence));
        }
        let finished = done.is_empty() && reply.unfinished == 0;
        if finished && hand.store.counts().unwrap().of(State::Completed) == jobs {
            return ran;
        }
    }
}

pub(crate) fn every_claim_has_a_larger_fence_than_all_before<S: Scene>() {
    let scene = S::new();
    let mut one = Hand::new(&scene, "one");
    let mut two = Hand::new(&scene, "two");
    let mut last = Fence(i64::MIN);
    for round in 0..6 {
        one.store.enqueue(vec![unnamed(); 2]).unwrap();
        for hand in [&mut one, &mut two] {
            let claimed = hand.run(failure());
            assert!(claimed.ticket.fence > last, "in round {round}");
            last = claimed.ticket.fence;
        }
        scene.advance(seconds(1));
        if round == 3 {
            one.store.clear(Clear::All { force: true }).unwrap();
        }
    }
}

pub(crate) fn fences_grow_even_if_all_are_gone_and_the_store_is_opened_anew<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![unnamed()]).unwrap();
    let before = hand.claim_one().ticket.fence;
    hand.store.clear(Clear::All { force: true }).unwrap();
    hand.store.unregister(&hand.id).unwrap();
    drop(hand);
    let mut hand = Hand::new(&scene, "w2");
    hand.store.enqueue(vec![unnamed()]).unwrap();
    assert!(hand.claim_one().ticket.fence > before);
}

pub(crate) fn a_claim_is_checked_for_who_asks<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a"), named("b")]).unwrap();
    let [a, b] = [hand.claim_one(), hand.claim_one()];
    let held = [a.ticket, b.ticket];
    assert_eq!(hand.turn(0, &[], &[], &held).unwrap().lost, []);
    hand.settle(&a, success());
    let reply = hand.turn(0, &[], &[], &held).unwrap();
    assert_eq!(reply.lost, [a.ticket.fence]);
    hand.store.clear(Clear::All { force: true }).unwrap();
    let mut lost = hand.turn(0, &[], &[], &held).unwrap().lost;
    lost.sort();
    assert_eq!(lost, [a.ticket.fence, b.ticket.fence]);
}

pub(crate) fn a_turn_takes_results_and_gives_jobs_at_once<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a"), named("b")]).unwrap();
    let a = hand.claim_one();
    let done = [settled(&a, success(), vec![])];
    let reply = hand.turn(1, &done, &[], &[]).unwrap();
    assert_eq!(claimed_names(&reply.claimed), ["b"]);
    assert_eq!(reply.unfinished, 1);
    assert_eq!(
        hand.store.job(&id("a")).unwrap().life.state,
        State::Completed
    );
}

pub(crate) fn a_worker_that_is_not_known_gets_nothing<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![unnamed()]).unwrap();
    let id = a_worker("nobody").id;
    let mut nobody = Hand { store, id };
    let error = nobody.turn(1, &[], &[], &[]).unwrap_err();
    assert!(matches!(&error, StoreError::NoSuchWorker(id) if *id == nobody.id));
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(counts(&mut *nobody.store).of(State::Pending), 1);
}
